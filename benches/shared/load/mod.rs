//! Servers as processes of their own on loopback, what loads them, and what that costs them.
//!
//! Everything is read from `/proc`, so it runs on Linux alone; elsewhere it compiles, and says what it lacks.
#![allow(dead_code, reason = "each target uses another part")]

pub(crate) mod arguments;
pub(crate) mod cores;
pub(crate) mod server;
pub(crate) mod served;
pub(crate) mod whole_call;
pub(crate) mod counted;
pub(crate) mod peers;
pub(crate) mod wire;
pub(crate) mod client;
pub(crate) mod usage;
pub(crate) mod quiet;
pub(crate) mod statistics;
