use std::{fmt, time::Duration};

use super::{Harm, Skip};
use crate::{
    catalogue::PLAIN_EVENT_CASE,
    observation::{Dropped, Outcome},
};

/// What a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// An honest event got its 2xx in time.
    Acknowledged,
    /// An honest event was answered, but not with a 2xx.
    Refused,
    /// An honest event was answered with a redirect.
    Redirected,
    /// No response was complete in time.
    TimedOut,
    /// The connection ended before the response was whole.
    Dropped,
    /// What came back is no HTTP.
    Garbled,
    /// There was no connection to be had.
    Unreachable,
    /// It was refused, as it should be.
    RefusedAsDue,
    /// It was refused by the end of the connection, which is enough.
    HungUp,
    /// It was answered, and nothing more is asked.
    Survived,
    /// A 2xx to what should be refused: the status does not tell whether it was handled.
    MayBeHandled,
    /// A 2xx to what should be refused, from a receiver that answers a wrong token with a 4xx.
    LetIn,
    /// The end of the connection where a 4xx should be.
    HungUpInstead,
    /// A 2xx to what should be refused, from a receiver that refuses what is honest.
    AcceptedInstead,
    /// A 429 does not tell what would have been the answer.
    TooOften,
    /// A redirect to what should be refused.
    RedirectedInstead,
    /// A 5xx to what should be refused.
    BrokeInstead,
    /// A 2xx to a method that events do not come by.
    MethodAccepted,
    /// The slowest acknowledgement left more than half of the time.
    TimeToSpare,
    /// The slowest acknowledgement took this long.
    LittleTimeToSpare(Duration),
    /// Honest events were acknowledged after every hostile request.
    Unharmed,
    /// The honest event right after met with this.
    Harmed(Outcome),
    /// Honest events met with this after strangers had been refused, from this case on.
    LockedOut(String, Outcome),
    /// After hostile requests side by side an honest event met with this.
    HarmedTogether(Harm),
    /// Some of several honest events were not acknowledged.
    Several {
        /// How many.
        failed: usize,
        /// Of how many.
        all: usize,
        /// What became of the first of them.
        first: Box<Reason>,
    },
    /// Every size was taken, up to so many bytes.
    Takes(usize),
    /// Sizes were taken only so far.
    Limited {
        /// The largest that was taken, in bytes.
        taken: usize,
        /// The smallest that was not, in bytes.
        refused: usize,
    },
    /// Anything would have done.
    LivedOn,
    /// It was answered with success and not handled.
    NotHandled,
    /// It was handled, whatever the answer said.
    HandledInstead,
    /// The event was handled once.
    HandledOnce,
    /// The event was handled so many times.
    HandledTimes(usize),
    /// So many events were acknowledged, and all were handled.
    AllHandled(usize),
    /// Of so many acknowledged events those of these cases were not handled.
    Lost {
        /// How many were acknowledged.
        acknowledged: usize,
        /// The case of each event that was not handled.
        lost: Vec<String>,
    },
    /// The certificate is good in this respect.
    GoodCertificate,
    /// The certificate is not.
    BadCertificate(String),
    /// The token was looked for and not found.
    TokenNotSeen,
    /// The token stood in the responses to these cases.
    TokenInResponses(Vec<String>),
    /// The token stood in this part of what the receiver printed.
    TokenInOutput(String),
    /// The endpoint was reached by `https`.
    Https,
    /// The endpoint was reached by plain `http`.
    NotHttps,
    /// Nothing was seen.
    Skipped(Skip),
}

impl Reason {
    /// Returns the word for it in machine-readable reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Refused => "refused",
            Self::Redirected => "redirected",
            Self::TimedOut => "timed-out",
            Self::Dropped => "dropped",
            Self::Garbled => "garbled",
            Self::Unreachable => "unreachable",
            Self::RefusedAsDue => "refused-as-due",
            Self::HungUp => "hung-up",
            Self::Survived => "survived",
            Self::MayBeHandled => "may-be-handled",
            Self::LetIn => "let-in",
            Self::HungUpInstead => "hung-up-instead",
            Self::AcceptedInstead => "accepted-instead",
            Self::TooOften => "too-often",
            Self::RedirectedInstead => "redirected-instead",
            Self::BrokeInstead => "broke-instead",
            Self::MethodAccepted => "method-accepted",
            Self::TimeToSpare => "time-to-spare",
            Self::LittleTimeToSpare(_) => "little-time-to-spare",
            Self::Unharmed => "unharmed",
            Self::Harmed(_) | Self::HarmedTogether(_) => "harmed",
            Self::LockedOut(..) => "locked-out",
            Self::Several { first, .. } => first.code(),
            Self::Takes(_) => "takes-all-sizes",
            Self::Limited { .. } => "limited",
            Self::LivedOn => "lived-on",
            Self::NotHandled => "not-handled",
            Self::HandledInstead => "handled-instead",
            Self::HandledOnce => "handled-once",
            Self::HandledTimes(0) => "never-handled",
            Self::HandledTimes(_) => "handled-several-times",
            Self::AllHandled(_) => "all-handled",
            Self::Lost { .. } => "lost",
            Self::GoodCertificate => "good-certificate",
            Self::BadCertificate(_) => "bad-certificate",
            Self::TokenNotSeen => "token-not-seen",
            Self::TokenInResponses(_) => "token-in-responses",
            Self::TokenInOutput(_) => "token-in-output",
            Self::Https => "https",
            Self::NotHttps => "not-https",
            Self::Skipped(skip) => skip.code(),
        }
    }
}

/// A part of a sentence, for a report: what the receiver did.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledged => f.write_str("acknowledged in time"),
            Self::Refused => f.write_str("refused, which Aircall counts as a failure"),
            Self::Redirected => f.write_str("redirected, which Aircall counts as a failure"),
            Self::TimedOut => f.write_str("not answered in time, which Aircall counts as a failure"),
            Self::Dropped => f.write_str("not answered: the connection ended"),
            Self::Garbled => f.write_str("not answered in HTTP"),
            Self::Unreachable => f.write_str("not answered: there was no connection to be had any more"),
            Self::RefusedAsDue => f.write_str("refused"),
            Self::HungUp => f.write_str("refused by the end of the connection"),
            Self::Survived => f.write_str("answered in time"),
            Self::MayBeHandled => f.write_str(
                "answered with success, which does not tell whether the event was handled all the same: the token \
                     may not be checked at all",
            ),
            Self::LetIn => f.write_str("answered with success, while another wrong token is refused: it is let in"),
            Self::HungUpInstead => f.write_str("refused by the end of the connection, which a crash looks like, too"),
            Self::AcceptedInstead => f.write_str("accepted, while the honest event is refused"),
            Self::TooOften => f.write_str("sent away for coming too often, so the answer itself is not known"),
            Self::RedirectedInstead => f.write_str("redirected instead of refused"),
            Self::BrokeInstead => f.write_str("refused by accident: a 5xx is an error that nobody foresaw"),
            Self::MethodAccepted => f.write_str("answered with success, though no event can come this way"),
            Self::TimeToSpare => f.write_str("the slowest acknowledgement left more than half of the time"),
            Self::LittleTimeToSpare(elapsed) => {
                write!(f, "the slowest acknowledgement took {:.1} s", elapsed.as_secs_f64())
            }
            Self::Unharmed => f.write_str("the honest event after hostile requests side by side was acknowledged"),
            Self::Harmed(outcome) => {
                write!(f, "it does harm: {} ({outcome} to the honest event right after)", harm(outcome))
            }
            Self::LockedOut(case, outcome) => write!(
                f,
                "everybody is refused ({outcome} to honest events) once some strangers have been, here since {case}"
            ),
            Self::HarmedTogether(harmed) => write!(
                f,
                "after {} together {} ({} to the honest event right after)",
                list(&harmed.after),
                harm(&harmed.outcome),
                harmed.outcome
            ),
            Self::Several { failed, all, first } => write!(f, "{failed} of {all} not acknowledged; the first: {first}"),
            Self::Takes(bytes) => write!(f, "every size was taken, up to {} KiB", bytes / 1024),
            Self::Limited { taken, refused } => {
                write!(f, "{} KiB were taken, {} KiB were not", taken / 1024, refused / 1024)
            }
            Self::LivedOn => f.write_str("the honest event right after was acknowledged, and no more is asked"),
            Self::NotHandled => f.write_str("answered with success, and not handled"),
            Self::HandledInstead => f.write_str("handled, as the receiver itself reported"),
            Self::HandledOnce => f.write_str("handled once"),
            Self::HandledTimes(0) => f.write_str("acknowledged, and never handled"),
            Self::HandledTimes(times) => write!(f, "handled {times} times"),
            Self::AllHandled(count) => write!(f, "all of the {count} acknowledged events were handled"),
            Self::Lost { acknowledged, lost } if lost.len() == *acknowledged => write!(
                f,
                "{acknowledged} events were acknowledged, and none was reported to the collector: either they are lost, or \
                 the receiver does not report what it handles"
            ),
            Self::Lost { acknowledged, lost } => {
                let count = lost.len();
                let mut cases = lost.clone();
                cases.dedup();
                write!(f, "{count} of {acknowledged} acknowledged events were never handled: {}", list(&cases))
            }
            Self::GoodCertificate => f.write_str("it does"),
            Self::BadCertificate(problem) => f.write_str(problem),
            Self::TokenNotSeen => f.write_str("the token was looked for and not found"),
            Self::TokenInResponses(cases) => write!(f, "the token stood in the response to {}", list(cases)),
            Self::TokenInOutput(line) => write!(f, "the token stood in what the receiver printed: {line}"),
            Self::Https => f.write_str("reached by https"),
            Self::NotHttps => f.write_str("judged over plain http; Aircall itself delivers to https alone"),
            Self::Skipped(skip) => skip.fmt(f),
        }
    }
}

impl Skip {
    const fn code(&self) -> &'static str {
        match self {
            Self::PlainEventRefused => "plain-event-refused",
            Self::Harmed(_) => "receiver-harmed",
            Self::LockedOut(_) => "locked-out",
            Self::Silent(_) => "receiver-silent",
            Self::NotLocal => "not-local",
            Self::NoSuchRequest => "no-such-request",
            Self::NothingToReview => "nothing-to-review",
            Self::NoOutput => "no-output",
            Self::NoCollector => "no-collector",
            Self::NotReporting => "not-reporting",
            Self::NoOtherWebhook => "no-other-webhook",
            Self::NoConnections => "no-connections",
            Self::NotOffered => "not-offered",
            Self::NotHttps => "not-https",
            Self::Untrusted => "certificate-not-trusted",
            Self::InProcess => "in-process",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlainEventRefused => {
                write!(f, "depends on {PLAIN_EVENT_CASE}: while that is refused, another answer tells nothing")
            }
            Self::Harmed(case) => write!(f, "honest events are no longer acknowledged since {case}"),
            Self::LockedOut(case) => write!(f, "honest events are refused as strangers are since {case}"),
            Self::Silent(count) => write!(f, "{count} deliveries in a row were not answered in time"),
            Self::NotLocal => f.write_str("hostile, and the receiver is on another machine"),
            Self::NoSuchRequest => f.write_str("the token has no lower-case letters, so it has no other upper case"),
            Self::NothingToReview => f.write_str("nothing came back that could be reviewed"),
            Self::NoCollector => f.write_str(
                "nobody was there to be told what was handled; --collector listens for what the receiver reports",
            ),
            Self::NotReporting => f.write_str("the receiver reported nothing to the collector"),
            Self::NoOtherWebhook => f.write_str("needs the token of a second webhook, which --other-token gives"),
            Self::NoConnections => f.write_str("a service in this process has no connections to do it with"),
            Self::NotOffered => f.write_str("HTTP/2 is not offered, and Aircall does not need it"),
            Self::NotHttps => f.write_str("reached by plain http, so there is no certificate to look at"),
            Self::Untrusted => {
                f.write_str("the certificate is not to be relied on, so the token was not sent; --insecure sends it")
            }
            Self::NoOutput => f.write_str("the receiver was not started by this run, so its output cannot be read"),
            Self::InProcess => f.write_str("a service in this process has no URL"),
            Self::Interrupted => f.write_str("the run was ended before"),
        }
    }
}

/// In which way a receiver is no longer what it was.
fn harm(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Unreachable(_) => "the receiver no longer listens",
        Outcome::TimedOut(_) => "the receiver hangs",
        Outcome::Dropped(Dropped::Closed | Dropped::Reset) => "the receiver closes connections",
        _ => "the receiver refuses honest events",
    }
}

/// The first few, and how many more.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let first = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
