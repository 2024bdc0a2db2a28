//! The judge against receivers: of ours that break one thing, over sockets that do what no library would, of other makes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod receivers;
#[path = "../../examples/receiver/app.rs"]
mod good;

mod wire;
mod catalogue;
mod findings;
mod harm;
mod crowded;
mod canned;
mod collector;
mod manners;
mod service;
mod inbox;
mod layer;
mod tls;
mod report;
mod report_files;
mod browser;
mod cli;
mod selection;
mod launch;
mod makes;
mod fuzz;
mod policy;
mod rehearsal;
