//! What can be wrong with a configuration.

use std::fmt;

/// The error of a configuration that could never work, found when it is made rather than at the first delivery.
///
/// It names the setting and what was expected of it, and never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Problem);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    EmptySecret,
    LongSecret { bytes: usize, limit: usize },
    NoTokens,
    RepeatedToken { first: usize, second: usize },
    EmptyTenant,
    RelativePath(String),
    PathWithQuery(String),
    EmptyParameterName,
    InformationalStatus(u16),
    RetryWithSuccess(u16),
    RetryForStranger(&'static str),
    Unanswerable(&'static str),
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::EmptySecret => f.write_str(
                "the configured token or secret is empty or only white space, expected the value that Aircall shows for the webhook",
            ),
            Problem::LongSecret { bytes, limit } => write!(
                f,
                "the configured token or secret has {bytes} bytes, expected at most {limit} (Aircall's have 32)"
            ),
            Problem::NoTokens => {
                f.write_str("the set of tokens is empty, expected at least one: without it every delivery would be refused")
            }
            Problem::RepeatedToken { first, second } => write!(
                f,
                "tokens {first} and {second} of the set (counted from 1) are the same, expected each once: a delivery could not be told to belong to one tenant"
            ),
            Problem::EmptyTenant => f.write_str("a tenant has an empty name, expected at least one character"),
            Problem::RelativePath(path) => {
                write!(f, "the webhook path is {path:?}, expected it to begin with \"/\"")
            }
            Problem::PathWithQuery(path) => write!(
                f,
                "the webhook path {path:?} is followed by a query or fragment, expected neither: only the path of a request is compared"
            ),
            Problem::EmptyParameterName => {
                f.write_str("the name of the URL secret's query parameter is empty, expected a name such as \"key\"")
            }
            Problem::InformationalStatus(status) => {
                write!(f, "the answer's status is {status}, expected a final one (200 to 599)")
            }
            Problem::RetryWithSuccess(status) => write!(
                f,
                "the status for a retry is {status}, expected one that is no 2xx: Aircall takes any 2xx for success and does not send again"
            ),
            Problem::RetryForStranger(kind) => write!(
                f,
                "the outcome `{kind}` is a stranger's and has no failure budget, expected one that carried a valid token, or `resolver_failed`"
            ),
            Problem::Unanswerable(kind) => {
                write!(f, "the outcome `{kind}` is never answered by a policy, expected another one")
            }
        }
    }
}

impl std::error::Error for ConfigError {}
