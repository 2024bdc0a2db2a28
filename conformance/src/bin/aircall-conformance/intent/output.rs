use aircall_conformance::{Detail, Layout, Token};

use crate::args::ReportFormat;

/// What the report on standard output looks like.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) format: ReportFormat,
    pub(super) detail: Detail,
    /// To be shown; nowhere but on standard output.
    pub(super) token: Option<Token>,
}

impl Output {
    /// The layout on standard output: as wide as the terminal, up to what is pleasant to read.
    pub(crate) fn layout(&self) -> Layout {
        let layout = match terminal_size::terminal_size_of(std::io::stdout()) {
            Some((width, _)) => self.plain_layout().with_width(width.0.min(WIDEST).into()),
            None => self.plain_layout(),
        };
        match &self.token {
            Some(token) => layout.with_danger_of_shown_token(token.clone()),
            None => layout,
        }
    }

    /// The layout in a file.
    pub(crate) fn plain_layout(&self) -> Layout {
        Layout::new(self.detail)
    }
}

const WIDEST: u16 = 100;
