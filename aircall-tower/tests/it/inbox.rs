//! The inbox: acknowledged means durable, and what is durable is handled.

mod scripted;

mod contract;
mod road;
mod spill;
mod sqlite;
mod worker;
#[cfg(target_os = "linux")]
mod proof;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "amqp")]
mod amqp;
