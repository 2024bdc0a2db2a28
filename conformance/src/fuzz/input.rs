use std::{fmt, time::SystemTime};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::template::Template;
use crate::Token;

/// What a receiver owes to an input, known from how the input was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Class {
    /// A 2xx in time: the body is JSON, an object, with the valid token once, and the name of an event.
    Valid,
    /// No 2xx: it is an event, and its token is wrong or missing however it is read.
    Refuse,
    /// Any answer, and to be well afterwards: it is malformed, ambiguous, or authentic and stranger than anything that
    /// Aircall sends.
    Survive,
}

impl Class {
    /// Returns the word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Refuse => "refuse",
            Self::Survive => "survive",
        }
    }

    /// Returns what should come back, in a few words.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Valid => "a 2xx in time: the token is valid, and nothing else decides",
            Self::Refuse => "a 4xx: the token is wrong or missing",
            Self::Survive => "any answer, and an honest event acknowledged afterwards",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A body that was made up, and what is known about it. It holds the token, and its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Input {
    pub(super) class: Class,
    pub(super) what: String,
    pub(super) body: Bytes,
    pub(super) packets: Vec<usize>,
    /// The same in 65536ths of the body, for another token.
    pub(super) cuts: Vec<u16>,
    pub(super) template: Template,
}

impl Input {
    /// Makes it for a token at a time; `None` if it does not exist for that token. `cuts` are 65536ths of the body.
    pub(super) fn new(
        (class, what): (Class, String),
        template: Template,
        cuts: &[u16],
        token: &Token,
        now: SystemTime,
    ) -> Option<Self> {
        let body = template.bytes(token, now)?;
        let mut packets: Vec<_> = cuts.iter().map(|&at| (body.len() * usize::from(at)) >> 16).collect();
        packets.sort_unstable();
        packets.dedup();
        packets.retain(|&at| at > 0);
        Some(Self { class, what, body, packets, cuts: cuts.to_vec(), template })
    }

    /// Returns what a receiver owes to it.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Says what it is: which event, and what was done to it.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Returns the bytes, the token among them.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns where the body is cut into packets, if it is to come in more than one.
    #[must_use]
    pub fn packets(&self) -> &[usize] {
        &self.packets
    }

    /// Returns the body for a reader: the token as a word, and nothing that a terminal would obey.
    #[must_use]
    pub fn shown(&self) -> String {
        self.template.shown()
    }

    /// Returns a name for it that is the same in every run: of the same body, for any token, there is one.
    #[must_use]
    pub fn id(&self) -> String {
        let kept = serde_json::to_string(&(&self.template, &self.cuts)).unwrap_or_default();
        // FNV-1a: short names need to differ, and nobody gains by two that do not.
        let hash = kept
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        format!("{}-{:010x}", self.class, hash >> 24)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("class", &self.class)
            .field("what", &self.what)
            .field("body", &self.shown())
            .field("packets", &self.packets)
            .finish()
    }
}
