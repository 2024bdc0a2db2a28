//! What goes on the wire: a request of a case, made concrete for one token.

mod body;
mod curl;
mod headers;
mod object;

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, Method};

pub use body::RequestBody;
pub(crate) use body::dated;
pub(crate) use headers::keep_alive;
pub use object::{Mark, Object};

use crate::{
    Target, Token,
    case::{Beside, Body, Coding, Framing, Piece, Request},
    token::percent_encoded,
};

/// Makes deliveries as Aircall does.
#[derive(Debug)]
pub struct Sender {
    token: Token,
    timeout: Duration,
    other_token: Option<Token>,
    trace: AtomicU64,
    objects: AtomicU64,
    now: SystemTime,
}

impl Sender {
    /// A sender for a webhook with this token, which gives up after 5 s.
    #[must_use]
    pub fn new(token: Token) -> Self {
        // Trace ids need only differ; a machine without randomness can still judge.
        let seed = getrandom::u64().unwrap_or_default();
        Self {
            token,
            timeout: TIMEOUT,
            other_token: None,
            trace: AtomicU64::new(seed),
            objects: AtomicU64::new(Object::first(seed)),
            now: SystemTime::now(),
        }
    }

    /// The same with the token of a second webhook that the receiver serves as well.
    #[must_use]
    pub fn with_other_token(self, token: Token) -> Self {
        Self { other_token: Some(token), ..self }
    }

    /// The same with another patience.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same at another time, which the events bear. Without it, that is when the sender was made: a receiver may refuse
    /// events that are older than Aircall's retries.
    #[must_use]
    pub fn at(self, now: SystemTime) -> Self {
        Self { now, ..self }
    }

    /// Returns the token that it sends.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Returns how long it waits for a response to be complete.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns a new object for events to be about.
    #[must_use]
    pub fn object(&self) -> Object {
        Object(self.objects.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes the delivery of a request about an object of its own; `None` if the request does not exist for this sender:
    /// a token without letters has no upper case, and there may be no second webhook.
    #[must_use]
    pub fn prepare(&self, request: &Request) -> Option<Delivery> {
        self.prepare_about(self.object(), request)
    }

    /// Makes the delivery of a request about this object.
    #[must_use]
    pub fn prepare_about(&self, object: Object, request: &Request) -> Option<Delivery> {
        let token = match request.body {
            Body::OtherWebhook => self.other_token.as_ref()?,
            _ => &self.token,
        };
        let age = match request.body {
            Body::Aged(seconds) => Duration::from_secs(seconds),
            _ => Duration::ZERO,
        };
        let body = dated(body::write(request.body, token)?, self.now - age);
        let (body, mark) = object.put_into(body);
        let body = match request.coding {
            Coding::Identity => body,
            Coding::Gzip => body::compressed(&body)?,
        };
        Some(Delivery { mark, ..self.write(request.to_string(), request, body) })
    }

    /// Makes the delivery of any body, as it is, with the headers of an honest one; `what` is to tell a reader about it.
    #[must_use]
    pub fn prepare_body(&self, what: impl Into<String>, body: impl Into<Bytes>) -> Delivery {
        self.write(what.into(), &Request::post(Body::None), body.into())
    }

    fn write(&self, what: String, request: &Request, body: Bytes) -> Delivery {
        Delivery {
            what,
            method: request.method.clone(),
            query: (request.beside == Some(Beside::Query))
                .then(|| format!("token={}", percent_encoded(self.token.expose()))),
            headers: headers::write(request, body.len(), &self.token, || self.next_trace_id()).into(),
            framing: request.framing,
            wire: request.wire,
            mark: None,
            body,
            packets: vec![],
            timeout: self.timeout,
            token: self.token.clone(),
        }
    }

    /// SplitMix64: the ids have to look like ids, and nothing depends on them.
    fn next_trace_id(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.trace.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// One request, ready to be sent. It holds the token, and its `Debug` does not show it.
#[derive(Clone)]
pub struct Delivery {
    /// For a reader.
    pub(crate) what: String,
    pub(crate) method: Method,
    /// What is added to the query of the endpoint's URL.
    pub(crate) query: Option<String>,
    /// All but `host`, which the endpoint knows.
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) framing: Framing,
    pub(crate) wire: &'static [Piece],
    /// How to know the event again.
    pub(crate) mark: Option<Mark>,
    pub(crate) body: Bytes,
    /// Where the body is cut into packets.
    pub(crate) packets: Vec<usize>,
    pub(crate) timeout: Duration,
    /// To be masked in what comes back.
    pub(crate) token: Token,
}

impl Delivery {
    /// The same, with the secrets in the URL masked as well in what comes back.
    pub(crate) fn hiding(&self, target: &Target) -> Cow<'_, Self> {
        let secrets = target.query_values();
        if secrets.is_empty() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(self.hiding_texts(secrets.iter().map(String::as_str)))
    }

    /// The same, with these texts masked as well in what comes back.
    pub(crate) fn hiding_texts<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        Self { token: self.token.hiding(secrets), ..self.clone() }
    }

    /// The same with a body that comes in several packets, cut at these places, a moment between them.
    #[must_use]
    pub fn in_packets(self, cuts: impl Into<Vec<usize>>) -> Self {
        Self { packets: cuts.into(), ..self }
    }

    /// Returns the body as it goes on the wire.
    pub(crate) fn request_body(&self) -> RequestBody {
        RequestBody::new(self.body.clone(), self.framing).in_packets(&self.packets)
    }

    /// Returns a line for bash that does the same with curl, in which the token is the variable `AIRCALL_TOKEN` and the
    /// values of the URL's query are left out; `None` if the body is too long for a line, or no text.
    #[must_use]
    pub fn curl(&self, target: &Target) -> Option<String> {
        curl::write(self, target)
    }

    /// Tells whether it may be short enough for such a line.
    pub(crate) fn is_short(&self) -> bool {
        curl::is_short(self)
    }

    /// Returns how to know its event again, if it can be known.
    #[must_use]
    pub fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Returns the bytes of the body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("method", &self.method)
            .field("framing", &self.framing)
            .field("body_bytes", &self.body.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Aircall gives up when a response is not complete by then.
pub const TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::PLAIN_EVENT, endpoint::Endpoint, run::Check};

    const SECRET: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

    #[test]
    fn what_holds_the_token_does_not_print_it() {
        let sender = Sender::new(Token::new(SECRET).unwrap());
        let request = Request::post(Body::Event(PLAIN_EVENT)).with_token_beside(Beside::Query);
        let delivery = sender.prepare(&request).unwrap();
        assert!(String::from_utf8_lossy(delivery.body()).contains(SECRET));
        let body = RequestBody::new(delivery.body.clone(), delivery.framing);
        let service = tower::service_fn(|_: http::Request<RequestBody>| async {
            Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Empty::<Bytes>::new()))
        });
        let check = Check::new(Endpoint::service("/", service), sender.token().clone());
        for text in [format!("{sender:?}"), format!("{delivery:?}"), format!("{body:?}"), format!("{check:?}")] {
            assert!(!text.contains(SECRET), "{text}");
        }
    }

    #[test]
    fn events_bear_the_time_of_the_sender() {
        let sender =
            Sender::new(Token::new(SECRET).unwrap()).at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let sent = |body| String::from_utf8(sender.prepare(&Request::post(body)).unwrap().body.to_vec()).unwrap();
        assert!(sent(Body::Event(PLAIN_EVENT)).contains(r#""timestamp":1800000000,"#));
        assert!(sent(Body::Event("message.received.as-callback")).contains(r#""timestamp":1800000000000,"#));
        assert!(sent(Body::Hostile("token/null")).contains(r#""timestamp":1800000000,"#));
        assert_eq!(sent(Body::None), "");
        // Only the envelope's: the times in `data` are what they are.
        assert!(sent(Body::Event(PLAIN_EVENT)).contains(r#""started_at":1790000000"#));
        assert!(sent(Body::Aged(3600)).contains(r#""timestamp":1799996400,"#));
    }

    #[test]
    fn trace_ids_change_with_each_delivery() {
        let sender = Sender::new(Token::new(SECRET).unwrap());
        let trace = || sender.prepare(&Request::post(Body::None)).unwrap().headers["x-datadog-trace-id"].clone();
        assert_ne!(trace(), trace());
    }
}
