//! What benches, counts and tests have in common: the inputs, and the receivers that stand side by side.
//!
//! The package has no library, so that nothing is built with its features but what measures. Each target takes this in
//! with `#[path]`, and none uses all of it.
#![allow(dead_code, reason = "each target uses another part")]

pub(crate) mod inputs;
pub(crate) mod receivers;
pub(crate) mod record;
