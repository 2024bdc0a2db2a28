use std::{error::Error, fmt::Write as _, io::Write};

use aircall_conformance::policy::Policy;
use aircall_fixtures::{Profile, find_profile, profiles};
use serde::Serialize;

use crate::{
    args::{Format, ProfilesArgs},
    exit::Exit,
};

/// Lists the profiles, or prints one.
pub(crate) fn run(args: &ProfilesArgs) -> Result<Exit, Box<dyn Error>> {
    let text = match (&args.name, args.format) {
        (Some(name), _) => match find_profile(name) {
            Some(profile) => profile.toml.trim_end().to_owned(),
            // The error names them all.
            None => return Err(Policy::named(name).err().map_or_else(String::new, |error| error.to_string()).into()),
        },
        (None, Format::Json) => serde_json::to_string_pretty(&rows()?)?,
        (None, Format::Human) => list()?,
    };
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conformant),
    }
}

fn list() -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    for row in rows()? {
        let _ = writeln!(out, "{}  ({})", row.name, row.as_of);
        for (what, text) in [
            ("off after", row.rule),
            ("retries", row.retries),
            ("back on", row.back),
            ("rests on", row.basis.to_owned()),
            ("assumed", row.assumptions.join(", ")),
        ] {
            let _ = writeln!(out, "  {what:9}  {}", wrapped(&text));
        }
        out.push('\n');
    }
    out.push_str("None of them is the truth: Aircall's pages disagree, and leave much unsaid.");
    Ok(out)
}

/// Breaks a text between words, under its first line.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 80;
    const INDENT: usize = 13;
    let (mut out, mut column) = (String::new(), INDENT);
    for word in text.split_whitespace() {
        if column > INDENT && column + 1 + word.len() > WIDTH {
            let _ = write!(out, "\n{:INDENT$}", "");
            column = INDENT;
        } else if column > INDENT {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    profiles().iter().map(Row::of).collect()
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    as_of: &'static str,
    rule: String,
    retries: String,
    back: String,
    basis: &'static str,
    assumptions: Vec<&'static str>,
    parameters: Vec<Parameter>,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    value: serde_json::Value,
    standing: &'static str,
    note: Option<&'static str>,
}

impl Row {
    fn of(profile: &'static Profile) -> Result<Self, Box<dyn Error>> {
        let policy = Policy::of(profile)?;
        let hours = policy.retry_while_disabled.as_secs() / 3600;
        let parameter = |each: &aircall_fixtures::Parameter| Parameter {
            name: each.name,
            value: match (each.value.as_integer(), each.value.as_flag(), each.value.as_text()) {
                (Some(number), ..) => number.into(),
                (_, Some(flag), _) => flag.into(),
                (.., text) => text.into(),
            },
            standing: each.standing.as_str(),
            note: each.note,
        };
        Ok(Self {
            name: profile.name,
            as_of: profile.as_of,
            rule: policy.rule(),
            retries: match policy.max_retries {
                0 => "none".to_owned(),
                retries => format!("up to {retries} an event, spaced as in {}", policy.backoff.name()),
            },
            back: match policy.reenable_on_success {
                true => format!("by a retry that succeeds within {hours} h, or by hand"),
                false => "by hand".to_owned(),
            },
            basis: profile.basis,
            assumptions: profile.assumptions().collect(),
            parameters: profile.parameters.iter().map(parameter).collect(),
        })
    }
}
