use std::io::{IsTerminal, Write};

use aircall_conformance::run::Step;

/// One line on a terminal that says what is being sent; nothing elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    pub(crate) fn show(&mut self, step: Step<'_>) {
        if self.is_shown {
            // Cut, since a line that wraps cannot be taken back.
            let line = format!("{:>3}/{} {}", step.done + 1, step.total, step.case.id);
            eprint!("\r{CLEAR}{}", line.chars().take(79).collect::<String>());
            let _ = std::io::stderr().flush();
        }
    }
}

/// The line goes away however the run ends.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            eprint!("\r{CLEAR}");
        }
    }
}

const CLEAR: &str = "\x1b[K";
