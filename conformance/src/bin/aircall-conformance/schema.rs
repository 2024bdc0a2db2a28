use std::{
    error::Error,
    io::{self, Write},
};

use aircall_conformance::report::JSON_SCHEMA;

use crate::exit::Exit;

/// Prints the JSON schema of the report.
pub(crate) fn run() -> Result<Exit, Box<dyn Error>> {
    match io::stdout().lock().write_all(JSON_SCHEMA.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Conformant),
    }
}
