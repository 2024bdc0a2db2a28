use std::fmt;

use crate::case::Case;

/// What a run will send.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The cases, in their order.
    pub cases: Vec<Case>,
    /// Whether the hostile ones, and those that ask for many connections, are sent.
    pub hostile: bool,
    /// Whether the receiver is on this machine.
    pub is_local: bool,
    /// How many requests a second are sent at most.
    pub rate: Option<u32>,
}

impl Plan {
    /// Returns how many honest events are sent one at a time, not counting those after hostile requests.
    #[must_use]
    pub fn honest(&self) -> usize {
        let honest = self.cases.iter().filter(|case| !case.is_hostile() && !case.is_load());
        honest.map(Case::request_count).sum()
    }

    /// Returns how many hostile requests are sent; an honest event follows those of each case.
    #[must_use]
    pub fn hostile(&self) -> usize {
        self.sum(|case| case.is_hostile() && !case.is_load())
    }

    /// Returns how many connections are made by the cases that make many at once.
    #[must_use]
    pub fn load(&self) -> usize {
        self.sum(Case::is_load)
    }

    /// Returns how many requests are sent at most to a receiver that stays well.
    #[must_use]
    pub fn requests(&self) -> usize {
        let followed = self.cases.iter().filter(|case| self.hostile && case.is_hostile()).count();
        self.honest() + self.hostile() + followed + self.load()
    }

    fn sum(&self, wanted: impl Fn(&Case) -> bool) -> usize {
        let wanted = self.cases.iter().filter(|case| self.hostile && wanted(case));
        wanted.map(Case::request_count).sum()
    }
}

/// Announces the run.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let (requests, honest) = (counted(self.requests(), "request"), counted(self.honest(), "invented event"));
        write!(f, "{requests} at most: {honest} with the valid token")?;
        match self.hostile() {
            0 => f.write_str("; no hostile requests")?,
            hostile => write!(f, ", {hostile} hostile requests, and an honest event after those of each case")?,
        }
        if self.load() > 0 {
            write!(f, "; {} in crowds of up to 64 connections", self.load())?;
        }
        match self.rate {
            Some(rate) => {
                let seconds = self.requests().div_ceil(rate as usize);
                write!(f, "; {rate} a second at most, so it takes {seconds} s or more")
            }
            None => Ok(()),
        }
    }
}
