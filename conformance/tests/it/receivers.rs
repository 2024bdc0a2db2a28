//! Small receivers that are right but for one thing.

use std::{future::Future, sync::Arc, time::Duration};

use aircall_conformance::{Check, Endpoint, Report, Roots, Target, Token, verdict::Verdict};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::good;

pub(crate) const TOKEN: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

/// A receiver that is served until this is dropped.
pub(crate) struct Served {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request as the receivers here look at it.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// What the answer has to be.
    pub(crate) fn due(&self) -> Response {
        let status = match self.method {
            Method::POST if self.body.len() > 1024 * 1024 => StatusCode::PAYLOAD_TOO_LARGE,
            Method::POST => good::answer(TOKEN, &self.body),
            _ => StatusCode::METHOD_NOT_ALLOWED,
        };
        status.into_response()
    }

    pub(crate) fn is_authentic(&self) -> bool {
        self.due().status().is_success()
    }

    /// The JSON text at this key of the envelope, or nothing.
    pub(crate) fn key(&self, key: &str) -> String {
        #[derive(serde::Deserialize)]
        struct Envelope<'a>(#[serde(borrow)] std::collections::BTreeMap<String, &'a serde_json::value::RawValue>);
        let envelope = serde_json::from_slice::<Envelope<'_>>(&self.body);
        envelope.ok().and_then(|envelope| envelope.0.get(key).map(ToString::to_string)).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Serves a receiver that answers what this function says.
pub(crate) async fn serve<F, R>(answer: F) -> Served
where
    F: Fn(Received) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send,
{
    serve_app(app(answer)).await
}

pub(crate) fn app<F, R>(answer: F) -> Router
where
    F: Fn(Received) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send,
{
    let answer = Arc::new(answer);
    Router::new()
        .fallback(move |request: Request| {
            let answer = answer.clone();
            async move {
                let (head, body) = request.into_parts();
                let Ok(body) = axum::body::to_bytes(body, 4 << 20).await else {
                    return StatusCode::BAD_REQUEST.into_response();
                };
                answer(Received { method: head.method, uri: head.uri, headers: head.headers, body }).await
            }
        })
        .layer(DefaultBodyLimit::disable())
}

pub(crate) async fn serve_app(app: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/aircall/webhook", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Served { url, task }
}

pub(crate) fn check(url: &str) -> Check {
    let endpoint = Endpoint::url(url.parse::<Target>().unwrap(), &Roots::System).unwrap();
    // Long enough that a busy machine does not look like a slow receiver.
    Check::new(endpoint, Token::new(TOKEN).unwrap()).with_timeout(PATIENCE)
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What is not as it should be, without what depends on something else.
pub(crate) fn deviations(report: &Report) -> Vec<String> {
    let of = |verdict| {
        report
            .with(verdict)
            .map(move |result| format!("{verdict} {}: {}", result.case.id, result.judgement.reason.code()))
    };
    of(Verdict::Fail).chain(of(Verdict::Lenient)).chain(of(Verdict::Inconclusive)).collect()
}

/// Judges a receiver that answers what this function says, and returns what is not as it should be.
pub(crate) async fn judged<F, R>(answer: F) -> Vec<String>
where
    F: Fn(Received) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send,
{
    let receiver = serve(answer).await;
    let report = check(&receiver.url).run().await.unwrap();
    assert!(!report.styled(aircall_conformance::Detail::Everything).contains(TOKEN), "the token is in the report");
    assert!(!report.json().contains(TOKEN), "the token is in the report");
    deviations(&report)
}
