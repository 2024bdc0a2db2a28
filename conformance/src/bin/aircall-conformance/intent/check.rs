use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use aircall_conformance::{Detail, Token, catalogue::Selection, report::Known};

use super::{Delivery, Output, Receiver, Result, known, selection};
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
    pub(crate) selection: Selection,
    pub(crate) collector: Option<SocketAddr>,
    pub(crate) other_token: Option<Token>,
    pub(crate) time: Duration,
}

impl Check {
    pub(crate) fn new(args: CheckArgs) -> Result<Self> {
        let receiver = Receiver::new(&args.url.ok_or(NO_URL)?, args.receiver)?;
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
            selection: selection(&args.selection)?,
            collector: args.collector,
            other_token: other_token(args.other_token)?,
            time: args.time,
        })
    }
}

/// The same file may be written down in two ways.
fn place(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// Returns a file that two reports would go to. To standard output they go one after the other.
fn twice(reports: &[ReportArg]) -> Option<String> {
    let same = |index: usize, report: &ReportArg| {
        reports[..index].iter().any(|other| place(&other.file) == place(&report.file))
    };
    let mut files = reports.iter().enumerate().filter(|(_, report)| !report.is_to_stdout());
    files.find(|&(index, report)| same(index, report)).map(|(_, report)| report.file.display().to_string())
}

fn other_token(typed: Option<String>) -> Result<Option<Token>> {
    let given = typed.or_else(|| std::env::var("AIRCALL_OTHER_TOKEN").ok()).filter(|token| !token.trim().is_empty());
    Ok(given.map(Token::new).transpose()?)
}

const NO_URL: &str = "no URL: give that of the webhook, for instance http://127.0.0.1:3000/aircall/webhook";
