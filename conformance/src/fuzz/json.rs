use std::borrow::Cow;

use super::{form::Form, template::Template};

/// JSON as it is written: keys in their order, twice if need be, numbers and strings letter by letter.
///
/// A parsed value would have lost what receivers trip over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    /// `null`, `true`, `false`, or a number.
    Bare(Cow<'static, str>),
    /// A string, as it stands between its quotes.
    Text(String),
    /// A string that is the token, or something made from it.
    Token(Vec<Piece>),
    /// The time at which the body is made, in seconds.
    Now,
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// What a string made from the token consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Token(Form),
    Text(&'static str),
}

pub(super) const NULL: Json = Json::Bare(Cow::Borrowed("null"));

/// What stands between the tokens of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// Nothing, as `JSON.stringify` writes.
    Compact,
    /// A space behind colons and commas, as Python writes.
    Spaced,
    /// Every kind of white space that JSON knows, everywhere.
    Wild,
}

impl Json {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(crate::token::json_escaped(text))
    }

    pub(super) fn number(number: u64) -> Self {
        Self::Bare(number.to_string().into())
    }

    /// Reads JSON that is known to be right; `None` if it is not after all.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader(text);
        let value = reader.value()?;
        reader.0.is_empty().then_some(value)
    }

    /// Returns the node at a path of positions.
    pub(super) fn at(&mut self, path: &[usize]) -> Option<&mut Self> {
        let Some((&first, rest)) = path.split_first() else { return Some(self) };
        match self {
            Self::Array(items) => items.get_mut(first)?.at(rest),
            Self::Object(fields) => fields.get_mut(first)?.1.at(rest),
            _ => None,
        }
    }

    pub(super) fn get(&self, path: &[usize]) -> Option<&Self> {
        let Some((&first, rest)) = path.split_first() else { return Some(self) };
        match self {
            Self::Array(items) => items.get(first)?.get(rest),
            Self::Object(fields) => fields.get(first)?.1.get(rest),
            _ => None,
        }
    }

    /// Returns the children, with their keys if they have any.
    pub(super) fn children(&self) -> Vec<(Option<&str>, &Self)> {
        match self {
            Self::Array(items) => items.iter().map(|item| (None, item)).collect(),
            Self::Object(fields) => fields.iter().map(|(key, value)| (Some(&**key), value)).collect(),
            _ => vec![],
        }
    }

    /// Returns the paths of all nodes below this one, the near ones first, and how a person names them (`user.name`).
    pub(super) fn paths(&self) -> Vec<(Vec<usize>, String)> {
        let mut paths = vec![(vec![], String::new(), self)];
        let mut next = 0;
        while let Some((path, name, node)) = paths.get(next).cloned() {
            next += 1;
            for (index, (key, child)) in node.children().into_iter().enumerate() {
                let path = path.iter().copied().chain([index]).collect();
                let name = match key {
                    Some(key) if name.is_empty() => key.to_owned(),
                    Some(key) => format!("{name}.{key}"),
                    None => format!("{name}[{index}]"),
                };
                paths.push((path, name, child));
            }
        }
        paths.into_iter().skip(1).map(|(path, name, _)| (path, name)).collect()
    }

    /// Returns how deep it is nested; a value that holds nothing counts 0.
    #[cfg(test)]
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Array(_) | Self::Object(_) => {
                1 + self.children().into_iter().map(|(_, child)| child.depth()).max().unwrap_or_default()
            }
            _ => 0,
        }
    }

    pub(super) fn write(&self, spacing: Spacing, out: &mut Template) {
        let (between, after) = match spacing {
            Spacing::Compact => ("", ""),
            Spacing::Spaced => ("", " "),
            Spacing::Wild => ("\r\n \t", "\n\t "),
        };
        match self {
            Self::Bare(text) => out.push(text),
            Self::Text(text) => {
                out.push("\"");
                out.push(text);
                out.push("\"");
            }
            Self::Token(pieces) => {
                out.push("\"");
                for piece in pieces {
                    match piece {
                        Piece::Token(form) => out.push_token(*form),
                        Piece::Text(text) => out.push(text),
                    }
                }
                out.push("\"");
            }
            Self::Now => out.push_now(),
            Self::Array(items) => {
                out.push("[");
                for (index, item) in items.iter().enumerate() {
                    out.push(if index > 0 { "," } else { "" });
                    out.push(if index > 0 { after } else { between });
                    item.write(spacing, out);
                    out.push(between);
                }
                out.push("]");
            }
            Self::Object(fields) => {
                out.push("{");
                for (index, (key, value)) in fields.iter().enumerate() {
                    out.push(if index > 0 { "," } else { "" });
                    out.push(if index > 0 { after } else { between });
                    out.push("\"");
                    out.push(key);
                    out.push("\"");
                    out.push(between);
                    out.push(":");
                    out.push(after);
                    value.write(spacing, out);
                    out.push(between);
                }
                out.push("}");
            }
        }
    }
}

/// Cuts the inside of a string into what can be taken out of it without breaking what is left: characters and escapes.
pub(super) fn letters(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut letters = vec![];
    while let Some(first) = rest.chars().next() {
        let length = match rest.as_bytes() {
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => first.len_utf8(),
        };
        let (letter, tail) = rest.split_at(length.min(rest.len()));
        letters.push(letter);
        rest = tail;
    }
    letters
}

/// Reads the fixtures; nothing from outside comes here, so it need not be strict.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Json> {
        match self.0.as_bytes().first()? {
            b'{' => Some(Json::Object(self.list("{", "}", |reader| {
                let key = reader.string()?.to_owned();
                reader.take(":")?;
                Some((key, reader.value()?))
            })?)),
            b'[' => Some(Json::Array(self.list("[", "]", Self::value)?)),
            b'"' => Some(Json::Text(self.string()?.to_owned())),
            _ => {
                let end = self.0.find([',', ']', '}']).unwrap_or(self.0.len());
                let (bare, rest) = self.0.split_at(end);
                self.0 = rest;
                (!bare.is_empty()).then(|| Json::Bare(bare.to_owned().into()))
            }
        }
    }

    fn list<T>(&mut self, open: &str, close: &str, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.take(open)?;
        let mut items = vec![];
        while self.take(close).is_none() {
            if !items.is_empty() {
                self.take(",")?;
            }
            items.push(item(self)?);
        }
        Some(items)
    }

    fn string(&mut self) -> Option<&'a str> {
        self.take("\"")?;
        let bytes = self.0.as_bytes();
        let mut end = 0;
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let (text, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        Some(text)
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::Token;

    fn written(json: &Json, spacing: Spacing) -> String {
        let mut out = Template::default();
        json.write(spacing, &mut out);
        let token = Token::new("secret").unwrap();
        String::from_utf8(out.bytes(&token, SystemTime::UNIX_EPOCH).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn fixtures_are_written_as_they_were_read() {
        for event in aircall_fixtures::events() {
            let json = Json::parse(event.body).unwrap_or_else(|| panic!("{}", event.name));
            assert_eq!(written(&json, Spacing::Compact), event.body, "{}", event.name);
        }
    }

    #[test]
    fn white_space_changes_nothing() {
        let json = Json::parse(r#"{"a":[1,{"b":"c\"]"},[]],"d":null}"#).unwrap();
        for spacing in [Spacing::Spaced, Spacing::Wild] {
            let text = written(&json, spacing);
            assert_ne!(text, written(&json, Spacing::Compact));
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value, serde_json::json!({"a": [1, {"b": "c\"]"}, []], "d": null}));
        }
    }

    #[test]
    fn nodes_are_found_by_their_paths_and_have_names() {
        let mut json = Json::parse(r#"{"user":{"name":"x"},"tags":[7]}"#).unwrap();
        let paths = json.paths();
        assert_eq!(paths.iter().map(|(_, name)| &**name).collect::<Vec<_>>(), ["user", "tags", "user.name", "tags[0]"]);
        assert_eq!(json.at(&paths[3].0), Some(&mut Json::number(7)));
        assert_eq!(json.depth(), 2);
    }

    #[test]
    fn letters_keep_escapes_whole() {
        assert_eq!(letters(r#"a\"\ud83d\nü"#), ["a", r#"\""#, r"\ud83d", r"\n", "ü"]);
    }
}
