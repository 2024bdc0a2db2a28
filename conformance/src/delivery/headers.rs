use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
        TRANSFER_ENCODING, USER_AGENT,
    },
};

use crate::{
    Token,
    case::{Beside, Coding, Framing, Request},
};

/// Writes the headers that a published delivery had, in the order in which axios on Node puts them; `host` and what stands
/// behind it is the endpoint's.
pub(super) fn write(request: &Request, length: usize, token: &Token, mut trace_id: impl FnMut() -> u64) -> HeaderMap {
    // With room for those that the endpoint adds.
    let mut headers = HeaderMap::with_capacity(MOST);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/plain, */*"));
    let has_body = !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if let Some(content_type) = request.content_type.filter(|_| has_body) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if request.coding == Coding::Gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(HeaderName::from_static("aircall-origin"), HeaderValue::from_static("webhooks"));
    if request.beside == Some(Beside::Headers) {
        invented(&mut headers, token);
    }
    // The version that Aircall runs was not recorded; this one is an assumption.
    headers.insert(USER_AGENT, HeaderValue::from_static("axios/1.7.9"));
    match request.framing {
        _ if !has_body => None,
        Framing::ContentLength => headers.insert(CONTENT_LENGTH, length.into()),
        Framing::Chunked => headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked")),
    };
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, compress, deflate, br"));
    headers.insert(HeaderName::from_static("x-datadog-trace-id"), trace_id().into());
    headers.insert(HeaderName::from_static("x-datadog-parent-id"), trace_id().into());
    headers.insert(HeaderName::from_static("tracestate"), HeaderValue::from_static("dd=s:1"));
    headers
}

/// Room for so many is made at a time.
const MOST: usize = 16;

/// Adds the header that an endpoint over HTTP/1.1 ends with.
pub(crate) fn keep_alive(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
}

/// Adds the token where third parties look for it. A token that cannot stand in a header is not found there either.
fn invented(headers: &mut HeaderMap, token: &Token) {
    let token = token.expose();
    for (name, value) in [
        (AUTHORIZATION, format!("Bearer {token}")),
        (HeaderName::from_static("x-aircall-token"), token.to_owned()),
        (HeaderName::from_static("x-aircall-signature"), token.to_owned()),
    ] {
        if let Ok(mut value) = HeaderValue::from_bytes(value.as_bytes()) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Body, PLAIN_EVENT};

    fn names(request: &Request) -> Vec<String> {
        write(request, 10, &Token::new("secret").unwrap(), || 7).keys().map(ToString::to_string).collect()
    }

    #[test]
    fn are_those_of_a_delivery_in_the_order_of_axios() {
        assert_eq!(
            names(&Request::post(Body::Event(PLAIN_EVENT))),
            [
                "accept",
                "content-type",
                "aircall-origin",
                "user-agent",
                "content-length",
                "accept-encoding",
                "x-datadog-trace-id",
                "x-datadog-parent-id",
                "tracestate"
            ]
        );
    }

    #[test]
    fn a_get_has_no_body_to_describe() {
        let names = names(&Request::post(Body::None).with_method(Method::GET));
        assert!(!names.iter().any(|name| name.starts_with("content-") || name == "transfer-encoding"), "{names:?}");
    }

    #[test]
    fn a_body_in_chunks_has_no_length() {
        let names = names(&Request::post(Body::Event(PLAIN_EVENT)).in_chunks());
        assert!(names.contains(&"transfer-encoding".to_owned()) && !names.contains(&"content-length".to_owned()));
    }

    #[test]
    fn the_token_stands_in_headers_only_when_asked_for() {
        let has_token = |request: &Request| {
            let headers = write(request, 10, &Token::new("secret").unwrap(), || 7);
            headers.values().any(|value| String::from_utf8_lossy(value.as_bytes()).contains("secret"))
        };
        let honest = Request::post(Body::Event(PLAIN_EVENT));
        assert!(!has_token(&honest));
        assert!(has_token(&honest.with_token_beside(Beside::Headers)));
    }
}
