use std::{error::Error, io::Write};

use aircall_conformance::{
    case::Case,
    catalogue::{Selection, catalogue},
};
use serde::Serialize;

use crate::{
    args::{CasesArgs, Format},
    exit::Exit,
    intent::selection,
};

/// Lists cases, or shows one.
pub(crate) fn run(mut args: CasesArgs) -> Result<Exit, Box<dyn Error>> {
    let one = args.id.as_deref().and_then(aircall_conformance::catalogue::find);
    args.selection.only.extend(args.id.take());
    let selection = selection(&args.selection)?;
    let text = match (args.format, one) {
        (Format::Json, _) => serde_json::to_string_pretty(&rows(&selection))?,
        (Format::Human, Some(case)) => whole(&case),
        (Format::Human, None) => table(&selection),
    };
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conformant),
    }
}

fn table(selection: &Selection) -> String {
    let cases: Vec<_> = catalogue().into_iter().filter(|case| selection.holds(case)).collect();
    let widest = cases.iter().map(|case| case.id.len()).max().unwrap_or_default();
    let line = |case: &Case| format!("{:widest$}  {:6}  {}", case.id, case.level, case.requirement);
    let foot = format!("{} {}", cases.len(), if cases.len() == 1 { "case" } else { "cases" });
    cases.iter().map(line).chain([String::new(), foot]).collect::<Vec<_>>().join("\n")
}

fn whole(case: &Case) -> String {
    let row = Row::of(case);
    let mut lines = vec![
        format!("{}  ({})", row.id, row.level),
        format!("  asked     {}", row.requirement),
        format!("  source    {}", row.source),
        format!("  does      {}", row.procedure),
        format!("  expects   {}", row.expectation),
        format!("  costs     {}", row.cost),
        format!("  mend      {}", row.remedy),
    ];
    if row.hostile {
        lines.push("  hostile   an honest event follows, and it is not sent to another machine unasked".to_owned());
    }
    lines.join("\n")
}

fn rows(selection: &Selection) -> Vec<Row> {
    catalogue().iter().filter(|case| selection.holds(case)).map(Row::of).collect()
}

#[derive(Serialize)]
struct Row {
    id: String,
    section: String,
    level: &'static str,
    requirement: &'static str,
    source: String,
    procedure: String,
    expectation: String,
    hostile: bool,
    requests: usize,
    cost: &'static str,
    remedy: &'static str,
}

impl Row {
    fn of(case: &Case) -> Self {
        Self {
            id: case.id.to_string(),
            section: case.section().to_owned(),
            level: case.level.as_str(),
            requirement: case.requirement,
            source: case.source.to_string(),
            procedure: case.procedure.to_string(),
            expectation: case.expectation.to_string(),
            hostile: case.is_hostile(),
            requests: case.request_count(),
            cost: case.cost,
            remedy: case.remedy,
        }
    }
}
