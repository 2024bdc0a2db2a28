//! The promises of the layer, each seen from outside.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

mod limit;
mod envelope;
mod token;
mod extension;
mod handler;
mod inbox;
mod readiness;
mod acknowledgement;

mod payload;
mod payload_properties;
mod payload_snapshots;
#[cfg(feature = "schema")]
mod payload_schema;

mod properties;
mod sockets;
mod observing;
mod examples;
