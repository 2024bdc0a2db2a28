//! An optional second secret, in the query of the webhook's URL.

use std::sync::Arc;

use super::secret::Presented;
use super::{Token, mask};

/// A secret that must stand in the URL under a given name. Aircall calls the URL as it was configured, query included,
/// so this is the only secret a user can add, and the only one that is known before the body is read.
#[derive(Debug, Clone)]
pub(crate) struct UrlSecret {
    name: Arc<str>,
    secret: Token,
}

impl UrlSecret {
    pub(crate) fn new(name: Arc<str>, secret: Token) -> Self {
        Self { name, secret }
    }

    /// Returns true if the query holds the parameter just once, with the secret as its value.
    pub(crate) fn is_in(&self, query: Option<&str>) -> bool {
        let mut values = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .filter(|(name, _)| *name == *self.name)
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => self.secret.matches(&Presented::new(&value)),
            _ => false,
        }
    }

    /// Returns a URI without the parameter, which is only that: path and the rest of the query stay.
    #[cfg(feature = "inbox")]
    pub(crate) fn taken_out_of(&self, uri: &http::Uri) -> http::Uri {
        let Some(query) = uri.query() else { return uri.clone() };
        let named = |pair: &&str| form_urlencoded::parse(pair.as_bytes()).all(|(name, _)| *name != *self.name);
        let kept: Vec<&str> = query.split('&').filter(named).collect();
        let (path, kept) = (uri.path(), kept.join("&"));
        let shorter = if kept.is_empty() { path.to_owned() } else { format!("{path}?{kept}") };
        shorter.parse().unwrap_or_default()
    }

    /// Takes the secret out of a header, in which a proxy or a browser may have written the URL as it likes.
    #[cfg(feature = "inbox")]
    pub(crate) fn hide(&self, value: &str) -> String {
        let masked = self.mask(value);
        let secret = self.secret.expose();
        let stands = form_urlencoded::parse(masked.as_bytes())
            .any(|(name, value)| name.contains(secret) || value.contains(secret));
        if stands { "***".to_owned() } else { masked }
    }

    /// Takes the secret out of a text that somebody else wrote, as it is and as it stands in URLs.
    pub(crate) fn mask(&self, text: &str) -> String {
        let secret = self.secret.expose();
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        mask(&mask(text, secret), &encoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_must_stand_once_with_the_secret() {
        let secret = UrlSecret::new("k y".into(), Token::new("s&=cret").unwrap());
        assert!(secret.is_in(Some("a=1&k%20y=s%26%3Dcret&b")));
        assert!(secret.is_in(Some("k+y=s%26%3Dcret")));
        for wrong in [None, Some(""), Some("k+y"), Some("k+y="), Some("other=s%26%3Dcret"), Some("k+y=S%26%3Dcret")] {
            assert!(!secret.is_in(wrong), "{wrong:?}");
        }
        assert!(!secret.is_in(Some("k+y=s%26%3Dcret&k+y=s%26%3Dcret")));
        assert_eq!(secret.mask("s&=cret in /?k+y=s%26%3Dcret"), "*** in /?k+y=***");
    }
}
