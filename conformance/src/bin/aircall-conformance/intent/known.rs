use std::path::Path;

use aircall_conformance::{
    catalogue::catalogue,
    report::{InvalidKnown, Known},
};

use super::Result;
use crate::suggestion;

/// Reads the list of known deviations, if there is one.
pub(super) fn read(path: Option<&Path>) -> Result<Known> {
    let Some(path) = path else { return Ok(Known::default()) };
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    Known::from_toml(&text).map_err(|error| match error {
        InvalidKnown::UnknownCase(id) => {
            let ids = catalogue().into_iter().map(|case| case.id.into_owned()).collect();
            format!("{shown}: {}", suggestion::unknown("case", &id, ids)).into()
        }
        error => format!("{shown}: {error}").into(),
    })
}
