//! Tower's layer: what is configured, and what makes the service.

#[cfg(feature = "inbox")]
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::Layer;

use crate::acknowledgement::Policy;
use crate::error::{ConfigError, Problem};
use crate::handle::{Shared, WebhookHandle};
#[cfg(feature = "inbox")]
use crate::inbox::Inbox;
use crate::limit::Limits;
use crate::observe::{Hook, Report};
use crate::service::Webhook;
use crate::token::{ResolveToken, Token, Tokens, UrlSecret, Verifier};

/// A layer that turns a service into a receiver of Aircall webhooks.
///
/// It reads, authenticates and parses each delivery, puts a [`Delivery`](crate::Delivery) into the request's
/// extensions, calls the inner service, and answers in time whatever that does. The crate's documentation describes the
/// road of a request and what each outcome is answered.
///
/// ```
/// use aircall_tower::{Token, WebhookLayer};
///
/// let layer = WebhookLayer::new(Token::new("5f1d0c7a9b3e42688d0e6f7a1b2c3d4e")?);
/// # Ok::<(), aircall_tower::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct WebhookLayer {
    config: Arc<Config>,
}

#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) name: Arc<str>,
    pub(crate) path: Option<Arc<str>>,
    pub(crate) limits: Limits,
    pub(crate) url_secret: Option<UrlSecret>,
    pub(crate) verifier: Verifier,
    pub(crate) deadline: Duration,
    pub(crate) policy: Policy,
    pub(crate) hook: Option<Hook>,
    #[cfg(feature = "inbox")]
    pub(crate) inbox: Option<Inbox>,
    pub(crate) shared: Arc<Shared>,
}

/// How long after a request's arrival it is answered at the latest. Aircall gives up after 5 s; the rest is for the way.
const DEADLINE: Duration = Duration::from_secs(4);

impl WebhookLayer {
    /// Accepts deliveries that carry one of these tokens: a [`Token`], or a set of [`Tokens`].
    #[must_use]
    pub fn new(tokens: impl Into<Tokens>) -> Self {
        Self::verifying(Verifier::Tokens(tokens.into()))
    }

    /// Accepts deliveries whose token somebody else knows, such as a database.
    #[must_use]
    pub fn with_resolver(resolver: impl ResolveToken) -> Self {
        Self::verifying(Verifier::Resolver(Arc::new(resolver)))
    }

    /// Takes for the webhook only requests with just this path. All others pass through untouched.
    ///
    /// So the layer can stand in front of a whole service, gRPC for instance. Without it, every request is taken for
    /// the webhook's, which is what a layer on a single route wants.
    ///
    /// The path is compared to the byte with that of the request's URI, which is what is left after a router has stripped
    /// the prefix of a nested service. **A path that only means the same passes through unchecked**: if the inner service
    /// trims slashes, rewrites paths, or has the handler on a wildcard, strangers may reach it. Take a
    /// [`Delivery`](crate::Delivery) in the handler, which is there only if the layer has put it there, or normalize paths
    /// outside of this layer.
    ///
    /// # Errors
    ///
    /// Returns an error if the path does not begin with `/`, or holds a `?` or `#` and could never match.
    pub fn at(self, path: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        let path = path.into();
        // What follows may hold a secret, and an error is going to be printed.
        let shown = path.split(['?', '#']).next().unwrap_or_default();
        if !shown.starts_with('/') {
            return Err(Problem::RelativePath(shown.to_owned()).into());
        }
        if shown.len() < path.len() {
            return Err(Problem::PathWithQuery(shown.to_owned()).into());
        }
        Ok(self.configured(|config| config.path = Some(path)))
    }

    /// Demands a secret in the query of the URL as well, under a name of your choice, before the body is read.
    ///
    /// Aircall calls the URL as it was configured, query included. URLs are written to logs by many proxies, so this
    /// secret keeps strangers from being read; it does not replace the token. The parameter must stand just once, and is
    /// decoded as forms are: a `+` or `&` in the secret has to be percent-encoded in the URL.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty.
    pub fn with_url_secret(self, name: impl Into<Arc<str>>, secret: Token) -> Result<Self, ConfigError> {
        let name = name.into();
        if name.is_empty() {
            return Err(Problem::EmptyParameterName.into());
        }
        Ok(self.configured(|config| config.url_secret = Some(UrlSecret::new(name, secret))))
    }

    /// Sets the bounds on what strangers can make this receiver hold.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        self.configured(|config| config.limits = limits)
    }

    /// Sets how long after a request's arrival it is answered at the latest; 4 s by default.
    ///
    /// Aircall counts 5 s and more as a failure, so a longer deadline than the default is not safe.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        self.configured(|config| config.deadline = deadline)
    }

    /// Sets which status answers which outcome.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        self.configured(|config| config.policy = policy)
    }

    /// Sets a hook that is told of every outcome: here is the place to keep what was acknowledged but not handled.
    ///
    /// It is called before the answer goes out, so it must not block; hand things to a channel or a task. A second hook
    /// replaces the first. If it panics, the answer goes out all the same.
    ///
    /// ```
    /// use aircall_tower::{OutcomeKind, Token, WebhookLayer};
    ///
    /// let (parked, mut to_store) = tokio::sync::mpsc::unbounded_channel();
    /// let layer = WebhookLayer::new(Token::new("5f1d0c7a9b3e42688d0e6f7a1b2c3d4e")?).on_outcome(move |report| {
    ///     let handled = matches!(report.outcome().kind(), OutcomeKind::Handled | OutcomeKind::Deferred);
    ///     if let (false, Some(body)) = (handled, report.body()) {
    ///         let _ = parked.send((report.outcome().clone(), body.clone()));
    ///     }
    /// });
    /// # let _ = to_store.try_recv();
    /// # Ok::<(), aircall_tower::ConfigError>(())
    /// ```
    #[must_use]
    pub fn on_outcome(self, hook: impl Fn(&Report<'_>) + Send + Sync + 'static) -> Self {
        self.configured(|config| config.hook = Some(Arc::new(hook)))
    }

    /// Stores each delivery in an inbox instead of handing it to the service inside, and acknowledges it once it is on
    /// disk. A [worker](Inbox::worker) handles it from there.
    ///
    /// What cannot be stored is refused with 503 within the failure budget, so that Aircall sends it again, and
    /// acknowledged with 200 beyond it. Then the [hook](Self::on_outcome) and the log have the only copy: the outcome is
    /// [`NotStored`](crate::OutcomeKind::NotStored).
    #[cfg(feature = "inbox")]
    #[cfg_attr(docsrs, doc(cfg(feature = "inbox")))]
    #[must_use]
    pub fn inbox(self, inbox: &Inbox) -> Self {
        self.configured(|config| config.inbox = Some(inbox.clone()))
    }

    /// Names what this layer receives, in spans and metrics; `aircall` by default.
    ///
    /// Name each where a process has several, or their gauges are one.
    #[must_use]
    pub fn with_name(self, name: impl Into<Arc<str>>) -> Self {
        self.configured(|config| config.name = name.into())
    }

    /// Returns a view of everything that this layer and its clones have under way.
    #[must_use]
    pub fn handle(&self) -> WebhookHandle {
        WebhookHandle::new(Arc::clone(&self.config.shared))
    }

    fn verifying(verifier: Verifier) -> Self {
        Self {
            config: Arc::new(Config {
                name: Arc::from("aircall"),
                path: None,
                limits: Limits::default(),
                url_secret: None,
                verifier,
                deadline: DEADLINE,
                policy: Policy::default(),
                hook: None,
                #[cfg(feature = "inbox")]
                inbox: None,
                shared: Shared::new(),
            }),
        }
    }

    fn configured(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }
}

impl<S> Layer<S> for WebhookLayer {
    type Service = Webhook<S>;

    fn layer(&self, inner: S) -> Webhook<S> {
        Webhook::new(inner, Arc::clone(&self.config))
    }
}

#[cfg(feature = "inbox")]
impl Config {
    /// The URI of a request as far as it may be stored.
    pub(crate) fn uri_without_secret(&self, uri: &http::Uri) -> http::Uri {
        match &self.url_secret {
            Some(secret) => secret.taken_out_of(uri),
            None => uri.clone(),
        }
    }

    /// The value of a header as far as it may be stored.
    pub(crate) fn header_without_secret<'a>(&self, value: Cow<'a, str>) -> Cow<'a, str> {
        match &self.url_secret {
            Some(secret) => secret.hide(&value).into(),
            None => value,
        }
    }
}

impl fmt::Debug for WebhookLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookLayer")
            .field("name", &self.name)
            .field("path", &self.path)
            .field("limits", &self.limits)
            .field("url_secret", &self.url_secret)
            .field("verifier", &self.verifier)
            .field("deadline", &self.deadline)
            .field("policy", &self.policy)
            .field("hook", &self.hook.is_some())
            .finish_non_exhaustive()
    }
}
