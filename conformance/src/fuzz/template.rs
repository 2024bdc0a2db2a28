use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::form::Form;
use crate::Token;

/// A body in which the token and the time are left open, so that it can be kept without the one and sent again at another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    /// What is no text, in hexadecimal digits.
    Bytes {
        hex: String,
    },
    Token {
        token: Form,
    },
    /// Seconds since 1970.
    Now {
        time: Unit,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Unit {
    Seconds,
}

impl Template {
    pub(super) fn push(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.0.push(Part::Text(text.to_owned())),
        }
    }

    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.push(text),
            Err(_) => self.0.push(Part::Bytes { hex: bytes.iter().map(|byte| format!("{byte:02x}")).collect() }),
        }
    }

    pub(super) fn push_token(&mut self, form: Form) {
        self.0.push(Part::Token { token: form });
    }

    pub(super) fn push_now(&mut self) {
        self.0.push(Part::Now { time: Unit::Seconds });
    }

    pub(super) fn append(&mut self, other: Self) {
        for part in other.0 {
            match part {
                Part::Text(text) => self.push(&text),
                part => self.0.push(part),
            }
        }
    }

    /// Returns how long it is for a token of the usual length.
    pub(super) fn length(&self) -> usize {
        self.0.iter().map(Part::length).sum()
    }

    /// Cuts it in two at a distance from its beginning. Of a token, some of its first characters stay on the left, and
    /// nothing goes to the right.
    pub(super) fn split(&self, at: usize) -> (Self, Self) {
        let (mut left, mut right, mut passed) = (Self::default(), Self::default(), 0);
        for part in &self.0 {
            let length = part.length();
            if passed + length <= at {
                left.0.push(part.clone());
            } else if passed >= at {
                right.0.push(part.clone());
            } else {
                match part {
                    Part::Token { token: Form::Stranger } => {}
                    Part::Token { .. } => left.push_token(Form::First(at - passed)),
                    Part::Now { .. } => left.push(&"1790000000"[..at - passed]),
                    part => {
                        let bytes = part.plain();
                        left.push_bytes(&bytes[..at - passed]);
                        right.push_bytes(&bytes[at - passed..]);
                    }
                }
            }
            passed += length;
        }
        (left, right)
    }

    /// The same, cut where there is neither token nor time: behind it, if it would be inside.
    pub(super) fn split_outside_token(&self, at: usize) -> (Self, Self) {
        let mut passed = 0;
        for part in &self.0 {
            passed += part.length();
            if passed > at {
                let is_open = matches!(part, Part::Token { .. } | Part::Now { .. });
                return self.split(if is_open { passed } else { at });
            }
        }
        self.split(passed)
    }

    /// The same with a bit flipped in the first byte that can be there or behind.
    pub(super) fn flipped(&self, at: usize, bit: u8) -> Self {
        let (mut left, right) = self.split_outside_token(at);
        let mut parts = right.0.into_iter();
        match parts.next() {
            Some(part @ (Part::Text(_) | Part::Bytes { .. })) => {
                let mut bytes = part.plain();
                if let Some(first) = bytes.first_mut() {
                    *first ^= 1 << (bit % 8);
                }
                left.push_bytes(&bytes);
            }
            Some(part) => left.0.push(part),
            None => {}
        }
        left.append(Self(parts.collect()));
        left
    }

    /// The same with another text for this one, wherever it stands.
    pub(super) fn replaced(self, from: &str, to: &str) -> Self {
        let part = |part| match part {
            Part::Text(text) => Part::Text(text.replace(from, to)),
            part => part,
        };
        Self(self.0.into_iter().map(part).collect())
    }

    /// Writes the body; `None` if it does not exist for this token, as the upper case of one without letters, or if the
    /// template was read from a file and is none.
    pub(super) fn bytes(&self, token: &Token, now: SystemTime) -> Option<Bytes> {
        let mut out = Vec::with_capacity(self.length());
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Bytes { hex } => out.extend(unhex(hex)?),
                Part::Token { token: form } => out.extend_from_slice(form.write(token)?.as_bytes()),
                Part::Now { .. } => {
                    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                    out.extend_from_slice(since.as_secs().to_string().as_bytes());
                }
            }
        }
        Some(out.into())
    }

    /// Returns what gives most of the token away, and is not found by looking for its beginning.
    pub(super) fn secrets(&self, token: &Token) -> Vec<String> {
        let form = |part: &Part| match part {
            Part::Token { token: form @ (Form::Escaped | Form::Changed(_)) } => form.write(token),
            _ => None,
        };
        self.0.iter().filter_map(form).collect()
    }

    /// Writes it for a reader, the token as a word, and nothing that a terminal would obey.
    pub(super) fn shown(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text
                .chars()
                .map(|c| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() })
                .collect(),
            Part::Bytes { hex } => unhex(hex).unwrap_or_default().escape_ascii().to_string(),
            Part::Token { token } => token.shown(),
            Part::Now { .. } => "[now]".to_owned(),
        };
        self.0.iter().map(part).collect()
    }
}

impl Part {
    /// Tokens are taken to have the real length, whatever they have, so that the same bytes come of the same seed.
    fn length(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes { hex } => hex.len() / 2,
            Self::Token { token: Form::First(count) } => *count,
            Self::Token { .. } => 32,
            Self::Now { .. } => 10,
        }
    }

    fn plain(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes { hex } => unhex(hex).unwrap_or_default(),
            _ => vec![],
        }
    }
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hex.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

    fn bytes(template: &Template, token: &str) -> Option<Vec<u8>> {
        template.bytes(&Token::new(token).unwrap(), SystemTime::UNIX_EPOCH).map(|bytes| bytes.to_vec())
    }

    fn template() -> Template {
        let mut template = Template::default();
        template.push(r#"{"token":""#);
        template.push_token(Form::Exact);
        template.push(r#"","at":"#);
        template.push_now();
        template.push_bytes(b"\xff}");
        template
    }

    #[test]
    fn is_kept_without_the_token_and_made_for_another() {
        let kept = serde_json::to_string(&template()).unwrap();
        assert_eq!(kept, r#"["{\"token\":\"",{"token":"exact"},"\",\"at\":",{"time":"seconds"},{"hex":"ff7d"}]"#);
        let again: Template = serde_json::from_str(&kept).unwrap();
        assert_eq!(bytes(&again, SECRET), bytes(&template(), SECRET));
        assert_eq!(bytes(&again, "\"").unwrap(), b"{\"token\":\"\\\"\",\"at\":0\xff}");
    }

    #[test]
    fn what_is_no_template_has_no_bytes() {
        for kept in [r#"[{"hex":"fff"}]"#, r#"[{"hex":"x0"}]"#, r#"[{"token":"uppercase"}]"#] {
            assert_eq!(bytes(&serde_json::from_str(kept).unwrap(), "123"), None, "{kept}");
        }
    }

    #[test]
    fn a_cut_token_is_never_whole() {
        let template = template();
        for at in 0..=template.length() {
            let (left, _) = template.split(at);
            assert_eq!(left.length(), at.min(61), "{at}");
            for token in [SECRET, "abc"] {
                let text = String::from_utf8_lossy(&bytes(&left, token).unwrap()).into_owned();
                assert!(at >= 42 || !text.contains(token), "{at}: {text}");
            }
        }
    }
}
