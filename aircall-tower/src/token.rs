//! The third station: the `token` in the body is the only proof that Aircall sent it.
//!
//! Aircall signs nothing and configures no headers. It makes one token per webhook, shows it to the webhook's owner,
//! and repeats it in every body. So it is a password that arrives with each delivery, and it is treated as one: compared
//! in constant time, never printed, and worth nothing anywhere but in its place.

mod resolver;
mod secret;
mod set;
mod url_secret;

use std::fmt;
use std::sync::Arc;

pub(crate) use self::resolver::DynResolver;
pub use self::resolver::{PresentedToken, ResolveToken};
pub use self::secret::Token;
pub use self::set::{Accepted, Tokens};
pub(crate) use self::url_secret::UrlSecret;
use crate::acknowledgement::OutcomeKind;
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
}

/// What has been proven to come from somebody who knows a valid token. Only this station makes one.
#[derive(Clone)]
pub(crate) struct Verified<T> {
    content: T,
    tenant: Option<Tenant>,
}

/// Why a presented token proves nothing.
pub(crate) struct Unproven {
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
}

impl Verifier {
    /// Judges the JSON string that stands in a body as its token.
    pub(crate) async fn verify(&self, quoted: &[u8]) -> Result<Proof, Unproven> {
        let unauthenticated = Unproven { kind: OutcomeKind::Unauthenticated, reason: None };
        // A string with a lone surrogate is no text, and so nobody's token.
        let Ok(presented) = serde_json::from_slice::<String>(quoted) else { return Err(unauthenticated) };
        match self {
            Self::Tokens(tokens) => match tokens.find(&presented) {
                Some(tenant) => Ok(Proof { tenant }),
                None => Err(unauthenticated),
            },
            Self::Resolver(_) if presented.is_empty() => Err(unauthenticated),
            Self::Resolver(resolver) => match resolver.resolve(PresentedToken::new(presented)).await {
                Ok(Some(tenant)) => Ok(Proof { tenant: Some(tenant) }),
                Ok(None) => Err(unauthenticated),
                Err(reason) => Err(Unproven { kind: OutcomeKind::ResolverFailed, reason: Some(reason) }),
            },
        }
    }
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

impl<T> Verified<T> {
    pub(crate) fn into_parts(self) -> (T, Option<Tenant>) {
        (self.content, self.tenant)
    }
}

/// Takes every occurrence of a token out of a text that somebody else wrote, such as an error.
pub(crate) fn mask(text: &str, token: &str) -> String {
    if token.is_empty() { text.to_owned() } else { text.replace(token, "***") }
}
