//! The arguments as they are meant.

mod check;
mod deactivate;
mod delivery;
mod selection;
mod fuzz;
mod replay;
mod known;
mod output;
mod receiver;
mod send;

use std::error::Error;

pub(crate) use check::Check;
pub(crate) use deactivate::Deactivate;
pub(crate) use delivery::Delivery;
pub(crate) use fuzz::Fuzz;
pub(crate) use output::Output;
pub(crate) use receiver::Receiver;
pub(crate) use replay::Replay;
pub(crate) use selection::selection;
pub(crate) use send::Send;

type Result<T> = std::result::Result<T, Box<dyn Error>>;
