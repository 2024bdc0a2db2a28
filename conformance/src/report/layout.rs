use crate::Token;

/// How much a report for a person says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// What calls for action, and counts.
    #[default]
    Findings,
    /// A line for each case besides.
    Everything,
}

/// How a report for a person is laid out: 80 columns, and the token nowhere, unless told otherwise.
#[derive(Debug, Clone)]
pub struct Layout {
    pub(super) detail: Detail,
    pub(super) width: usize,
    pub(super) token: Option<Token>,
}

impl Layout {
    /// A layout that says so much.
    #[must_use]
    pub const fn new(detail: Detail) -> Self {
        Self { detail, width: 80, token: None }
    }

    /// The same for lines of so many columns; at least 40, since shorter lines hold no sentence. Lines to be copied are
    /// never broken.
    #[must_use]
    pub fn with_width(self, columns: usize) -> Self {
        Self { width: columns.max(40), ..self }
    }

    /// The same with the token in the lines that send a request again, so that they can be run as they are. Whoever reads
    /// such a report can forge events.
    #[must_use]
    pub fn with_danger_of_shown_token(self, token: Token) -> Self {
        Self { token: Some(token), ..self }
    }
}
