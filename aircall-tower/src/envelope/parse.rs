//! Reading the top level of a body that is there as a whole.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memchr;

use super::error::{Defect, EnvelopeError};
use super::scan::Begun;
use super::{Dialect, Envelope, Resource, closely, scan};
use crate::extension::{EventName, Timestamp};
use crate::payload::Text;

impl Envelope {
    /// Reads the envelope of a whole body, of which some may have been read on the way to its token.
    pub(crate) fn parse(body: Bytes, begun: Option<Begun>) -> Result<Self, EnvelopeError> {
        let places = match scan::members(&body, begun) {
            Some(places) => places,
            None => closely::members(&body)?,
        };
        // Both readers leave nothing unchecked; a part cut along JSON values is UTF-8 as the whole is.
        let raw = |place: &std::ops::Range<usize>| std::str::from_utf8(&body[place.clone()]).unwrap_or_default();
        let [event, event_name, resource, timestamp, token, data] = places;
        let (dialect, name, event) = match (event, event_name) {
            (Some(event), _) => (Dialect::Webhook, "event", event),
            (None, Some(event_name)) => (Dialect::MessageCallback, "event_name", event_name),
            (None, None) => return Err(Defect::Missing("event").into()),
        };
        let event = EventName::from(string(raw(&event), name)?);
        let resource = match (resource, dialect) {
            (Some(resource), _) => Some(known_resource(string(raw(&resource), "resource")?)),
            // The documentation of message callbacks names no `resource`.
            (None, Dialect::MessageCallback) => None,
            (None, Dialect::Webhook) => return Err(Defect::Missing("resource").into()),
        };
        let timestamp = timestamp.ok_or(Defect::Missing("timestamp"))?;
        let timestamp = raw(&timestamp)
            .parse::<i64>()
            .map_err(|_| Defect::WrongType { field: "timestamp", expected: "an integer of at most 64 bits" })?;
        let data = data.ok_or(Defect::Missing("data"))?;
        let token = token.ok_or(Defect::Missing("token"))?;

        let timestamp = match dialect {
            Dialect::Webhook => Timestamp::from_seconds(timestamp),
            Dialect::MessageCallback => Timestamp::from_millis(timestamp),
        };
        Ok(Self { body, dialect, event, resource, timestamp, data, token })
    }
}

/// Decodes a JSON string; a lone surrogate in it becomes U+FFFD.
fn string<'a>(raw: &'a str, field: &'static str) -> Result<Cow<'a, str>, EnvelopeError> {
    // `Text` is read as bytes, for which `serde_json` would take an array of numbers as well.
    let Some(inner) = raw.strip_prefix('"') else {
        return Err(Defect::WrongType { field, expected: "a string" }.into());
    };
    if let Some(plain) = inner.strip_suffix('"')
        && memchr(b'\\', plain.as_bytes()).is_none()
    {
        return Ok(Cow::Borrowed(plain));
    }
    serde_json::from_str::<Text>(raw)
        .map(|text| Cow::Owned(text.into()))
        .map_err(|_| Defect::WrongType { field, expected: "a string" }.into())
}

/// The values of `resource` seen or documented on the wire, which then need no allocation.
fn known_resource(resource: Cow<'_, str>) -> Resource {
    const KNOWN: [&str; 12] = [
        "call",
        "contact",
        "number",
        "user",
        "team",
        "message",
        "group_message",
        "integration",
        "conversation_intelligence",
        "ai_voice_agent",
        "analytics",
        "outbound_campaign",
    ];
    match KNOWN.iter().find(|known| **known == resource) {
        Some(known) => Resource::Known(known),
        None => Resource::Unknown(resource.into()),
    }
}
