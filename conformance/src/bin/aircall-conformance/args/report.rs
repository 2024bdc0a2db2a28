use std::path::{Path, PathBuf};

use clap::ValueEnum;

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For a person
    Human,
    /// For a program; `aircall-conformance schema` describes it
    Json,
    /// JUnit's XML, for the test pages of CI
    Junit,
    /// Annotations for GitHub Actions
    Github,
    /// For the summary of a job
    Markdown,
    /// A page in one file
    Html,
}

/// A report and the file it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportArg {
    pub(crate) format: ReportFormat,
    pub(crate) file: PathBuf,
}

impl ReportArg {
    /// Tells whether it goes to standard output. Opened by its path, that would be written from its beginning where it is a
    /// file.
    pub(crate) fn is_to_stdout(&self) -> bool {
        self.file == Path::new("-") || self.file == Path::new("/dev/stdout")
    }
}

pub(super) fn report(text: &str) -> Result<ReportArg, String> {
    let Some((format, file)) = text.split_once('=').filter(|(_, file)| !file.is_empty()) else {
        return Err("expected a format, `=` and a file, like html=report.html".to_owned());
    };
    match ReportFormat::from_str(format, false) {
        Ok(format) => Ok(ReportArg { format, file: file.into() }),
        Err(_) => {
            let names = ReportFormat::value_variants().iter().filter_map(ReportFormat::to_possible_value);
            let names: Vec<_> = names.map(|value| value.get_name().to_owned()).collect();
            Err(format!("found the format `{format}`, expected one of {}", names.join(", ")))
        }
    }
}
