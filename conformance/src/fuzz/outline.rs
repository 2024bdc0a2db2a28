use std::{fmt, time::Duration};

/// What a run will send.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FuzzPlan {
    /// What all of it is made from.
    pub seed: u64,
    /// How many inputs are made.
    pub cases: usize,
    /// Whether valid ones are among them.
    pub valid: bool,
    /// Whether hostile ones are among them; an honest event follows each.
    pub hostile: bool,
    /// Whether the receiver is on this machine.
    pub is_local: bool,
    /// How many requests a second are sent at most.
    pub rate: Option<u32>,
    /// When it ends.
    pub time: Option<Duration>,
}

/// Announces the run.
impl fmt::Display for FuzzPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: ", self.seed)?;
        if self.cases != usize::MAX {
            write!(f, "{} ", self.cases)?;
        }
        f.write_str(match (self.valid, self.hostile) {
            (true, true) => {
                "invented inputs, valid with the valid token and hostile, and an honest event after each hostile one"
            }
            (false, true) => "hostile inputs, and an honest event after each",
            _ => "invented events with the valid token; nothing hostile",
        })?;
        f.write_str("; more where one fails, to make it smaller")?;
        if let Some(time) = self.time {
            write!(f, "; for {} s", time.as_secs_f64())?;
        }
        match self.rate {
            Some(rate) => write!(f, "; {rate} requests a second at most"),
            None => Ok(()),
        }
    }
}

/// What a run is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FuzzStep {
    /// To send a case.
    Case {
        /// Its number, from 0.
        case: usize,
        /// How many there are.
        of: usize,
        /// How many ways to fail have been found.
        found: usize,
    },
    /// To send a smaller form of a case that failed.
    Shrinking {
        /// The number of the case.
        case: usize,
        /// How many have been tried.
        tried: usize,
        /// How long the body is.
        bytes: usize,
    },
}
