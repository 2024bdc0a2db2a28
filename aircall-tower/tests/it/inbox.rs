//! The inbox: acknowledged means durable, and what is durable is handled.

#[cfg(feature = "amqp")]
mod amqp;
mod contract;
