use std::{
    error::Error,
    io::{self, Write},
    path::Path,
};

use aircall_conformance::report::{Comparison, Snapshot};

use crate::{
    args::{CompareArgs, Format},
    exit::Exit,
};

/// Compares two reports, and fails when a case has become worse.
pub(crate) fn run(args: &CompareArgs) -> Result<Exit, Box<dyn Error>> {
    let comparison = Comparison::new(&read(&args.old)?, &read(&args.new)?);
    let written = match args.format {
        Format::Human => anstream::stdout().write_all(comparison.styled().as_bytes()),
        Format::Json => writeln!(io::stdout(), "{}", comparison.json()),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ if comparison.is_worse() => Ok(Exit::Findings),
        _ => Ok(Exit::Conformant),
    }
}

fn read(path: &Path) -> Result<Snapshot, Box<dyn Error>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    Ok(Snapshot::from_json(&text).map_err(|error| format!("{shown}: {error}"))?)
}
