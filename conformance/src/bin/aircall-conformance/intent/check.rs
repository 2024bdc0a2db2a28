use aircall_conformance::{Detail, report::Known};

use super::{Delivery, Output, Receiver, Result, known};
use crate::args::{CheckArgs, ReportArg};

/// To judge a receiver.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) receiver: Receiver,
    pub(crate) delivery: Delivery,
    pub(crate) output: Output,
    pub(crate) reports: Vec<ReportArg>,
    pub(crate) known: Known,
    pub(crate) is_strict: bool,
    pub(crate) hostile_anywhere: bool,
    pub(crate) rate: Option<u32>,
}

impl Check {
    pub(crate) fn new(args: CheckArgs) -> Result<Self> {
        let receiver = Receiver::new(&args.url, args.receiver)?;
        if let Some(file) = twice(&args.report) {
            return Err(format!("two reports go to {file}, expected a file for each").into());
        }
        let known = known::read(args.known_failing.as_deref())?;
        let delivery = Delivery::new(args.delivery, receiver.launch.is_some())?;
        Ok(Self {
            receiver,
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
        })
    }
}

/// Returns a file that two reports would go to. To standard output they go one after the other.
fn twice(reports: &[ReportArg]) -> Option<String> {
    let same = |index: usize, report: &ReportArg| reports[..index].iter().any(|other| other.file == report.file);
    let mut files = reports.iter().enumerate().filter(|(_, report)| !report.is_to_stdout());
    files.find(|&(index, report)| same(index, report)).map(|(_, report)| report.file.display().to_string())
}
