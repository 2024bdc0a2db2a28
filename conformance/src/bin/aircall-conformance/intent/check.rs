use aircall_conformance::{
    Detail, Target,
    receiver::{Echo, Launch},
    report::Known,
};

use super::{Delivery, Output, Result, known};
use crate::args::{CheckArgs, ReportArg};

/// To judge a receiver.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) target: Target,
    pub(crate) delivery: Delivery,
    pub(crate) output: Output,
    pub(crate) reports: Vec<ReportArg>,
    pub(crate) known: Known,
    pub(crate) is_strict: bool,
    pub(crate) hostile_anywhere: bool,
    pub(crate) rate: Option<u32>,
    pub(crate) launch: Option<Launch>,
}

impl Check {
    pub(crate) fn new(args: CheckArgs) -> Result<Self> {
        let target: Target = args.url.parse()?;
        let echo: Echo = args.show_output.then_some(|line| eprintln!("receiver: {line}"));
        let launch = Launch { command: args.command, timeout: args.startup_timeout, echo };
        let launch = (!launch.command.is_empty()).then_some(launch);
        if target.port() == 0 && launch.is_none() {
            return Err(
                "the URL has port 0, expected a command after `--` that listens on the port chosen for it".into()
            );
        }
        if let Some(file) = twice(&args.report) {
            return Err(format!("two reports go to {file}, expected a file for each").into());
        }
        let known = known::read(args.known_failing.as_deref())?;
        let delivery = Delivery::new(args.delivery, launch.is_some())?;
        Ok(Self {
            target,
            output: Output {
                format: args.format,
                detail: if args.all { Detail::Everything } else { Detail::Findings },
                token: args.show_token.then(|| delivery.token.clone()),
            },
            delivery,
            reports: args.report,
            known,
            is_strict: args.strict,
            hostile_anywhere: args.yes_hostile,
            rate: args.rate,
            launch,
        })
    }

    /// Tells whether what the receiver prints is shown as it comes.
    pub(crate) fn shows_output(&self) -> bool {
        self.launch.as_ref().is_some_and(|launch| launch.echo.is_some())
    }
}

/// Returns a file that two reports would go to. To standard output they go one after the other.
fn twice(reports: &[ReportArg]) -> Option<String> {
    let same = |index: usize, report: &ReportArg| reports[..index].iter().any(|other| other.file == report.file);
    let mut files = reports.iter().enumerate().filter(|(_, report)| !report.is_to_stdout());
    files.find(|&(index, report)| same(index, report)).map(|(_, report)| report.file.display().to_string())
}
