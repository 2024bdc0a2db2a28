//! A secret that compares in constant time and does not print itself.

use std::fmt;

use constant_time_eq::constant_time_eq_n;

use crate::error::{ConfigError, Problem};

/// The longest secret that can be configured, in bytes. Aircall's tokens have 32.
pub(super) const LONGEST: usize = 256;

/// The width at which secrets are compared: a length, then the secret padded with zeros.
const WIDTH: usize = LONGEST + 2;

/// The token of a webhook: what Aircall made when the webhook was created, and puts into every body.
///
/// It prints as `Token(***)`, has no `==`, and is compared over a fixed width, so that the time taken tells nothing
/// about where a guess goes wrong or how long the token is.
///
/// ```
/// use aircall_tower::Token;
///
/// // White space around the value is removed: secrets kept in files tend to end in a line feed.
/// let token = Token::new("5f1d0c7a9b3e42688d0e6f7a1b2c3d4e\n")?;
/// assert_eq!(format!("{token:?}"), "Token(***)");
/// # Ok::<(), aircall_tower::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Token {
    padded: Box<Padded>,
}

type Padded = [u8; WIDTH];

impl Token {
    /// Takes a token as configured, without the white space around it.
    ///
    /// Its form is not checked: real ones have 32 lower-case hex digits, the vendor's samples look otherwise, and both
    /// are documented as opaque. Case matters.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing but white space was given, or more than 256 bytes.
    pub fn new(token: impl AsRef<str>) -> Result<Self, ConfigError> {
        // A byte order mark, which some editors put before the first line of a file, is no white space to `trim`.
        let token = token.as_ref().trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if token.is_empty() {
            return Err(Problem::EmptySecret.into());
        }
        let padded = pad(token).ok_or(Problem::LongSecret { bytes: token.len(), limit: LONGEST })?;
        Ok(Self { padded: Box::new(padded) })
    }

    /// Returns the secret itself, to be taken out of what others wrote.
    pub(super) fn expose(&self) -> &str {
        let (length, bytes) = self.padded.split_at(2);
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        std::str::from_utf8(&bytes[..length]).unwrap_or_default()
    }

    pub(crate) fn matches(&self, presented: &Presented) -> bool {
        constant_time_eq_n(&self.padded, &presented.0)
    }

    /// Compares two configured secrets.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        constant_time_eq_n(&self.padded, &other.padded)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// What somebody presented, at the width at which it is compared.
pub(crate) struct Presented(Padded);

impl Presented {
    pub(crate) fn new(presented: &str) -> Self {
        // What is longer than any configured secret becomes the empty one, which is never configured.
        Self(pad(presented).unwrap_or([0; WIDTH]))
    }
}

fn pad(secret: &str) -> Option<Padded> {
    let mut padded = [0; WIDTH];
    let (length, bytes) = padded.split_at_mut(2);
    length.copy_from_slice(&u16::try_from(secret.len()).ok()?.to_be_bytes());
    bytes.get_mut(..secret.len())?.copy_from_slice(secret.as_bytes());
    Some(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = "5f1d0c7a9b3e42688d0e6f7a1b2c3d4e";

    #[test]
    fn only_the_same_bytes_match() {
        let token = Token::new(REAL).unwrap();
        assert!(token.matches(&Presented::new(REAL)));
        let longer = format!("{REAL}4e");
        let upper = REAL.to_uppercase();
        let (space, nul, newline) = (format!("{REAL} "), format!("{REAL}\0"), format!("{REAL}\n"));
        let huge = REAL.repeat(10_000);
        for wrong in ["", &REAL[..31], &REAL[1..], &longer, &upper, &space, &nul, &newline, &huge] {
            assert!(!token.matches(&Presented::new(wrong)), "{wrong:.60?}");
        }
    }

    #[test]
    fn the_configured_value_is_trimmed_and_checked() {
        for configured in [" \tabc\r\n", "\u{feff}abc", "abc"] {
            let token = Token::new(configured).unwrap();
            assert!(token.matches(&Presented::new("abc")), "{configured:?}");
            assert_eq!(token.expose(), "abc");
        }
        assert_eq!(
            Token::new(" \n").unwrap_err().to_string(),
            "the configured token or secret is empty or only white space, expected the value that Aircall shows for the webhook"
        );
        assert!(Token::new("x".repeat(256)).is_ok());
        assert_eq!(
            Token::new("x".repeat(257)).unwrap_err().to_string(),
            "the configured token or secret has 257 bytes, expected at most 256 (Aircall's have 32)"
        );
    }
}
