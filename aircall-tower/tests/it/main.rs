//! The promises of the layer, each seen from outside.

mod support;

mod limit;
mod envelope;
mod token;
mod extension;
mod handler;
mod acknowledgement;

mod properties;
mod sockets;
mod observing;
mod examples;
