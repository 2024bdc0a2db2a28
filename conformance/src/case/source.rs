use std::fmt;

/// Where a requirement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// Aircall's public documentation, by the name of the page.
    Aircall(&'static str),
    /// Real deliveries that somebody has published.
    Deliveries,
    /// A standard, by its number and section.
    Rfc(u16, &'static str),
    /// It follows from something that is documented or was seen, though nobody states it.
    Derived(&'static str),
    /// Nobody demands it; we do, for the reason that the case gives.
    Ours,
}

impl Source {
    /// Returns the word for its kind in reports.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Aircall(_) => "aircall",
            Self::Deliveries => "deliveries",
            Self::Rfc(..) => "rfc",
            Self::Derived(_) => "derived",
            Self::Ours => "ours",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aircall(page) => write!(f, "Aircall, {page}"),
            Self::Deliveries => f.write_str("published deliveries"),
            Self::Rfc(number, section) => write!(f, "RFC {number}, {section}"),
            Self::Derived(from) => write!(f, "derived from {from}"),
            Self::Ours => f.write_str("ours"),
        }
    }
}
