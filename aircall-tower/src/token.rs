//! The third station: the `token` in the body is the only proof that Aircall sent it.
//!
//! Aircall signs nothing and configures no headers. It makes one token per webhook, shows it to the webhook's owner,
//! and repeats it in every body. So it is a password that arrives with each delivery, and it is treated as one: compared
//! in constant time, never printed, and worth nothing anywhere but in its place.

mod resolver;
mod secret;
mod set;
mod url_secret;

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use tokio::time::Instant;

pub(crate) use self::resolver::DynResolver;
pub use self::resolver::{PresentedToken, ResolveToken};
use self::secret::LONGEST;
pub use self::secret::Token;
pub use self::set::{Accepted, Tokens};
pub(crate) use self::url_secret::UrlSecret;
use crate::acknowledgement::{OutcomeKind, Refusal};
use crate::deadline::{TooLate, until};
use crate::envelope::Envelope;
use crate::error::{ConfigError, Problem};

/// Whose token a delivery carried, where one URL serves several Aircall accounts or webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// Names a tenant.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty.
    pub fn new(name: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        let name = name.into();
        if name.is_empty() {
            return Err(Problem::EmptyTenant.into());
        }
        Ok(Self(name))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who knows the valid tokens.
#[derive(Clone)]
pub(crate) enum Verifier {
    Tokens(Tokens),
    Resolver(Arc<dyn DynResolver>),
}

/// That a valid token was presented, and whose it is. Only this station makes one.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    tenant: Option<Tenant>,
    webhook: WebhookId,
}

/// What has been proven to come from somebody who knows a valid token. Only this station makes one.
#[derive(Clone)]
pub(crate) struct Verified<T> {
    content: T,
    tenant: Option<Tenant>,
}

/// Tells webhooks apart by their tokens, without being one: a hash under a key that this process made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct WebhookId(u64);

impl WebhookId {
    pub(crate) fn of(token: &str) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(KEY.hash_one(token))
    }
}

impl Verifier {
    /// Returns true if asking takes time, and memory that a stranger decides about.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Resolver(_))
    }

    /// Judges the JSON string that stands in a body as its token, if need be until a deadline.
    pub(crate) async fn verify(&self, quoted: &[u8], deadline: Instant) -> Result<Proof, Refusal> {
        let Some(presented) = presented(quoted) else { return Err(OutcomeKind::Unauthenticated.into()) };
        let webhook = WebhookId::of(&presented);
        let tenant = match self {
            Self::Tokens(tokens) => tokens.find(&presented, webhook),
            Self::Resolver(resolver) => {
                let asked = resolver.resolve(PresentedToken::new(presented.into_owned()));
                match until(deadline, asked).await {
                    Ok(Ok(tenant)) => tenant.map(Some),
                    Ok(Err(reason)) => return Err(Refusal::because(OutcomeKind::ResolverFailed, reason)),
                    Err(TooLate) => return Err(Refusal::because(OutcomeKind::ResolverFailed, "no answer in time")),
                }
            }
        };
        tenant.map(|tenant| Proof { tenant, webhook }).ok_or_else(|| OutcomeKind::Unauthenticated.into())
    }
}

/// Decodes a JSON string to a text that somebody could have configured as a token. A string with a lone surrogate is no
/// text, and so nobody's token.
fn presented(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let plain = quoted
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .filter(|inner| inner.iter().all(|byte| *byte >= b' ' && *byte != b'\\'));
    let text = match plain {
        Some(plain) => Cow::Borrowed(std::str::from_utf8(plain).ok()?),
        None => Cow::Owned(serde_json::from_slice(quoted).ok()?),
    };
    (1..=LONGEST).contains(&text.len()).then_some(text)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens(tokens) => tokens.fmt(f),
            Self::Resolver(_) => f.write_str("Resolver"),
        }
    }
}

impl Proof {
    /// Vouches for the envelope in which the proof was found.
    pub(crate) fn vouch(self, envelope: Envelope) -> Verified<Envelope> {
        Verified { content: envelope, tenant: self.tenant }
    }
}

impl Proof {
    /// Returns which webhook the token belongs to.
    pub(crate) fn webhook(&self) -> WebhookId {
        self.webhook
    }
}

/// Vouches for what was verified before it was stored, when the token was still in it.
#[cfg(feature = "inbox")]
pub(crate) fn restored(envelope: Envelope, tenant: Option<Tenant>) -> Verified<Envelope> {
    Verified { content: envelope, tenant }
}

impl<T> Verified<T> {
    pub(crate) fn into_parts(self) -> (T, Option<Tenant>) {
        (self.content, self.tenant)
    }
}

/// Takes every occurrence of a token out of a text that somebody else wrote, such as an error.
pub(crate) fn mask(text: &str, token: &str) -> String {
    if token.is_empty() { text.to_owned() } else { text.replace(token, "***") }
}
