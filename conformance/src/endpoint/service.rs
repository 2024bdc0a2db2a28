use std::{future::Future, pin::Pin, sync::Mutex};

use bytes::{Buf, Bytes};
use http::{HeaderValue, Request, Response as HttpResponse, header::HOST};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use tower::{Service, ServiceExt};

use super::{Progress, http1::read};
use crate::{
    delivery::{Delivery, RequestBody},
    observation::{Dropped, Outcome, Stage},
};

/// What a service in this process may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Call = Pin<Box<dyn Future<Output = Result<HttpResponse<UnsyncBoxBody<Bytes, BoxError>>, BoxError>> + Send>>;

/// A service in this process, its types forgotten.
pub(super) struct InProcess {
    path: String,
    call: Mutex<Box<dyn FnMut(Request<RequestBody>) -> Call + Send>>,
}

impl InProcess {
    pub(super) fn new<S, B>(path: String, service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = HttpResponse<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let call = move |request| -> Call {
            let service = service.clone();
            Box::pin(async move {
                let response = service.oneshot(request).await.map_err(Into::into)?;
                Ok(response.map(|body| {
                    let bytes = |mut data: B::Data| data.copy_to_bytes(data.remaining());
                    body.map_frame(move |frame| frame.map_data(bytes)).map_err(Into::into).boxed_unsync()
                }))
            })
        };
        Self { path, call: Mutex::new(Box::new(call)) }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) async fn deliver(&self, delivery: &Delivery, progress: &Progress) -> Outcome {
        let failed = |error: String| Outcome::Dropped(Dropped::Failed(delivery.token.mask(&error)));
        let mut uri = self.path.clone();
        if let Some(query) = &delivery.query {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str(query);
        }
        let mut request = Request::new(delivery.request_body());
        *request.method_mut() = delivery.method.clone();
        *request.headers_mut() = http::HeaderMap::clone(&delivery.headers);
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        match uri.parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => return failed(format!("the path {} is not one: {error}", self.path)),
        }
        progress.reaches(Stage::Waiting);
        let call = match self.call.lock() {
            Ok(mut call) => call(request),
            Err(_) => return failed("the service panicked when it was cloned".to_owned()),
        };
        // A task of its own, as in a server: the sender's impatience does not end the work, and a panic stays there.
        match tokio::spawn(call).await {
            Ok(Ok(response)) => read(response, delivery, progress, || false).await,
            Ok(Err(error)) => failed(error.to_string()),
            Err(_) => failed("it panicked".to_owned()),
        }
    }
}
