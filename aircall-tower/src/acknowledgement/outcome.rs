//! How an attempt to deliver ended.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;

/// How an attempt to deliver an event ended, and what its sender was answered.
///
/// It stands in the extensions of the response, goes to the hook set with
/// [`on_outcome`](crate::WebhookLayer::on_outcome), and to `tracing` and `metrics` if those features are on. The sender
/// sees a status and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub(super) kind: OutcomeKind,
    pub(super) status: Option<StatusCode>,
    pub(super) reason: Option<Arc<str>>,
}

impl Outcome {
    /// Returns which way it ended.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        self.kind
    }

    /// Returns the status that the sender is answered, or `None` where nobody is there to be answered any more.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns what exactly was wrong, where there is more to say than the kind: a defect of the body, the status or
    /// the error of the handler, the message of its panic. Occurrences of the token in it are masked.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.description())?;
        if let Some(reason) = self.reason() {
            write!(f, ": {reason}")?;
        }
        Ok(())
    }
}

/// Why an attempt is not going to reach the handler.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
}

impl Refusal {
    pub(crate) fn because(kind: OutcomeKind, reason: impl fmt::Display) -> Self {
        Self { kind, reason: Some(reason.to_string()) }
    }
}

impl From<OutcomeKind> for Refusal {
    fn from(kind: OutcomeKind) -> Self {
        Self { kind, reason: None }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $authentic:literal, $description:literal;)*) => {
        /// Each way in which an attempt to deliver can end.
        ///
        /// Those up to [`ResolverFailed`](Self::ResolverFailed) are about a stranger, for all anybody knows; the others
        /// about somebody who knows a valid token.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum OutcomeKind {
            $($(#[$doc])* $variant,)*
        }

        impl OutcomeKind {
            /// Every kind, in the order in which a request can meet them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns a name for logs and metric labels, in lower case with underscores.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns true if the attempt carried a valid token.
            #[must_use]
            pub fn is_authentic(self) -> bool {
                match self { $(Self::$variant => $authentic,)* }
            }

            /// Returns what happened, in words.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }
        }
    };
}

kinds! {
    /// The method was not `POST`.
    MethodNotAllowed = "method_not_allowed", false, "the method is not POST";
    /// The body was compressed. Aircall sends none that is.
    UnsupportedCoding = "unsupported_coding", false, "the body has a content coding other than identity";
    /// The secret in the URL's query was missing or wrong.
    WrongUrlSecret = "wrong_url_secret", false, "the URL does not carry the secret";
    /// The body was longer than the limit, and no valid token stood in its beginning.
    TooLarge = "too_large", false, "the body is over the limit";
    /// Bodies of other strangers held all the memory that strangers get.
    Overloaded = "overloaded", false, "unauthenticated bodies hold all the memory they may";
    /// The body was not complete in time, and no valid token stood in what had arrived.
    ReadTimeout = "read_timeout", false, "the body did not arrive in time";
    /// The connection broke in the middle of the body, and no valid token stood in what had arrived.
    Incomplete = "incomplete", false, "the body did not arrive whole";
    /// The body is not an object in JSON, and no valid token was found in it.
    Malformed = "malformed", false, "the body is no envelope";
    /// There was no token, or a wrong one.
    Unauthenticated = "unauthenticated", false, "the body carries no valid token";
    /// It could not be found out whether the token is valid. It may have been an honest delivery.
    ResolverFailed = "resolver_failed", false, "the token could not be looked up";
    /// The body was longer than the limit; the valid token stood in its beginning. It was **not** handled.
    Oversized = "oversized", true, "the body of an authentic delivery is over the limit";
    /// The body carried a valid token but is no envelope. It was **not** handled.
    Unreadable = "unreadable", true, "the body of an authentic delivery is no envelope";
    /// The valid token arrived but the rest of the body did not, or not in time. It was **not** handled, and only
    /// sending it again can help.
    Interrupted = "interrupted", true, "an authentic delivery did not arrive whole";
    /// The event is in the [inbox](crate::WebhookLayer::inbox), on disk, and a worker is going to handle it.
    Stored = "stored", true, "the event is stored";
    /// The inbox has had the event before; nothing was stored.
    Duplicate = "duplicate", true, "the event has been stored before";
    /// The inbox could not take the event in. It was **not** handled either.
    NotStored = "not_stored", true, "the event could not be stored";
    /// The handler answered with a 2xx.
    Handled = "handled", true, "the handler accepted the event";
    /// The handler answered with something else.
    Rejected = "rejected", true, "the handler answered with a status that is no 2xx";
    /// The handler returned an error, or will never be ready again.
    Failed = "failed", true, "the handler failed";
    /// The handler panicked.
    Panicked = "panicked", true, "the handler panicked";
    /// The handler was not done at the deadline. It runs on, and how it ends is reported once more.
    Deferred = "deferred", true, "the handler is not done and runs on after the answer";
    /// The sender hung up while the handler was running, or the event was being stored. That goes on, and how it ends is
    /// reported once more.
    HungUp = "hung_up", true, "the sender hung up while the event was handled, which goes on";
    /// The handler was stopped because the runtime was shut down around it. What it had left to do is lost unless the
    /// hook keeps the delivery: see [`WebhookHandle::drained`](crate::WebhookHandle::drained).
    Lost = "lost", true, "the runtime was shut down while the handler was running";
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
