//! Why a body is no envelope.

use std::fmt;

/// Why a body could not be read as an Aircall envelope.
///
/// It names the place or the field, and never contains a value out of the body: that might be the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvelopeError(pub(crate) Defect);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Defect {
    Empty,
    NotUtf8 { at: usize },
    NotJson { line: usize, column: usize },
    EndsEarly { bytes: usize },
    NotAnObject,
    TooDeep,
    Missing(&'static str),
    Repeated(&'static str),
    WrongType { field: &'static str, expected: &'static str },
}

impl EnvelopeError {
    /// Returns true if there are no members to speak of, among them a token.
    pub(crate) fn is_no_object(&self) -> bool {
        !matches!(self.0, Defect::Missing(_) | Defect::Repeated(_) | Defect::WrongType { .. })
    }
}

impl From<Defect> for EnvelopeError {
    fn from(defect: Defect) -> Self {
        Self(defect)
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Defect::Empty => f.write_str("the body is empty, expected a JSON object"),
            Defect::NotUtf8 { at } => write!(f, "the body is not UTF-8 at byte {at}"),
            Defect::NotJson { line, column } => {
                write!(f, "the body is not JSON at line {line} column {column}")
            }
            Defect::EndsEarly { bytes } => {
                write!(f, "the body ends after {bytes} bytes in the middle of its JSON")
            }
            Defect::NotAnObject => f.write_str("the body is not a JSON object"),
            Defect::TooDeep => {
                write!(f, "the body is nested deeper than {} levels", super::MAX_NESTING)
            }
            Defect::Missing(field) => write!(f, "the field `{field}` is missing"),
            Defect::Repeated(field) => {
                write!(f, "the field `{field}` stands in the body more than once, so its value is ambiguous")
            }
            Defect::WrongType { field, expected } => write!(f, "the field `{field}` is not {expected}"),
        }
    }
}

impl std::error::Error for EnvelopeError {}
