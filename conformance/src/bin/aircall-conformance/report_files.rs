use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use aircall_conformance::Report;
use anstream::adapter::strip_str;

use crate::{
    args::{ReportArg, ReportFormat},
    intent::Output,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The files that reports go to, open: whoever mistyped one learns it before the run and not after.
#[derive(Debug)]
pub(crate) struct ReportFiles(Vec<(ReportArg, Option<File>)>);

impl ReportFiles {
    /// Opens, or creates, each file; what it holds stays until there is a report to take its place.
    pub(crate) fn open(reports: &[ReportArg]) -> Result<Self> {
        let open = |report: &ReportArg| {
            let file = if report.is_to_stdout() { None } else { Some(create(&report.file)?) };
            Ok((report.clone(), file))
        };
        reports.iter().map(open).collect::<Result<_>>().map(Self)
    }

    /// Writes each report, also after one could not be written.
    pub(crate) fn write(self, report: &Report, output: &Output) -> Result<()> {
        let mut failed = Vec::new();
        for (ReportArg { format, file: path }, file) in self.0 {
            let text = match format {
                ReportFormat::Human => strip_str(&report.laid_out(&output.plain_layout())).to_string(),
                format => text(report, format),
            };
            let written = match file {
                None => heard(io::stdout().lock().write_all(text.as_bytes())),
                Some(file) => replace(file, &text),
            };
            failed.extend(written.err().map(|error| format!("{} could not be written: {error}", path.display())));
        }
        if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
    }
}

/// Prints the report to standard output, in the form that was asked for.
pub(crate) fn print(report: &Report, output: &Output) -> Result<()> {
    Ok(heard(match output.format {
        ReportFormat::Human => anstream::stdout().write_all(report.laid_out(&output.layout()).as_bytes()),
        format => io::stdout().lock().write_all(text(report, format).as_bytes()),
    })?)
}

/// A form in which nothing can be chosen, up to the end of its last line.
fn text(report: &Report, format: ReportFormat) -> String {
    let mut text = match format {
        ReportFormat::Human => report.human(),
        ReportFormat::Json => report.json(),
        ReportFormat::Junit => report.junit(),
        ReportFormat::Github => report.github(),
        ReportFormat::Markdown => report.markdown(),
        ReportFormat::Html => report.html(),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn create(path: &Path) -> Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    file.map_err(|error| format!("the report file {} cannot be opened: {error}", path.display()).into())
}

/// A pipe or a device has no length to be cut.
fn replace(mut file: File, text: &str) -> io::Result<()> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(text.as_bytes())?;
    file.flush()
}

/// Who reads only the beginning (`| head`) has seen what was wanted.
fn heard(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
