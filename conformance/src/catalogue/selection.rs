use std::fmt;

use super::PLAIN_EVENT_CASE;
use crate::case::{Case, Level};

/// Which cases are put: all of them, unless something is said about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    only: Vec<glob::Pattern>,
    skip: Vec<glob::Pattern>,
    sections: Vec<String>,
    levels: Vec<Level>,
}

impl Selection {
    /// The same with cases only whose id this pattern meets: `token/missing`, `token/*`, `*/call.*`. Of several patterns
    /// one is enough.
    ///
    /// # Errors
    ///
    /// When the pattern is none, or meets no case.
    pub fn only(mut self, pattern: &str) -> Result<Self, EmptySelection> {
        self.only.push(parse(pattern)?);
        Ok(self)
    }

    /// The same without the cases whose id this pattern meets.
    ///
    /// # Errors
    ///
    /// When the pattern is none, or meets no case.
    pub fn skip(mut self, pattern: &str) -> Result<Self, EmptySelection> {
        self.skip.push(parse(pattern)?);
        Ok(self)
    }

    /// The same with the cases of this section only, or of others that are named.
    ///
    /// # Errors
    ///
    /// When there is no such section.
    pub fn section(mut self, section: &str) -> Result<Self, EmptySelection> {
        if !super::SECTIONS.contains(&section) {
            return Err(EmptySelection::Section(section.to_owned()));
        }
        self.sections.push(section.to_owned());
        Ok(self)
    }

    /// The same with the cases of this level only, or of others that are named.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.levels.push(level);
        self
    }

    /// Tells whether a case is among them.
    #[must_use]
    pub fn holds(&self, case: &Case) -> bool {
        let meets = |patterns: &[glob::Pattern]| patterns.iter().any(|pattern| pattern.matches(&case.id));
        (self.only.is_empty() || meets(&self.only))
            && !meets(&self.skip)
            && (self.sections.is_empty() || self.sections.iter().any(|section| section == case.section()))
            && (self.levels.is_empty() || self.levels.contains(&case.level))
    }

    /// Tells whether no case is among them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !super::catalogue().iter().any(|case| self.holds(case))
    }

    /// Returns those that are among them, and the one on which the others depend.
    pub(crate) fn of(&self, cases: Vec<Case>) -> Vec<Case> {
        cases.into_iter().filter(|case| case.id == PLAIN_EVENT_CASE || self.holds(case)).collect()
    }
}

fn parse(pattern: &str) -> Result<glob::Pattern, EmptySelection> {
    let parsed = glob::Pattern::new(pattern)
        .map_err(|error| EmptySelection::Malformed(pattern.to_owned(), error.msg.to_owned()))?;
    match super::catalogue().iter().any(|case| parsed.matches(&case.id)) {
        true => Ok(parsed),
        false => Err(EmptySelection::Pattern(pattern.to_owned())),
    }
}

/// What was asked for holds no case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmptySelection {
    /// The pattern meets no id.
    Pattern(String),
    /// The pattern is none, and why.
    Malformed(String, String),
    /// There is no such section.
    Section(String),
}

impl fmt::Display for EmptySelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => write!(f, "no case has an id like {pattern:?}"),
            Self::Malformed(pattern, error) => write!(f, "{pattern:?} is no pattern: {error}"),
            Self::Section(section) => {
                write!(f, "there is no section {section:?}, expected one of {}", super::SECTIONS.join(", "))
            }
        }
    }
}

impl std::error::Error for EmptySelection {}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(selection: &Selection) -> Vec<String> {
        selection.of(super::super::catalogue()).into_iter().map(|case| case.id.into_owned()).collect()
    }

    #[test]
    fn patterns_go_over_the_slash_and_add_up() {
        let some = Selection::default().only("token/nul*").unwrap().only("*/truncated-json").unwrap();
        assert_eq!(ids(&some), [PLAIN_EVENT_CASE, "token/null", "envelope/truncated-json"]);
    }

    #[test]
    fn what_is_skipped_is_not_there_though_it_is_named() {
        let some = Selection::default().only("token/*").unwrap().skip("token/[!m]*").unwrap();
        assert_eq!(ids(&some), [PLAIN_EVENT_CASE, "token/missing"]);
    }

    #[test]
    fn sections_and_levels_narrow() {
        let some = Selection::default().section("tls").unwrap().level(Level::Must);
        assert!(ids(&some).iter().skip(1).all(|id| id.starts_with("tls/")) && ids(&some).len() > 2);
        assert!(!some.is_empty());
        assert!(Selection::default().section("tls").unwrap().level(Level::Info).is_empty());
    }

    #[test]
    fn what_meets_nothing_is_an_error() {
        let error = |selection: Result<Selection, EmptySelection>| selection.unwrap_err().to_string();
        assert_eq!(error(Selection::default().only("tokens/*")), "no case has an id like \"tokens/*\"");
        assert!(error(Selection::default().skip("a[")).starts_with("\"a[\" is no pattern: "));
        assert!(
            error(Selection::default().section("tokens"))
                .starts_with("there is no section \"tokens\", expected one of")
        );
    }
}
