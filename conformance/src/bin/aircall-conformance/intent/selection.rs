use aircall_conformance::{
    case::Level,
    catalogue::{EmptySelection, Selection},
};

use super::Result;
use crate::{
    args::{LevelArg, SelectionArgs},
    suggestion,
};

/// Reads which cases are meant. A pattern that meets nothing is a mistake, not an empty wish.
pub(crate) fn selection(args: &SelectionArgs) -> Result<Selection> {
    let mut selection = Selection::default();
    for pattern in &args.only {
        selection = selection.only(pattern).map_err(|error| explained(&error))?;
    }
    for pattern in &args.skip {
        selection = selection.skip(pattern).map_err(|error| explained(&error))?;
    }
    for section in &args.section {
        selection = selection.section(section).map_err(|error| explained(&error))?;
    }
    for level in &args.level {
        selection = selection.level(match level {
            LevelArg::Must => Level::Must,
            LevelArg::Should => Level::Should,
        });
    }
    if selection.is_empty() {
        return Err("no case is left of what was selected".into());
    }
    Ok(selection)
}

fn explained(error: &EmptySelection) -> String {
    match error {
        EmptySelection::Pattern(pattern) => match &suggestion::nearest(pattern, suggestion::cases())[..] {
            [] => format!("{error}; `aircall-conformance cases` lists them"),
            near => format!("{error}; did you mean {}?", near.join(", ")),
        },
        _ => error.to_string(),
    }
}
