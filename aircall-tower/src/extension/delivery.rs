//! One authenticated delivery.

use std::fmt;
use std::sync::OnceLock;
use std::time::SystemTime;

use bytes::Bytes;
use serde::Deserialize;

use super::{DedupKey, EventName, Timestamp};
use crate::envelope::{Dialect, Envelope, Resource};
#[cfg(feature = "inbox")]
use crate::payload::Checked;
use crate::payload::Payload;
use crate::token::{Tenant, Verified, mask};

/// An event that Aircall delivered: authenticated, known to be whole, and cheap to clone.
///
/// The layer puts it into the extensions of the request. With the feature `axum` it is an extractor.
///
/// Its `Debug` form shows what the envelope says, neither `data` nor the token.
///
/// ```
/// # use aircall_tower::{Delivery, EventName};
/// # #[derive(serde::Deserialize)] struct Call { id: u64 }
/// async fn on_event(delivery: Delivery) {
///     if *delivery.event() == EventName::CallEnded {
///         match delivery.data::<Call>() {
///             Ok(call) => println!("call {} is over", call.id),
///             Err(error) => eprintln!("an unexpected call, kept for later: {error}"),
///         }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Delivery {
    // Not behind an `Arc`: what it consists of is as cheap to clone, and the one in the extensions has a box there.
    envelope: Envelope,
    tenant: Option<Tenant>,
    received_at: SystemTime,
    dedup_key: OnceLock<DedupKey>,
}

impl Delivery {
    pub(crate) fn new(verified: Verified<Envelope>, received_at: SystemTime) -> Self {
        let (envelope, tenant) = verified.into_parts();
        Self { envelope, tenant, received_at, dedup_key: OnceLock::new() }
    }

    /// Returns the name of the event.
    #[must_use]
    pub fn event(&self) -> &EventName {
        &self.envelope.event
    }

    /// Returns the `resource`, which is not a closed set, or `None` where a message callback states none.
    ///
    /// Route on [`event`](Self::event) instead: for some events the vendor's own documents disagree about this field.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.envelope.resource.as_ref().map(Resource::as_str)
    }

    /// Returns when Aircall built the body.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.envelope.timestamp
    }

    /// Returns which of Aircall's two mechanisms sent this.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.envelope.dialect
    }

    /// Returns whose token it carried, if tokens were configured with tenants.
    #[must_use]
    pub fn tenant(&self) -> Option<&Tenant> {
        self.tenant.as_ref()
    }

    /// Returns when the request arrived here, by this machine's clock.
    #[must_use]
    pub fn received_at(&self) -> SystemTime {
        self.received_at
    }

    /// Reads `data` as the object that events of this name hold. It never fails, and loses nothing that stands there.
    ///
    /// It is read at each call. Whether an event is acknowledged never depends on it.
    ///
    /// ```
    /// # use aircall_tower::{Delivery, Payload};
    /// async fn on_event(delivery: Delivery) {
    ///     match delivery.payload() {
    ///         Payload::Call(call) if call.is_missed() => println!("call back {:?}", call.other_party()),
    ///         Payload::Call(call) => println!("{:?} talked for {:?}", call.agent(), call.talk_time()),
    ///         Payload::Unknown(raw) => println!("{} is news: {raw}", delivery.event()),
    ///         _ => {}
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn payload(&self) -> Payload {
        // The envelope has seen that it is JSON.
        Payload::from_checked(self.event(), self.raw_data())
    }

    /// Reads `data` as a type of your own, which may borrow from the body.
    ///
    /// # Errors
    ///
    /// Returns the error of `serde_json` if `data` is not such a value. On the wire a value that does not apply may be
    /// a missing key, `null`, `[]` or `{}`, and ids and times change their form between objects. The parts of
    /// [`payload`](crate::payload), such as [`Field`](crate::payload::Field), [`Id`](crate::payload::Id) and
    /// [`Time`](crate::payload::Time), are made for that, and [`raw_data`](Self::raw_data) takes anything.
    pub fn data<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.raw_data())
    }

    /// Returns `data` as the JSON text that arrived.
    #[must_use]
    pub fn raw_data(&self) -> &str {
        let envelope = &self.envelope;
        // The whole body has been validated as UTF-8; a part cut along JSON values is UTF-8 as well.
        std::str::from_utf8(&envelope.body[envelope.data.clone()]).unwrap_or_default()
    }

    /// Returns `data` as bytes that share the body's memory.
    #[must_use]
    pub fn raw_data_bytes(&self) -> Bytes {
        self.envelope.body.slice(self.envelope.data.clone())
    }

    /// Returns the whole body, **with the token in it**.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.envelope.body
    }

    /// Returns the whole body with an empty string in the place of the token, which can be stored and logged.
    ///
    /// Where a token of 16 bytes or more stands elsewhere as well, it is taken out there, too. A shorter one may be a word
    /// like any other.
    #[must_use]
    pub fn body_without_token(&self) -> String {
        let (body, token) = (self.body(), &self.envelope.token);
        // The token is a JSON value of a body that is UTF-8, so either part is.
        let text = |part| std::str::from_utf8(part).unwrap_or_default();
        let (before, behind) = (text(&body[..token.start]), text(&body[token.end..]));
        let mut without = String::with_capacity(before.len() + 2 + behind.len());
        without.extend([before, "\"\"", behind]);
        let written = text(&body[token.clone()]).trim_matches('"');
        if written.len() >= 16 && memchr::memmem::find(without.as_bytes(), written.as_bytes()).is_some() {
            without = without.replace(written, "");
        }
        without
    }

    /// Returns the first half of a SHA-256 of the token in 16 hex digits, which tells webhooks apart and no more.
    #[cfg(feature = "inbox")]
    pub(crate) fn token_fingerprint(&self) -> String {
        use sha2::{Digest, Sha256};

        let envelope = &self.envelope;
        let quoted = std::str::from_utf8(&envelope.body[envelope.token.clone()]).unwrap_or_default();
        let token = Checked::new(quoted).string().and_then(|token| token.whole()).unwrap_or_default();
        let half = Sha256::digest(token.as_bytes()).first_chunk().copied().unwrap_or_default();
        format!("{:016x}", u64::from_be_bytes(half))
    }

    /// Gives this delivery a buffer of its own, just as long as the body.
    ///
    /// A body that came in one piece is never copied. It shares the memory in which the server read the request, which
    /// may be far larger, and is given back only when nobody holds any part of it. That is right for a handler; whoever
    /// keeps deliveries for long, in a queue or a cache, makes them compact. Clones made before still share the server's.
    ///
    /// ```
    /// # use aircall_tower::Delivery;
    /// # type Kept = tokio::sync::mpsc::UnboundedSender<Delivery>;
    /// async fn on_event(kept: Kept, delivery: Delivery) {
    ///     let _ = kept.send(delivery.compact());
    /// }
    /// ```
    #[must_use]
    pub fn compact(mut self) -> Self {
        self.envelope.body = Bytes::copy_from_slice(&self.envelope.body);
        self
    }

    /// Returns the key under which a retry can be recognised. It is computed at the first call, and known to clones that
    /// are made after it.
    #[must_use]
    pub fn dedup_key(&self) -> DedupKey {
        let envelope = &self.envelope;
        *self.dedup_key.get_or_init(|| DedupKey::of(&envelope.body, envelope.token.clone(), envelope.timestamp))
    }

    /// Has the key under which it was stored: that of what arrived, of which more than the token may be gone by now.
    #[cfg(feature = "inbox")]
    pub(crate) fn with_stored_key(mut self, key: &str) -> Self {
        self.dedup_key = DedupKey::from_hex(key).map_or_else(OnceLock::new, OnceLock::from);
        self
    }

    /// Takes the token out of a text that the handler wrote, as it is and as it stands in the body.
    pub(crate) fn mask(&self, text: &str) -> String {
        let envelope = &self.envelope;
        let quoted = &envelope.body[envelope.token.clone()];
        let token = serde_json::from_slice::<String>(quoted).unwrap_or_default();
        let written = std::str::from_utf8(quoted).unwrap_or_default().trim_matches('"');
        mask(&mask(text, &token), written)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("event", self.event())
            .field("resource", &self.resource())
            .field("timestamp", &self.timestamp())
            .field("dialect", &self.dialect())
            .field("tenant", &self.tenant())
            .field("data_bytes", &self.envelope.data.len())
            .finish_non_exhaustive()
    }
}
