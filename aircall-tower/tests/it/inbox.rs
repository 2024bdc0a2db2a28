//! The inbox: acknowledged means durable, and what is durable is handled.

mod contract;
#[cfg(target_os = "linux")]
mod proof;
