//! Inputs that nobody has written down.

mod dice;
mod json;
mod template;
mod odd;
mod table;
mod edit;
mod damage;
mod plan;
mod input;
mod shrink;
mod strategy;

pub use input::{Class, Input};
pub use strategy::{InputTree, Inputs, event, hostile, input};
