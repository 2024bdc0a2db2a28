use std::{fmt, sync::Arc};

/// The token that the receiver under test was configured with.
///
/// It is the only credential of a webhook, so it is never printed: `Debug` shows a mask, there is no `Display`, and what a
/// receiver sends back is masked before it is kept.
#[derive(Clone)]
pub struct Token {
    text: Arc<str>,
    /// The ways in which a receiver may write it into a response: as it is, as JSON, as part of a URL.
    written: Arc<[Vec<char>]>,
    /// What else is secret about this webhook.
    others: Arc<[Vec<char>]>,
}

impl Token {
    /// Takes the token as the user configured it; white space around it is dropped, since stored secrets pick up a final
    /// line feed.
    ///
    /// # Errors
    ///
    /// When nothing is left.
    pub fn new(text: impl AsRef<str>) -> Result<Self, EmptyToken> {
        let text = text.as_ref().trim();
        if text.is_empty() {
            return Err(EmptyToken);
        }
        let mut written = vec![text.to_owned()];
        for other in [json_escaped(text), percent_encoded(text)] {
            if !written.contains(&other) {
                written.push(other);
            }
        }
        let written = written.iter().map(|text| text.chars().collect()).collect();
        Ok(Self { text: text.into(), written, others: Arc::default() })
    }

    /// Makes a new one of the form that Aircall makes: 32 lowercase hex digits.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { written: [text.chars().collect()].into(), text: text.into(), others: Arc::default() })
    }

    /// The same, which masks these texts as well: the values in the query of a webhook's URL, which is the one place where
    /// a user can put a secret beside the token. Short ones are left, since they stand everywhere.
    #[must_use]
    pub(crate) fn hiding<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut others: Vec<String> = vec![];
        for secret in secrets {
            others.extend([secret.to_owned(), json_escaped(secret), percent_encoded(secret)]);
        }
        others.retain(|other| other.chars().count() >= SHORTEST_OTHER);
        let others = others.iter().map(|other| other.chars().collect());
        Self { others: self.others.iter().cloned().chain(others).collect(), ..self.clone() }
    }

    /// Returns the secret itself. What is made from it goes on the wire or to the receiver's environment, nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns another token of the same length and a likely form, the same one each time.
    #[must_use]
    pub fn stranger(&self) -> String {
        let other = |pattern: &str| pattern.chars().cycle().take(self.text.chars().count()).collect::<String>();
        let first = other("0a1b2c3d4e5f6789");
        if first == *self.text { other("9876f5e4d3c2b1a0") } else { first }
    }

    /// Replaces the token, or a long part from its beginning, in whatever letter case, by [`MASK`].
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        self.search(text).0
    }

    /// Tells whether the text gives the token away.
    #[must_use]
    pub fn occurs_in(&self, text: &str) -> bool {
        self.search(text).1
    }

    /// A receiver that answers "invalid token 5f1d0c" when it was sent all but the last character has told it to nobody
    /// new, but a report that repeats it would: parts are masked, and do not count as an occurrence.
    pub(crate) fn search(&self, text: &str) -> (String, bool) {
        if !self.stands_in(text) {
            return (text.to_owned(), false);
        }
        let mut masked = String::with_capacity(text.len());
        let mut found = false;
        for part in self.split(text) {
            match part {
                Part::Plain(text) => masked.push_str(&text),
                Part::Other => masked.push_str(OTHER_MASK),
                Part::Token { is_whole, .. } => {
                    found |= is_whole;
                    masked.push_str(MASK);
                }
            }
        }
        (masked, found)
    }

    /// Tells whether there is anything to mask, which there hardly ever is.
    fn stands_in(&self, text: &str) -> bool {
        let begins = |text: &str, form: &[char], telling: usize| {
            let mut form = form.iter().take(telling);
            text.chars().zip(form.by_ref()).all(|(a, b)| a.eq_ignore_ascii_case(b)) && form.next().is_none()
        };
        text.char_indices().any(|(at, _)| {
            self.written.iter().any(|form| begins(&text[at..], form, TELLING))
                || self.others.iter().any(|form| begins(&text[at..], form, form.len()))
        })
    }

    /// Cuts a text into what may be shown and what is the token or a telling part of it (`true`).
    pub(crate) fn parts(&self, text: &str) -> Vec<(String, bool)> {
        let part = |part| match part {
            Part::Plain(text) => (text, false),
            Part::Other => (OTHER_MASK.to_owned(), false),
            Part::Token { text, .. } => (text, true),
        };
        self.split(text).into_iter().map(part).collect()
    }

    fn split(&self, text: &str) -> Vec<Part> {
        let text: Vec<char> = text.chars().collect();
        let (mut parts, mut plain, mut at) = (vec![], String::new(), 0);
        while at < text.len() {
            let other = self.others.iter().map(|other| (common_start(&text[at..], other), other.len()));
            let other = other.filter(|(common, length)| common == length).max();
            let longest = self.written.iter().map(|form| (common_start(&text[at..], form), form.len()));
            let longest = longest.filter(|&(common, length)| common >= length.min(TELLING)).max();
            let (length, secret) = match (other, longest) {
                (Some((length, _)), _) => (length, Part::Other),
                (None, Some((common, length))) => {
                    let text = text[at..at + common].iter().collect();
                    (common, Part::Token { text, is_whole: common == length })
                }
                (None, None) => {
                    plain.push(text[at]);
                    at += 1;
                    continue;
                }
            };
            if !plain.is_empty() {
                parts.push(Part::Plain(std::mem::take(&mut plain)));
            }
            parts.push(secret);
            at += length;
        }
        if !plain.is_empty() {
            parts.push(Part::Plain(plain));
        }
        parts
    }
}

/// A part of a text in which the token may stand.
enum Part {
    Plain(String),
    /// Another secret.
    Other,
    Token {
        text: String,
        is_whole: bool,
    },
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({MASK})")
    }
}

/// A token was configured, and nothing stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptyToken;

impl fmt::Display for EmptyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token is empty")
    }
}

impl std::error::Error for EmptyToken {}

fn common_start(text: &[char], form: &[char]) -> usize {
    text.iter().zip(form).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

pub(crate) fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Encodes everything but the unreserved characters of RFC 3986, as for a value in a query.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What stands in the place of the token wherever something is shown.
pub const MASK: &str = "[token]";

/// What stands in the place of any other secret.
const OTHER_MASK: &str = "[secret]";

/// Values of a query that are shorter than this are not looked for.
const SHORTEST_OTHER: usize = 4;

/// So many characters from the beginning of a token are worth hiding.
const TELLING: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "5f1d0c7a9b3e42688d0e6f7a1b2c3d4e";

    fn token(text: &str) -> Token {
        Token::new(text).unwrap()
    }

    #[test]
    fn is_masked_wherever_it_stands() {
        let token = token(TEXT);
        for (text, masked) in [
            (format!("token {TEXT}!"), "token [token]!"),
            (TEXT.to_uppercase(), "[token]"),
            (format!("{TEXT}{TEXT}"), "[token][token]"),
            (format!("é{TEXT}é"), "é[token]é"),
        ] {
            assert_eq!(token.mask(&text), masked);
            assert!(token.occurs_in(&text));
        }
    }

    #[test]
    fn a_long_part_is_masked_but_is_not_the_token() {
        let token = token(TEXT);
        assert_eq!(token.mask(&format!("invalid: {}", &TEXT[..31])), "invalid: [token]");
        assert!(!token.occurs_in(&TEXT[..31]));
        assert_eq!(token.mask("5f1d0c7 is too short to tell"), "5f1d0c7 is too short to tell");
    }

    #[test]
    fn is_masked_in_json_and_in_a_url() {
        let token = token("a \"b\" c");
        assert_eq!(token.mask(r#"{"token":"a \"b\" c"}"#), r#"{"token":"[token]"}"#);
        assert_eq!(token.mask("/?t=a%20%22b%22%20c"), "/?t=[token]");
    }

    #[test]
    fn the_values_of_the_urls_query_are_masked_too_and_are_not_the_token() {
        let token = token(TEXT).hiding(["hunter2/secret", "v1"]);
        assert_eq!(token.mask("GET /?k=hunter2%2Fsecret&v=v1"), "GET /?k=[secret]&v=v1");
        assert_eq!(token.mask(r#""hunter2/secret""#), r#""[secret]""#);
        assert!(!token.occurs_in("hunter2/secret"));
        assert!(token.occurs_in(TEXT));
    }

    #[test]
    fn debug_shows_a_mask() {
        assert_eq!(format!("{:?}", token(TEXT)), "Token([token])");
    }

    #[test]
    fn white_space_around_it_is_dropped_and_nothing_else_is_not_enough() {
        assert_eq!(token("  abc\n").expose(), "abc");
        assert_eq!(Token::new(" \n").unwrap_err().to_string(), "the token is empty");
    }

    #[test]
    fn a_stranger_has_its_length_and_is_another() {
        for text in [TEXT, "0a1b2c3d4e5f67890a1b2c3d4e5f6789", "0", "é"] {
            let stranger = token(text).stranger();
            assert_eq!(stranger.chars().count(), text.chars().count());
            assert_ne!(stranger, text);
        }
    }

    #[test]
    fn a_random_one_has_the_real_form() {
        let token = Token::random().unwrap();
        assert_eq!(token.expose().len(), 32);
        assert!(token.expose().chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
        assert!(token.occurs_in(token.expose()));
    }
}
