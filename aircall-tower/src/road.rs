//! The road of one request, station by station.
//!
//! ```text
//! limit -> envelope -> token -> extension -> handler, or inbox -> acknowledgement
//! ```
//!
//! The token is looked at as soon as it has arrived, in the middle of the reading, and the envelope once everything
//! has. That way a wrong token is not paid for with the rest of its body.

mod journey;
#[cfg(feature = "inbox")]
mod storing;

use std::future::Future;
use std::pin::pin;
#[cfg(feature = "inbox")]
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use tokio::time::Instant;
use tower::{BoxError, Service};

use self::journey::Handed;
pub(crate) use self::journey::Journey;
#[cfg(feature = "inbox")]
use self::storing::Task;
use crate::acknowledgement::{Attempt, OutcomeKind, Refusal};
use crate::body::{RequestBody, ResponseBody};
use crate::envelope::{Envelope, Prefix, Seen, without_bom};
use crate::extension::Delivery;
use crate::handler::{Finished, Work};
use crate::limit::{FREE, ReadError, Reading, Share, admit, declared_length};
use crate::token::{Proof, Verified};

/// Takes one request from its arrival to its handler, or to the answer of one that does not get so far.
pub(crate) fn walk<S, B, R>(
    mut attempt: Attempt,
    inner: S,
    request: Request<B>,
) -> impl Future<Output = Result<Handed<impl Future<Output = Finished<R>> + Send>, Response<ResponseBody<R>>>> + Send
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    R: Body + Send + 'static,
{
    let deadline = attempt.after(attempt.config().deadline);

    let (parts, body) = request.into_parts();
    // No `async fn`: that would have room for each of its arguments twice.
    async move {
        let verified = match receive(&mut attempt, &parts, body, deadline).await {
            Ok(verified) => verified,
            Err(refusal) => return Err(attempt.refuse(refusal)),
        };

        let delivery = Delivery::new(verified, attempt.received_at());
        #[cfg(feature = "inbox")]
        let work = {
            let config = Arc::clone(attempt.config());
            match &config.inbox {
                Some(inbox) => {
                    attempt.store();
                    let handed_on = inbox.handles_inline().then(|| parts.clone());
                    let event = inbox.event(parts, &config, &delivery);
                    let otherwise = handed_on.map(|parts| Work::new(inner, hand_on(parts, &delivery)));
                    Task::storing(inbox, event, deadline, otherwise)
                }
                None => Task::handling(Work::new(inner, hand_on(parts, &delivery))),
            }
        };
        #[cfg(not(feature = "inbox"))]
        let work = Work::new(inner, hand_on(parts, &delivery));
        attempt.deliver(delivery);

        let work = attempt.span().instrument(work);
        Ok(Handed { work, attempt, deadline })
    }
}

/// Answers for a handler that was done in time.
fn answer<R: Body>(attempt: Attempt, finished: Finished<R>, deadline: Instant) -> Response<ResponseBody<R>> {
    let Finished { ended, response } = finished;
    let Some(response) = response else { return attempt.acknowledge(ended) };
    attempt.pass_on(ended, bounded(response, deadline))
}

/// Reads and checks a request up to the point where it is authentic and whole.
async fn receive<B: Body>(
    attempt: &mut Attempt,
    parts: &Parts,
    body: B,
    deadline: Instant,
) -> Result<Verified<Envelope>, Refusal> {
    let config = attempt.config().clone();
    admit(&parts.method, &parts.headers)?;
    if let Some(secret) = &config.url_secret
        && !secret.is_in(parts.uri.query())
    {
        return Err(OutcomeKind::WrongUrlSecret.into());
    }
    let declared = declared_length(&parts.headers, body.size_hint());
    let hold = config.limits.hold(declared)?;

    let mut share =
        Share::new(config.name.clone(), config.shared.budget.clone(), config.limits.unauthenticated_bytes());
    let read_deadline = deadline.min(attempt.after(config.limits.read_timeout()));
    let body = pin!(body);
    let mut reading = Reading::new(body, hold, read_deadline);
    let mut prefix = Prefix::new();
    let mut judged: Option<Result<Proof, Refusal>> = None;

    loop {
        let piece = match reading.more().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(error) => return Err(broken_off(error, attempt, reading, judged)),
        };
        match prefix.advance(&piece) {
            Seen::Nothing => {}
            Seen::NoString => return Err(OutcomeKind::Unauthenticated.into()),
            Seen::Token(quoted) => {
                // What waits for a lookup is held for as long as that takes.
                let room = reading.room() + piece.len();
                if config.verifier.is_elsewhere() && !share.grow_to(room.saturating_sub(FREE)) {
                    return Err(OutcomeKind::Overloaded.into());
                }
                let asked = config.verifier.is_elsewhere().then(Instant::now);
                let proof = config.verifier.verify(&quoted, read_deadline).await;
                if let Some(asked) = asked {
                    reading.extend(asked.elapsed(), deadline);
                }
                match &proof {
                    Ok(proof) => attempt.authenticated(proof.webhook()),
                    Err(refusal) if refusal.kind == OutcomeKind::Unauthenticated => {
                        return Err(OutcomeKind::Unauthenticated.into());
                    }
                    // Whether this is Aircall's, nobody knows. The rest is read, so that the hook can keep it.
                    Err(_) => {}
                }
                judged = Some(proof);
            }
        }
        if attempt.is_authentic() {
            reading.keep(piece);
            share.release();
        } else {
            reading.keep_for_now(piece);
            if !share.grow_to((reading.room() + prefix.room()).saturating_sub(FREE)) {
                return Err(OutcomeKind::Overloaded.into());
            }
        }
        if reading.overflowed() {
            if judged.is_some() {
                // A sender that is still writing may not get to read an answer, so one who may be Aircall is heard out.
                // A failure of that changes nothing: what is there has been judged.
                let _ = reading.discard().await;
            }
            return Err(too_large(attempt, reading, judged));
        }
    }

    let body = without_bom(reading.into_bytes());
    // A byte order mark is nothing the quick reader begins with, so what has begun counts from the same first byte.
    let envelope = Envelope::parse(body.clone(), prefix.into_begun());
    match judged {
        Some(Ok(proof)) => envelope.map(|envelope| proof.vouch(envelope)).map_err(|error| {
            attempt.keep(body);
            Refusal::because(OutcomeKind::Unreadable, error)
        }),
        Some(Err(refusal)) => {
            attempt.keep(body);
            Err(refusal)
        }
        None => Err(match envelope {
            Err(error) if error.is_no_object() => Refusal::because(OutcomeKind::Malformed, error),
            _ => OutcomeKind::Unauthenticated.into(),
        }),
    }
}

/// What becomes of a body that stopped arriving.
fn broken_off<B: Body>(
    error: ReadError,
    attempt: &mut Attempt,
    reading: Reading<'_, B>,
    judged: Option<Result<Proof, Refusal>>,
) -> Refusal {
    let refusal = match (judged, error) {
        (Some(Ok(_)), _) => OutcomeKind::Interrupted.into(),
        (Some(Err(refusal)), _) => refusal,
        (None, ReadError::TimedOut) => return OutcomeKind::ReadTimeout.into(),
        (None, ReadError::Broken) => return OutcomeKind::Incomplete.into(),
    };
    attempt.keep(reading.into_bytes());
    refusal
}

/// What becomes of a body that is longer than what may be held of it.
fn too_large<B: Body>(
    attempt: &mut Attempt,
    reading: Reading<'_, B>,
    judged: Option<Result<Proof, Refusal>>,
) -> Refusal {
    let refusal = match judged {
        Some(Ok(_)) => OutcomeKind::Oversized.into(),
        Some(Err(refusal)) => refusal,
        None => return OutcomeKind::TooLarge.into(),
    };
    attempt.keep(reading.into_bytes());
    refusal
}

/// Makes the request that the handler gets: the one that came, with its body as if nobody had read it.
fn hand_on<B>(mut parts: Parts, delivery: &Delivery) -> Request<RequestBody<B>> {
    // The length changes if there was a byte order mark. A right one stays: to write it anew is to allocate.
    let length = delivery.body().len();
    let mut stated = parts.headers.get_all(header::CONTENT_LENGTH).iter();
    let right = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.parse() == Ok(length));
    if stated.next().is_some_and(|first| !right(first) || stated.next().is_some()) {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    parts.extensions.insert(delivery.clone());
    Request::from_parts(parts, RequestBody::delivered(delivery.body().clone()))
}

/// Makes a handler's own 2xx into one that ends in time.
fn bounded<R: Body>(response: Response<R>, deadline: Instant) -> Response<ResponseBody<R>> {
    let (mut parts, body) = response.into_parts();
    // Servers derive these from the body; a wrong one would break the answer.
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::TRANSFER_ENCODING);
    Response::from_parts(parts, ResponseBody::acknowledging(body, deadline))
}
