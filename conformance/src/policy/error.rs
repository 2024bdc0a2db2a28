use std::fmt;

use super::parameter::Found;

/// A policy that cannot be used, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPolicy(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    NoProfile(String),
    NotToml(String),
    Unknown { what: &'static str, name: String, near: Vec<String> },
    Missing { name: &'static str, expected: String },
    Wrong { name: String, found: String, expected: String },
}

impl InvalidPolicy {
    pub(super) fn no_profile(name: &str) -> Self {
        Self(Kind::NoProfile(name.to_owned()))
    }

    pub(super) fn not_toml(error: &toml::de::Error) -> Self {
        Self(Kind::NotToml(error.to_string().trim_end().to_owned()))
    }

    pub(super) fn unknown(what: &'static str, name: &str, names: &[&str]) -> Self {
        Self(Kind::Unknown { what, name: name.to_owned(), near: near(name, names) })
    }

    pub(super) fn missing(name: &'static str, expected: impl Into<String>) -> Self {
        Self(Kind::Missing { name, expected: expected.into() })
    }

    pub(super) fn wrong(name: &str, found: &Found, expected: impl Into<String>) -> Self {
        Self(Kind::Wrong { name: name.to_owned(), found: found.to_string(), expected: expected.into() })
    }
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::NoProfile(name) => {
                // There are few enough to name them all.
                let names: Vec<_> = aircall_fixtures::profiles().iter().map(|profile| profile.name).collect();
                write!(f, "there is no profile `{name}`, expected one of {}", names.join(", "))
            }
            Kind::NotToml(error) => write!(f, "not a policy in TOML: {error}"),
            Kind::Unknown { what, name, near } if near.is_empty() => write!(f, "there is no {what} `{name}`"),
            Kind::Unknown { what, name, near } => {
                write!(f, "there is no {what} `{name}`; did you mean {}?", near.join(", "))
            }
            Kind::Missing { name, expected } => write!(f, "`{name}` is missing, expected {expected}"),
            Kind::Wrong { name, found, expected } => write!(f, "`{name}` is {found}, expected {expected}"),
        }
    }
}

impl std::error::Error for InvalidPolicy {}

/// At most three that look like it, the nearest first.
fn near(found: &str, names: &[&str]) -> Vec<String> {
    const ENOUGH: f64 = 0.6;
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(found, name);
    let mut near: Vec<_> = names.iter().map(|&name| (likeness(name), name)).filter(|&(how, _)| how >= ENOUGH).collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}
