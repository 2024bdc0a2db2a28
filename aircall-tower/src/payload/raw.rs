//! JSON that stays what it is.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Checked, FromChecked};

/// Keeps a JSON value as the text that arrived, for what no type here describes.
///
/// Numbers keep every digit and strings every escape, a lone surrogate included. Two are equal if their texts are.
///
/// ```
/// use aircall_tower::payload::RawJson;
///
/// let raw: RawJson = r#"{"score": 4.10}"#.parse()?;
/// assert_eq!(raw.get(), r#"{"score": 4.10}"#);
/// let score: std::collections::HashMap<String, f64> = raw.read()?;
/// assert_eq!(score["score"], 4.1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct RawJson(Box<str>);

impl RawJson {
    /// Returns the text.
    #[must_use]
    pub fn get(&self) -> &str {
        &self.0
    }

    /// Reads the value as a type, which may borrow from it.
    ///
    /// # Errors
    ///
    /// Returns the error of `serde_json` if it is no such value.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }

    /// Keeps what is known to be one JSON value.
    pub(super) fn checked(json: &str) -> Self {
        Self(json.into())
    }

    /// Reads the value as a type of this module.
    pub(super) fn read_checked<T: FromChecked>(&self) -> Option<T> {
        T::from_checked(&mut Checked::new(self.get()))
    }

    /// What stands between the quotes of a string without escapes.
    pub(super) fn plain_string(&self) -> Option<&str> {
        let text = self.get().strip_prefix('"')?.strip_suffix('"')?;
        (!text.contains('\\')).then_some(text)
    }
}

impl FromStr for RawJson {
    type Err = serde_json::Error;

    /// Takes any JSON text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str::<&RawValue>(text).map(|raw| Self::checked(raw.get()))
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for RawJson {}

impl Hash for RawJson {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.get().hash(state);
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Looks at it again, since whoever is to take it as it stands must be told so by `serde_json`.
        let raw: &RawValue = self.read().map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}

impl FromChecked for RawJson {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        json.value().map(Self::checked)
    }
}
