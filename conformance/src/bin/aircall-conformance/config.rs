use std::{
    error::Error,
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::Parser;
use toml::{Table, Value};

use crate::args::{Args, CheckArgs, Command};

/// Adds what stands in the file to the arguments of `check`. Each key is a long argument without its dashes, so whatever
/// can be typed can be written down; what is typed wins.
pub(crate) fn add(typed: Box<CheckArgs>) -> Result<Box<CheckArgs>, Box<dyn Error>> {
    let Some(file) = file(&typed)? else { return Ok(typed) };
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let table: Table = text.parse().map_err(|error| format!("{}: {error}", file.display()))?;
    let written = arguments(&table, &typed).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let check = words.iter().position(|word| word == "check").map_or(words.len(), |at| at + 1);
    words.splice(check..check, written.options);
    words.extend(written.last);
    match Args::try_parse_from(words) {
        Ok(Args { command: Command::Check(args) }) => Ok(args),
        Ok(_) => Ok(typed),
        Err(error) => Err(format!("{}: {}", file.display(), first_line(&error.to_string())).into()),
    }
}

fn file(typed: &CheckArgs) -> Result<Option<PathBuf>, String> {
    match &typed.config {
        Some(file) if !file.exists() => Err(format!("{}: there is no such file", file.display())),
        Some(file) => Ok(Some(file.clone())),
        None => Ok(Some(Path::new(DEFAULT).to_owned()).filter(|file| file.exists())),
    }
}

struct Written {
    options: Vec<OsString>,
    /// What stands behind all options: the URL, and the command behind two dashes.
    last: Vec<OsString>,
}

fn arguments(table: &Table, typed: &CheckArgs) -> Result<Written, String> {
    let (mut options, mut last, mut command) = (vec![], vec![], vec![]);
    for (key, value) in table {
        match (key.as_str(), value) {
            ("token" | "other-token", _) => {
                return Err(format!("`{key}` has no place in a file that others read, expected it in the environment"));
            }
            ("config", _) => return Err("`config` cannot be set here".to_owned()),
            ("url", Value::String(url)) if typed.url.is_none() => last.push(url.into()),
            ("url", Value::String(_)) => {}
            ("command", Value::Array(words)) if typed.receiver.command.is_empty() => {
                command = words.iter().map(|word| text(key, word)).collect::<Result<Vec<_>, _>>()?;
            }
            ("command", Value::Array(_)) => {}
            ("url" | "command", other) => return Err(unexpected(key, other)),
            (_, Value::Boolean(true)) => options.push(format!("--{key}").into()),
            (_, Value::Boolean(false)) => {}
            (_, Value::Array(values)) => {
                for value in values {
                    options.push(format!("--{key}={}", text(key, value)?).into());
                }
            }
            (_, value) => options.push(format!("--{key}={}", text(key, value)?).into()),
        }
    }
    if !command.is_empty() {
        last.push("--".into());
        last.extend(command.into_iter().map(OsString::from));
    }
    // A command that was typed stands behind two dashes already, and takes everything that follows.
    if !typed.receiver.command.is_empty() {
        options.append(&mut last);
    }
    Ok(Written { options, last })
}

fn text(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        other => Err(unexpected(key, other)),
    }
}

fn unexpected(key: &str, value: &Value) -> String {
    format!("`{key}` is {} {}, expected text, or a list of texts", article(value), value.type_str())
}

fn article(value: &Value) -> &'static str {
    if matches!(value, Value::Array(_) | Value::Integer(_)) { "an" } else { "a" }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ")
}

const DEFAULT: &str = "aircall-conformance.toml";
