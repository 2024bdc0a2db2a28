use std::{error::Error, io::Write};

use aircall_fixtures::{Event, find};
use serde::Serialize;

use crate::{
    args::{EventsArgs, Format},
    exit::Exit,
    suggestion,
};

/// Lists the events, or prints the body of one.
pub(crate) fn run(args: &EventsArgs) -> Result<Exit, Box<dyn Error>> {
    let text = match &args.name {
        Some(name) => match find(name) {
            Some(event) => event.body.to_owned(),
            None => return Err(suggestion::unknown("event", name, suggestion::events()).into()),
        },
        None => match args.format {
            Format::Human => table(),
            Format::Json => serde_json::to_string_pretty(&rows())?,
        },
    };
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conformant),
    }
}

fn table() -> String {
    let rows = rows();
    let widest = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let line = |row: &Row| {
        format!("{:widest$}  {:25}  {:11}  {:>6}", row.name, row.resource, row.standing, row.bytes)
            .trim_end()
            .to_owned()
    };
    let head = format!("{:widest$}  {:25}  {:11}  {:>6}", "name", "resource", "standing", "bytes");
    let callbacks = rows.iter().filter(|row| row.dialect != "webhook").count();
    let foot = format!("{} events, of which {callbacks} in the form of message callbacks", rows.len());
    [head].into_iter().chain(rows.iter().map(line)).chain([String::new(), foot]).collect::<Vec<_>>().join("\n")
}

fn rows() -> Vec<Row> {
    aircall_fixtures::events().iter().map(Row::of).collect()
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    event: &'static str,
    variant: Option<&'static str>,
    resource: &'static str,
    dialect: &'static str,
    standing: &'static str,
    source: &'static str,
    bytes: usize,
}

impl Row {
    fn of(event: &Event) -> Self {
        Self {
            name: event.name,
            event: event.event,
            variant: event.variant,
            resource: event.resource,
            dialect: event.dialect.as_str(),
            standing: event.standing.as_str(),
            source: event.source,
            bytes: event.body.len(),
        }
    }
}
