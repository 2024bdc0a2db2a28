use std::{error::Error, process::ExitCode};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The receiver is conformant; or there was nothing to judge, and all went well.
    Conformant = 0,
    /// The receiver has to be mended.
    Findings = 1,
    /// There is no verdict: wrong arguments, nothing listening, no token, ended early, a report that could not be written.
    CouldNotRun = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Says why there is no verdict.
pub(crate) fn explain(error: &dyn Error) -> Exit {
    anstream::eprintln!("{RED}error{RED:#}: {error}");
    Exit::CouldNotRun
}

/// The text about it in `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  conformant as far as could be seen: no case failed
  1  findings: at least one case failed, or a known deviation is none any more
  2  could not run: wrong arguments, nothing listening, no token, ended early, a
     report that could not be written";

const RED: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
