use std::fmt;

/// Where the evidence of a verdict was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Oracle {
    /// In what came back and when: status lines, and the ends of connections.
    Answers,
    /// In what the receiver reported as handled.
    Collector,
    /// In what the receiver printed.
    Output,
    /// Nowhere.
    Nothing,
}

impl Oracle {
    /// Returns the word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Collector => "collector",
            Self::Output => "output",
            Self::Nothing => "nothing",
        }
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
