//! The answers that the layer gives itself.

use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body;

use crate::body::ResponseBody;

/// An answer that is a status and nothing else, but for what RFC 9110 asks of some (sections 15.5.2, 15.5.6, 15.5.16).
/// None of that tells a stranger anything new.
pub(super) fn bare<B: Body>(status: StatusCode) -> Response<ResponseBody<B>> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    let header = match status {
        StatusCode::METHOD_NOT_ALLOWED => Some((header::ALLOW, "POST")),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Some((header::ACCEPT_ENCODING, "identity")),
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Token")),
        _ => None,
    };
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
