//! The tokens that are valid now.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::secret::Presented;
use super::{Tenant, Token};
use crate::error::{ConfigError, Problem};

/// The tokens that a receiver accepts, which can be exchanged while it runs.
///
/// A clone is a handle to the same set: give one to the layer, keep the other, and [`replace`](Self::replace) the
/// tokens when a webhook is created anew. Aircall has no rotation, so during the change two tokens are valid.
///
/// ```
/// use aircall_tower::{Tenant, Token, Tokens, WebhookLayer};
///
/// let tokens = Tokens::new([(Token::new("acme's token")?, Tenant::new("acme")?)])?;
/// let layer = WebhookLayer::new(tokens.clone());
///
/// // Later, without a restart:
/// tokens.replace([
///     (Token::new("acme's token")?, Tenant::new("acme")?),
///     (Token::new("acme's next token")?, Tenant::new("acme")?),
/// ])?;
/// # Ok::<(), aircall_tower::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Tokens {
    current: Arc<RwLock<Arc<[Accepted]>>>,
}

/// A token that is accepted, and whose it is.
///
/// Made from a [`Token`], or from a pair of one and its [`Tenant`].
#[derive(Debug, Clone)]
pub struct Accepted {
    token: Token,
    tenant: Option<Tenant>,
}

impl Tokens {
    /// Accepts these tokens: each a [`Token`], or a pair of one and the [`Tenant`] it belongs to.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, or one of them twice.
    pub fn new<I>(tokens: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator,
        I::Item: Into<Accepted>,
    {
        Ok(Self { current: Arc::new(RwLock::new(checked(tokens)?)) })
    }

    /// Accepts these tokens from now on, and no others.
    ///
    /// Deliveries that have passed the check already are not affected.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); the tokens then stay what they were.
    pub fn replace<I>(&self, tokens: I) -> Result<(), ConfigError>
    where
        I: IntoIterator,
        I::Item: Into<Accepted>,
    {
        let tokens = checked(tokens)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = tokens;
        Ok(())
    }

    /// Returns how many tokens are accepted.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a set of no tokens cannot be made")]
    pub fn len(&self) -> usize {
        self.snapshot().len()
    }

    /// Finds whose token was presented, looking at every token whether or not an earlier one matched.
    pub(super) fn find(&self, presented: &str) -> Option<Option<Tenant>> {
        let presented = Presented::new(presented);
        let tokens = self.snapshot();
        let found = tokens.iter().fold(None, |found, accepted| {
            let matches = accepted.token.matches(&presented);
            if matches { Some(accepted) } else { found }
        });
        found.map(|accepted| accepted.tenant.clone())
    }

    fn snapshot(&self) -> Arc<[Accepted]> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.snapshot().iter()).finish()
    }
}

impl From<Token> for Accepted {
    fn from(token: Token) -> Self {
        Self { token, tenant: None }
    }
}

impl From<(Token, Tenant)> for Accepted {
    fn from((token, tenant): (Token, Tenant)) -> Self {
        Self { token, tenant: Some(tenant) }
    }
}

impl From<Token> for Tokens {
    fn from(token: Token) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new([token.into()]))) }
    }
}

fn checked<I>(tokens: I) -> Result<Arc<[Accepted]>, ConfigError>
where
    I: IntoIterator,
    I::Item: Into<Accepted>,
{
    let tokens: Arc<[Accepted]> = tokens.into_iter().map(Into::into).collect();
    if tokens.is_empty() {
        return Err(Problem::NoTokens.into());
    }
    for (second, accepted) in tokens.iter().enumerate() {
        if let Some(first) = tokens[..second].iter().position(|earlier| earlier.token.is_same_as(&accepted.token)) {
            return Err(Problem::RepeatedToken { first: first + 1, second: second + 1 }.into());
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token {
        Token::new(text).unwrap()
    }

    fn tenant(name: &str) -> Tenant {
        Tenant::new(name).unwrap()
    }

    #[test]
    fn the_tenant_is_that_of_the_token() {
        let tokens = Tokens::new([(token("a"), tenant("first")), (token("b"), tenant("second"))]).unwrap();
        assert_eq!(tokens.find("a"), Some(Some(tenant("first"))));
        assert_eq!(tokens.find("b"), Some(Some(tenant("second"))));
        assert_eq!(tokens.find("c"), None);
        assert_eq!(tokens.find(""), None);
        assert_eq!(Tokens::from(token("a")).find("a"), Some(None));
    }

    #[test]
    fn tokens_are_exchanged_through_any_clone() {
        let tokens = Tokens::new([token("old")]).unwrap();
        let handle = tokens.clone();
        handle.replace([token("old"), token("new")]).unwrap();
        assert!(tokens.find("old").is_some() && tokens.find("new").is_some());
        handle.replace([token("new")]).unwrap();
        assert!(tokens.find("old").is_none() && tokens.find("new").is_some());
        assert_eq!(handle.len(), 1);
    }

    #[test]
    fn a_set_that_could_not_work_is_refused_and_changes_nothing() {
        let tokens = Tokens::new([token("kept")]).unwrap();
        assert_eq!(
            tokens.replace([] as [Token; 0]).unwrap_err().to_string(),
            "the set of tokens is empty, expected at least one: without it every delivery would be refused"
        );
        assert_eq!(
            tokens.replace([(token("x"), tenant("a")), (token("x "), tenant("b"))]).unwrap_err().to_string(),
            "tokens 1 and 2 of the set (counted from 1) are the same, expected each once: a delivery could not be told to belong to one tenant"
        );
        assert!(tokens.find("kept").is_some());
    }
}
