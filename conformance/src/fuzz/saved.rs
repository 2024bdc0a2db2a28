use std::{fmt, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::{
    input::{Class, Input},
    judge::Kind,
    report::Finding,
    template::Template,
};
use crate::Token;

/// A finding as it is kept, to be sent again: the token and the time are left open in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    format: u32,
    id: String,
    seed: u64,
    case: usize,
    class: Class,
    kind: Kind,
    what: String,
    expected: String,
    got: String,
    /// Where it is cut into packets, in 65536ths.
    #[serde(default)]
    packets: Vec<u16>,
    body: Template,
}

impl Saved {
    pub(super) fn of(finding: &Finding, seed: u64) -> Self {
        let Finding { kind, got, input, case, .. } = finding;
        Self {
            format: FORMAT,
            id: input.id(),
            seed,
            case: *case,
            class: input.class,
            kind: *kind,
            what: input.what.clone(),
            expected: input.class.expected().to_owned(),
            got: got.clone(),
            packets: input.cuts.clone(),
            body: input.template.clone(),
        }
    }

    /// Reads what [`Saved::json`] wrote.
    ///
    /// # Errors
    ///
    /// When it is something else, or of a later format.
    pub fn read(json: &str) -> Result<Self, NotSaved> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_str(json).map_err(|error| NotSaved(error.to_string()))?;
        if head.format != FORMAT {
            return Err(NotSaved(format!("it has format {}, expected {FORMAT}", head.format)));
        }
        serde_json::from_str(json).map_err(|error| NotSaved(error.to_string()))
    }

    /// Writes it. Nothing in it gives the token away.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Returns its name, which is that of its file as well.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns what went wrong when it was found.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Says what it is.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Returns what came back when it was found.
    #[must_use]
    pub fn got(&self) -> &str {
        &self.got
    }

    /// Makes the input again, for this token and time; `None` if it does not exist for that token, as the upper case of one
    /// without letters.
    #[must_use]
    pub fn input(&self, token: &Token, now: SystemTime) -> Option<Input> {
        Input::new((self.class, self.what.clone()), self.body.clone(), &self.packets, token, now)
    }
}

/// A text is no saved finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSaved(String);

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is not a finding that was saved by `fuzz`: {}", self.0)
    }
}

impl std::error::Error for NotSaved {}

const FORMAT: u32 = 1;
