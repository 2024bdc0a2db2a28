//! What the inbox keeps of a delivery.

pub(super) mod text;

use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use serde::{Deserialize, Serialize};

use crate::body::RequestBody;
use crate::envelope::Envelope;
use crate::extension::Delivery;
use crate::layer::Config;
use crate::payload::{Checked, FromChecked, Id};

/// An event as a store keeps it: everything a worker needs to rebuild the request, and no credential.
///
/// The value of `token` in the body is the empty string, and headers and query parameters that carry credentials are
/// left out. It can be serialised, for stores that keep it as one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The [`DedupKey`](crate::DedupKey) of the delivery: 32 hex digits. Together with `tenant` it says what a duplicate is.
    pub key: String,
    /// Whose token it carried, if tokens were configured with tenants.
    pub tenant: Option<String>,
    /// The first 8 bytes of the SHA-256 of the token, as 16 hex digits: it tells webhooks apart, and no more.
    pub token_fingerprint: String,
    /// The name of the event, such as `call.ended`, for people and lists: a handler is told what stands in `body`.
    pub event: String,
    /// The `resource` of the envelope, for people as well.
    pub resource: Option<String>,
    /// The object that the event is about, such as `call/4223501188`. Workers that keep the order keep it for each of
    /// these.
    pub subject: Option<String>,
    /// When the request first arrived, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// The method of the request, `POST`. The one that a worker makes has it as well, and a router looks at it.
    #[serde(with = "text::method")]
    pub method: Method,
    /// The URI of the request, without the secret in its query and without parameters whose names say that they carry
    /// credentials, such as `api_key`. The request that a worker makes has it as well, and a router looks at it.
    #[serde(with = "text::uri")]
    pub uri: Uri,
    /// The headers of the request, without the secret of the URL and without those whose names say that they carry
    /// credentials, such as `x-auth-token`. What is no UTF-8 in them is replaced. There is no `content-length` and no
    /// `transfer-encoding`: the request that a worker makes has the length of its own body.
    #[serde(with = "text::headers")]
    pub headers: HeaderMap,
    /// The body, a JSON text, without the token.
    pub body: String,
}

/// What stands in the names of headers and parameters that carry credentials, of the sender or of a proxy on the way.
const CREDENTIALS: [&str; 11] =
    ["auth", "cookie", "token", "secret", "api-key", "api_key", "apikey", "password", "credential", "jwt", "oidc"];

fn names_credential(name: &str) -> bool {
    CREDENTIALS.iter().any(|word| name.contains(word))
}

/// Headers that nearly every request has and that name none, which takes long to see.
const PLAIN: [HeaderName; 6] = [
    header::HOST,
    header::USER_AGENT,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONTENT_TYPE,
    header::CONNECTION,
];

impl Event {
    /// Takes from a request what is kept, but for the subject.
    pub(crate) fn new(parts: Parts, config: &Config, delivery: &Delivery, subject: Option<String>) -> Self {
        Self {
            key: delivery.dedup_key().to_string(),
            tenant: delivery.tenant().map(|tenant| tenant.as_str().to_owned()),
            token_fingerprint: delivery.token_fingerprint(),
            event: delivery.event().as_str().to_owned(),
            resource: delivery.resource().map(str::to_owned),
            subject,
            received_at_ms: milliseconds(delivery.received_at()),
            method: parts.method,
            uri: text::to_uri(without_credentials(&config.uri_without_secret(&parts.uri))),
            headers: kept(parts.headers, config),
            body: delivery.body_without_token(),
        }
    }

    /// Puts an empty object in the place of `data`, for a redaction that cannot tell what it holds. A body that is no envelope
    /// is emptied.
    pub fn clear_data(&mut self) {
        match Envelope::parse(Bytes::copy_from_slice(self.body.as_bytes()), None) {
            Ok(envelope) => self.body.replace_range(envelope.data, "{}"),
            Err(_) => self.body.clear(),
        }
    }

    /// Returns when the request first arrived.
    #[must_use]
    pub fn received_at(&self) -> SystemTime {
        let since = std::time::Duration::from_millis(self.received_at_ms.unsigned_abs());
        if self.received_at_ms < 0 { SystemTime::UNIX_EPOCH - since } else { SystemTime::UNIX_EPOCH + since }
    }

    /// Makes the request anew.
    pub(crate) fn into_request(self) -> (Request<RequestBody>, Bytes) {
        let body = Bytes::from(self.body);
        let mut request = Request::new(RequestBody::delivered(body.clone()));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        // A map that a hand has filled to the brim takes no other.
        let _ = request.headers_mut().try_insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        (request, body)
    }
}

/// Takes out the headers that are not kept, and copies the values of the others into one piece of memory: their own is what
/// the server read from the connection, and may be far larger.
fn kept(mut headers: HeaderMap, config: &Config) -> HeaderMap {
    // The body is stored without the token, and whole.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let is_kept = |(name, value): &(&HeaderName, &HeaderValue)| {
        !value.is_sensitive() && (PLAIN.contains(name) || !names_credential(name.as_str()))
    };
    if !headers.iter().all(|header| is_kept(&header)) {
        // Of one name, one value may be kept and another not.
        headers = headers.iter().filter(is_kept).map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    let mut memory = BytesMut::with_capacity(headers.values().map(HeaderValue::len).sum());
    for value in headers.values_mut() {
        memory.extend_from_slice(config.header_without_secret(String::from_utf8_lossy(value.as_bytes())).as_bytes());
        // What was the value of a header is one still: no control character has come in.
        *value = HeaderValue::from_maybe_shared(memory.split().freeze()).unwrap_or(HeaderValue::from_static(""));
    }
    headers
}

/// The URI without the parameters that carry credentials, and without a user in front of the host.
fn without_credentials(uri: &Uri) -> String {
    let user = uri.authority().and_then(|authority| Some(authority.as_str().rsplit_once('@')?.0));
    let uri = match user {
        Some(user) => uri.to_string().replacen(&format!("{user}@"), "", 1),
        None => uri.to_string(),
    };
    let Some((path, query)) = uri.split_once('?') else { return uri };
    let is_kept = |pair: &&str| {
        !form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| names_credential(&name.to_ascii_lowercase()))
    };
    let kept: Vec<_> = query.split('&').filter(is_kept).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// The object that an event is about, as far as that can be told: the call, where `data` is one or names one, else
/// the resource itself.
pub(crate) fn subject(delivery: &Delivery) -> Option<String> {
    let resource = delivery.resource().unwrap_or(delivery.event().as_str());
    let keys = if resource == "call" { ["id", "call_id"] } else { ["call_id", "id"] };
    let mut ids = [None, None];
    // An event is read no further than to the id of its call, which is what most of them begin with.
    let _ = Checked::new(delivery.raw_data()).object(|key, json| {
        let (key, value) = (key.whole(), json.value()?);
        if let Some(which) = keys.iter().position(|known| key.as_deref() == Some(known)) {
            ids[which] = Id::from_checked(&mut Checked::new(value));
        }
        ids[0].is_none().then_some(())
    });
    match ids {
        [Some(call), _] => Some(format!("call/{call}")),
        [None, Some(id)] => Some(format!("{resource}/{id}")),
        [None, None] => None,
    }
}

/// Milliseconds since 1970.
pub(crate) fn milliseconds(time: SystemTime) -> i64 {
    let milliseconds = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => milliseconds(since),
        Err(before) => -milliseconds(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_cleared_whatever_it_holds() {
        let body = |data: &str| {
            format!(r#"{{"event":"call.ended","resource":"call","data":{data},"timestamp":1795000000,"token":""}}"#)
        };
        let mut event = super::super::contract::event(1);
        for data in [r#"{"id":1}"#, r#"["\ud800",1e999]"#, "null"] {
            event.body = body(data);
            event.clear_data();
            assert_eq!(event.body, body("{}"));
        }
        event.body = "+33100000000".to_owned();
        event.clear_data();
        assert_eq!(event.body, "");
    }

    #[test]
    fn what_is_known_to_be_plain_is() {
        assert!(PLAIN.iter().all(|name| !names_credential(name.as_str())));
    }

    #[test]
    fn no_credential_of_a_uri_is_kept() {
        for (uri, kept) in [
            ("/hook", "/hook"),
            ("/hook?a=1&b", "/hook?a=1&b"),
            ("/hook?api_key=s", "/hook"),
            ("/hook?API%5FKEY=s&a=1", "/hook?a=1"),
            ("http://me:s@host:8080/hook?a=me:s@", "http://host:8080/hook?a=me:s@"),
            ("http://s@host/", "http://host/"),
            ("http://host/@s", "http://host/@s"),
        ] {
            assert_eq!(without_credentials(&uri.parse().unwrap()), kept);
        }
    }
}
