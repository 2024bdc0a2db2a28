use std::{fmt, io, process::ExitStatus, time::Duration};

use super::Output;

/// A receiver could not be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// There is no command.
    Empty,
    /// Something listens at the URL already, and would be judged instead.
    Occupied(String),
    /// The program cannot be run.
    Spawn(String, io::Error),
    /// The command ended before anything listened.
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: Output,
    },
    /// The command runs, and nothing listens.
    Deaf {
        /// Where it was expected to listen.
        address: String,
        /// How long it was given.
        timeout: Duration,
        /// What it printed.
        output: Output,
    },
}

impl StartError {
    /// Returns what the command printed.
    #[must_use]
    pub fn output(&self) -> Option<&Output> {
        match self {
            Self::Ended { output, .. } | Self::Deaf { output, .. } => Some(output),
            _ => None,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the command is empty"),
            Self::Occupied(url) => write!(
                f,
                "something already listens at {url}, expected nothing there before the command starts; stop it, or give \
                 port 0 to have a free port chosen and passed to the command as PORT"
            ),
            Self::Spawn(program, error) => write!(f, "the command `{program}` cannot be run: {error}"),
            Self::Ended { status, .. } => write!(f, "the command ended before it listened ({status})"),
            Self::Deaf { address, timeout, .. } => write!(
                f,
                "the command does not listen on {address} after {} s; it finds the port in PORT, and --startup-timeout \
                 gives it longer",
                timeout.as_secs_f64()
            ),
        }
    }
}

impl std::error::Error for StartError {}
