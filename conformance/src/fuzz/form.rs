use serde::{Deserialize, Serialize};

use crate::{Token, token::json_escaped};

/// How the token is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Exact,
    /// Every character as an escape, which to a parser of JSON is the token all the same.
    Escaped,
    Uppercase,
    /// So many characters of its beginning, and never all.
    First(usize),
    /// All but the last character.
    AllButLast,
    /// With another character at this place, counted round and round.
    Changed(usize),
    /// Another one of its length.
    Stranger,
}

impl Form {
    /// Writes the inside of a JSON string; `None` if there is no such form of this token.
    pub(super) fn write(self, token: &Token) -> Option<String> {
        let text = token.expose();
        let count = text.chars().count();
        let first = |count: usize| text.chars().take(count).collect::<String>();
        Some(match self {
            Self::Exact => json_escaped(text),
            Self::Escaped => text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
            Self::Uppercase => json_escaped(&Some(text.to_uppercase()).filter(|upper| upper != text)?),
            Self::First(length) => json_escaped(&first(length.min(count - 1))),
            Self::AllButLast => json_escaped(&first(count - 1)),
            Self::Changed(at) => {
                let at = at % count;
                let change = |c: char| if c == '7' { '3' } else { '7' };
                json_escaped(
                    &text.chars().enumerate().map(|(i, c)| if i == at { change(c) } else { c }).collect::<String>(),
                )
            }
            Self::Stranger => json_escaped(&token.stranger()),
        })
    }

    /// Says it for a reader.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Exact => "[token]".to_owned(),
            Self::Escaped => "[token, escaped]".to_owned(),
            Self::Uppercase => "[token, in upper case]".to_owned(),
            Self::First(count) => format!("[first {count} of token]"),
            Self::AllButLast => "[all but the last of token]".to_owned(),
            Self::Changed(_) => "[token, one character changed]".to_owned(),
            Self::Stranger => "[another token]".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

    #[test]
    fn every_other_form_is_another_token() {
        for token in [SECRET, "7", "é", "0"] {
            for form in [Form::First(99), Form::AllButLast, Form::Changed(3), Form::Stranger] {
                assert_ne!(form.write(&Token::new(token).unwrap()).unwrap(), token, "{form:?}");
            }
        }
    }
}
