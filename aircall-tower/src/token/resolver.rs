//! Tokens that are kept elsewhere, in a database for instance.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tower::BoxError;

use super::{Tenant, mask};
use crate::handler::CatchUnwind;

/// A lookup of tokens that are kept elsewhere.
///
/// Any `Fn(PresentedToken) -> impl Future<Output = Result<Option<Tenant>, E>>` is one. The answer is the tenant whose
/// token it is, or `None` if it is nobody's. An error means that it could not be found out: the outcome is then
/// [`ResolverFailed`](crate::OutcomeKind::ResolverFailed), which is not held against the sender.
///
/// The lookup happens as soon as the token has arrived, before the rest of the body is read, and again for each
/// delivery. It has the time in which a body has to arrive, 3 s by default. A stranger can cause one lookup for each
/// request, of anything up to 256 bytes: put a cache of misses, or a limit, before a database that minds. The lookup
/// should not be a plain comparison inside the database, whose time depends on where two strings differ:
/// store a hash of the token and look that up.
///
/// ```
/// use std::collections::HashMap;
/// use aircall_tower::{PresentedToken, Tenant, WebhookLayer};
///
/// # async fn tenant_by_token_hash(hash: [u8; 32]) -> Result<Option<String>, std::io::Error> { Ok(None) }
/// # fn sha256(text: &str) -> [u8; 32] { [0; 32] }
/// let layer = WebhookLayer::with_resolver(|token: PresentedToken| async move {
///     let tenant = tenant_by_token_hash(sha256(token.expose())).await?;
///     tenant.map(Tenant::new).transpose().map_err(tower::BoxError::from)
/// });
/// ```
pub trait ResolveToken: Send + Sync + 'static {
    /// Why a lookup failed.
    type Error: Into<BoxError>;

    /// Finds whose token this is.
    fn resolve(&self, token: PresentedToken) -> impl Future<Output = Result<Option<Tenant>, Self::Error>> + Send;
}

impl<F, Fut, E> ResolveToken for F
where
    F: Fn(PresentedToken) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Tenant>, E>> + Send,
    E: Into<BoxError>,
{
    type Error = E;

    fn resolve(&self, token: PresentedToken) -> impl Future<Output = Result<Option<Tenant>, E>> + Send {
        self(token)
    }
}

/// A token as it stood in a body: never empty, not known to be valid, and not printed.
#[derive(Clone)]
pub struct PresentedToken(String);

impl PresentedToken {
    pub(super) fn new(token: String) -> Self {
        Self(token)
    }

    /// Returns the token itself, to be looked up and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(***)")
    }
}

type Resolution<'a> = Pin<Box<dyn Future<Output = Result<Option<Tenant>, String>> + Send + 'a>>;

/// A [`ResolveToken`] behind a pointer, so that the layer needs no type parameter for it.
pub(crate) trait DynResolver: Send + Sync {
    fn resolve(&self, token: PresentedToken) -> Resolution<'_>;
}

impl<R: ResolveToken> DynResolver for R {
    fn resolve(&self, token: PresentedToken) -> Resolution<'_> {
        Box::pin(async move {
            let presented = token.clone();
            // Everything that is not ours happens inside: a closure may panic before it returns its future, and so may
            // the `Display` of its error.
            let asked =
                async move { ResolveToken::resolve(self, token).await.map_err(|error| error.into().to_string()) };
            let reason = match CatchUnwind::new(asked).await {
                Ok(Ok(tenant)) => return Ok(tenant),
                Ok(Err(reason)) => reason,
                Err(panic) => format!("the resolver panicked: {panic}"),
            };
            // Either may quote what was looked up.
            Err(mask(&reason, presented.expose()))
        })
    }
}
