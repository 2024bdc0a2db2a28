//! The arguments as they are meant.

mod check;
mod delivery;
mod selection;
mod fuzz;
mod replay;
mod send;

use std::error::Error;

pub(crate) use check::{Check, Output};
pub(crate) use delivery::Delivery;
pub(crate) use fuzz::Fuzz;
pub(crate) use replay::Replay;
pub(crate) use selection::selection;
pub(crate) use send::Send;

type Result<T> = std::result::Result<T, Box<dyn Error>>;
