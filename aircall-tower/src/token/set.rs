//! The tokens that are valid now.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::secret::Presented;
use super::{Tenant, Token, WebhookId};
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
    current: Arc<RwLock<Set>>,
}

/// A set as it is looked up.
struct Set {
    tokens: Vec<Accepted>,
    /// Where each token stands, by its keyed hash. Few tokens need no index, and get none.
    places: Option<Places>,
}

type Places = HashMap<WebhookId, usize, BuildHasherDefault<Hashed>>;

/// Up to so many tokens, looking at each takes no longer than looking one up.
const FEW: usize = 16;

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
        self.current().tokens.len()
    }

    /// Finds whose token was presented.
    ///
    /// Of a few, every one is compared, whether or not an earlier one matched. Of many, the one is compared that has
    /// the same hash. Its key is this process's secret, so a guess does not lead to hashes near that of a token, and the
    /// time taken tells nothing about one.
    pub(super) fn find(&self, presented: &str, hash: WebhookId) -> Option<Option<Tenant>> {
        let presented = Presented::new(presented);
        let set = self.current();
        let candidates = match &set.places {
            None => &set.tokens[..],
            Some(places) => places.get(&hash).map_or(&[][..], |place| std::slice::from_ref(&set.tokens[*place])),
        };
        let found = candidates.iter().fold(None, |found, accepted| {
            let matches = accepted.token.matches(&presented);
            if matches { Some(accepted) } else { found }
        });
        found.map(|accepted| accepted.tenant.clone())
    }

    fn current(&self) -> RwLockReadGuard<'_, Set> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.current().tokens).finish()
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
        Self { current: Arc::new(RwLock::new(Set { tokens: vec![token.into()], places: None })) }
    }
}

fn checked<I>(tokens: I) -> Result<Set, ConfigError>
where
    I: IntoIterator,
    I::Item: Into<Accepted>,
{
    let tokens: Vec<Accepted> = tokens.into_iter().map(Into::into).collect();
    if tokens.is_empty() {
        return Err(Problem::NoTokens.into());
    }
    let mut places = Places::default();
    let mut collision = false;
    for (second, accepted) in tokens.iter().enumerate() {
        let Some(first) = places.insert(WebhookId::of(accepted.token.expose()), second) else { continue };
        if tokens[first].token.is_same_as(&accepted.token) {
            return Err(Problem::RepeatedToken { first: first + 1, second: second + 1 }.into());
        }
        // Two tokens of one hash will not be seen in a lifetime. But if so, each has to be looked at.
        collision = true;
    }
    let places = (tokens.len() > FEW && !collision).then_some(places);
    Ok(Set { tokens, places })
}

/// Takes a keyed hash for what it is, instead of hashing it again.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Nothing but a `WebhookId` is ever hashed with this, and that is one number.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
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

    fn find(tokens: &Tokens, presented: &str) -> Option<Option<Tenant>> {
        tokens.find(presented, WebhookId::of(presented))
    }

    #[test]
    fn each_of_many_is_found_as_each_of_a_few_is() {
        for many in [1, FEW, FEW + 1, 1000] {
            let named = |number: usize| (token(&format!("token {number}")), tenant(&format!("tenant {number}")));
            let tokens = Tokens::new((0..many).map(named)).unwrap();
            assert_eq!(tokens.current().places.is_some(), many > FEW);
            for number in 0..many {
                assert_eq!(find(&tokens, &format!("token {number}")), Some(Some(named(number).1)));
            }
            for wrong in ["", "token", &format!("token {many}"), "token 0 "] {
                assert_eq!(find(&tokens, wrong), None, "{wrong:?} among {many}");
            }
            // A hash that belongs to another token proves nothing.
            assert_eq!(tokens.find("wrong", WebhookId::of("token 0")), None);
            let again = Tokens::new((0..many).chain([0]).map(named)).unwrap_err().to_string();
            assert!(again.starts_with(&format!("tokens 1 and {} of the set", many + 1)), "{again}");
        }
    }

    #[test]
    fn the_tenant_is_that_of_the_token() {
        let tokens = Tokens::new([(token("a"), tenant("first")), (token("b"), tenant("second"))]).unwrap();
        assert_eq!(find(&tokens, "a"), Some(Some(tenant("first"))));
        assert_eq!(find(&tokens, "b"), Some(Some(tenant("second"))));
        assert_eq!(find(&tokens, "c"), None);
        assert_eq!(find(&tokens, ""), None);
        assert_eq!(find(&Tokens::from(token("a")), "a"), Some(None));
    }

    #[test]
    fn tokens_are_exchanged_through_any_clone() {
        let tokens = Tokens::new([token("old")]).unwrap();
        let handle = tokens.clone();
        handle.replace([token("old"), token("new")]).unwrap();
        assert!(find(&tokens, "old").is_some() && find(&tokens, "new").is_some());
        handle.replace([token("new")]).unwrap();
        assert!(find(&tokens, "old").is_none() && find(&tokens, "new").is_some());
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
        assert!(find(&tokens, "kept").is_some());
    }
}
