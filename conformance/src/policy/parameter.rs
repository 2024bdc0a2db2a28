use std::{collections::BTreeMap, fmt};

use aircall_fixtures::Value;

use super::InvalidPolicy;

/// The parameters of a profile, by name; each is taken out once.
#[derive(Debug, Clone)]
pub(super) struct Parameters(BTreeMap<String, Found>);

/// What stands in a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Integer(u64),
    Flag(bool),
    Text(String),
    List(Vec<u64>),
    /// Anything else, as it was written.
    Other(String),
}

impl Parameters {
    pub(super) fn of(profile: &aircall_fixtures::Profile) -> Self {
        let found = |value| match value {
            Value::Integer(number) => Found::Integer(number),
            Value::Flag(flag) => Found::Flag(flag),
            Value::Text(text) => Found::Text(text.to_owned()),
            other => Found::Other(other.to_string()),
        };
        Self(profile.parameters.iter().map(|each| (each.name.to_owned(), found(each.value))).collect())
    }

    /// # Errors
    ///
    /// When one has no value, or something beside it that is unknown.
    pub(super) fn parse(table: toml::Table) -> Result<Self, InvalidPolicy> {
        table
            .into_iter()
            .map(|(name, value)| Ok((name.clone(), entry(&name, value)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Found> {
        self.0.remove(name)
    }

    pub(super) fn integer(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
        default: Option<u64>,
    ) -> Result<u64, InvalidPolicy> {
        let expected = match range.end() {
            &MANY => format!("a whole number, {} or more", range.start()),
            end => format!("a whole number from {} to {end}", range.start()),
        };
        match self.take(name) {
            Some(Found::Integer(number)) if range.contains(&number) => Ok(number),
            Some(found) => Err(InvalidPolicy::wrong(name, &found, expected)),
            None => default.ok_or_else(|| InvalidPolicy::missing(name, expected)),
        }
    }

    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> Result<bool, InvalidPolicy> {
        match self.take(name) {
            Some(Found::Flag(flag)) => Ok(flag),
            Some(found) => Err(InvalidPolicy::wrong(name, &found, "true or false")),
            None => Ok(default),
        }
    }

    /// One of a few words; each stands for a value.
    pub(super) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        default: Option<T>,
    ) -> Result<T, InvalidPolicy> {
        let names: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let expected = names.join(" or ");
        match self.take(name) {
            Some(found) => {
                let value =
                    words.iter().find(|(word, _)| found == Found::Text((*word).to_owned())).map(|&(_, value)| value);
                value.ok_or_else(|| InvalidPolicy::wrong(name, &found, expected))
            }
            None => default.ok_or_else(|| InvalidPolicy::missing(name, expected)),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A value, bare or in the table that says how well it is known.
fn entry(name: &str, value: toml::Value) -> Result<Found, InvalidPolicy> {
    let toml::Value::Table(mut table) = value else { return Ok(Found::of(&value)) };
    let value = table.remove("value");
    for key in ["standing", "note"] {
        table.remove(key);
    }
    match (value, table.keys().next()) {
        (_, Some(key)) => {
            let found = Found::Other(format!("a table with `{key}`"));
            Err(InvalidPolicy::wrong(name, &found, "`value`, `standing` and `note` in it, and nothing else"))
        }
        (Some(value), None) => Ok(Found::of(&value)),
        (None, None) => {
            Err(InvalidPolicy::wrong(name, &Found::Other("a table without `value`".to_owned()), "`{ value = … }`"))
        }
    }
}

impl Found {
    fn of(value: &toml::Value) -> Self {
        let number = |value: &toml::Value| value.as_integer().and_then(|number| u64::try_from(number).ok());
        match value {
            toml::Value::Integer(_) if number(value).is_some() => Self::Integer(number(value).unwrap_or_default()),
            toml::Value::Boolean(flag) => Self::Flag(*flag),
            toml::Value::String(text) => Self::Text(text.clone()),
            toml::Value::Array(values) => match values.iter().map(number).collect() {
                Some(numbers) => Self::List(numbers),
                None => Self::Other(value.to_string()),
            },
            _ => Self::Other(value.to_string()),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Text(text) => write!(f, "`{text}`"),
            Self::List(numbers) => write!(f, "{numbers:?}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// More than anybody means.
pub(super) const MANY: u64 = u32::MAX as u64;
