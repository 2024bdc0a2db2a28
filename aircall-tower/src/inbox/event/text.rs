//! The head of a request as text, which is how stores keep it.
//!
//! What is read back may have been altered by hand, so what cannot be understood is passed over.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes headers as a JSON array of pairs, in their order. What is no UTF-8 in them is replaced.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(in crate::inbox) fn of_headers(headers: &HeaderMap) -> String {
    serde_json::to_string(&pairs(headers)).unwrap_or_default()
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(in crate::inbox) fn to_headers(text: &str) -> HeaderMap {
    serde_json::from_str(text).map(map).unwrap_or_default()
}

pub(in crate::inbox) fn to_method(text: &str) -> Method {
    text.parse().unwrap_or(Method::POST)
}

pub(in crate::inbox) fn to_uri(text: String) -> Uri {
    text.try_into().unwrap_or_default()
}

type Pair<'a> = (&'a str, Cow<'a, str>);

fn pairs(headers: &HeaderMap) -> Vec<Pair<'_>> {
    headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn map(pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>) -> HeaderMap {
    let header = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    let mut map = HeaderMap::new();
    for (name, value) in pairs.into_iter().filter_map(header) {
        // A map has a most, which a hand can exceed.
        let _ = map.try_append(name, value);
    }
    map
}

/// For serde: headers as an array of pairs.
pub(super) mod headers {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
        pairs(headers).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderMap, D::Error> {
        Vec::deserialize(deserializer).map(map)
    }
}

/// For serde: a method as a string.
pub(super) mod method {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
        method.as_str().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
        String::deserialize(deserializer).map(|text| to_method(&text))
    }
}

/// For serde: a URI as a string.
pub(super) mod uri {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(uri: &Uri, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(uri)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uri, D::Error> {
        String::deserialize(deserializer).map(to_uri)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::contract;
    use super::super::Event;

    #[test]
    fn what_is_written_is_read_again_and_what_a_hand_has_spoilt_is_passed_over() {
        let mut event = contract::event(1);
        event.headers.append("x-name", "Zoë".parse().unwrap());
        event.headers.append("x-name", "Ada".parse().unwrap());
        let text = serde_json::to_string(&event).unwrap();
        assert!(
            text.contains(r#""headers":[["content-type","application/json"],["x-name","Zoë"],["x-name","Ada"]]"#),
            "{text}"
        );
        assert!(text.contains(r#""method":"POST","uri":"/aircall/webhook?from=aircall""#), "{text}");
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);

        let spoilt = text
            .replace("content-type", "content type")
            .replace("\"Ada\"", "\"A\\nda\"")
            .replace("POST", "NO METHOD")
            .replace("/aircall/webhook", "no uri");
        let spoilt: Event = serde_json::from_str(&spoilt).unwrap();
        assert_eq!((spoilt.method.as_str(), spoilt.uri.to_string().as_str()), ("POST", "/"));
        assert_eq!(spoilt.headers.iter().map(|(_, value)| value.as_bytes()).collect::<Vec<_>>(), ["Zoë".as_bytes()]);
    }

    #[test]
    fn more_headers_than_a_map_holds_are_passed_over() {
        let pairs: Vec<_> = (0..40_000).map(|number| (format!("x-{number}"), "1")).collect();
        let mut event = contract::event(1);
        event.headers = super::map(serde_json::from_value(serde_json::json!(pairs)).unwrap());
        assert!(event.headers.len() > 20_000);
        let (request, _) = event.into_request();
        assert!(request.headers().contains_key("x-1"));
    }
}
