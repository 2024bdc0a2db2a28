//! The inbox: acknowledged means durable, and what is durable is handled.

mod contract;
#[cfg(feature = "postgres")]
mod postgres;
