use clap::{Args, ValueEnum};

use super::Format;

/// List the cases there are, or show one with all that is known about it
///
/// With the id of a case (token/missing) that case is shown; with anything else, all whose ids are like it (token/*).
#[derive(Debug, Args)]
pub(crate) struct CasesArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,

    /// Id of a case, or a pattern
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,

    /// Form of the list
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
}

/// Which cases.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// Only cases whose id is like this (token/*, */call.*); may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only: Vec<String>,

    /// No cases whose id is like this; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) skip: Vec<String>,

    /// Only cases of this section; may be repeated
    #[arg(long, value_name = "SECTION")]
    pub(crate) section: Vec<String>,

    /// Only cases of this level; may be repeated
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Vec<LevelArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    /// Who does not meet it loses events, or lets strangers in
    Must,
    /// Not to meet it costs something
    Should,
}
