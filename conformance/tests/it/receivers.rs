//! Small receivers that are right but for one thing.

use std::{future::Future, sync::Arc, time::Duration};

use aircall_conformance::{Check, Endpoint, Report, Roots, Target, Token, verdict::Verdict};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, Method, StatusCode, Uri, Version},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::good;

pub(crate) const TOKEN: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

/// The token of a second webhook, which the receivers here serve as well.
pub(crate) const OTHER_TOKEN: &str = "decaf000decaf000decaf000decaf000";

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
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// What the answer has to be.
    pub(crate) fn due(&self) -> Response {
        let status = match self.method {
            Method::POST if self.body.len() > 1024 * 1024 => StatusCode::PAYLOAD_TOO_LARGE,
            Method::POST => match good::answer(TOKEN, &self.body) {
                StatusCode::UNAUTHORIZED => good::answer(OTHER_TOKEN, &self.body),
                status => status,
            },
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

    /// The id of the object that it is about.
    pub(crate) fn object(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let data = text.split_once(r#""data":"#).map_or("", |(_, data)| data);
        let mut numbers = data.split(|c: char| !c.is_ascii_digit());
        numbers.find(|number| number.len() == 10).unwrap_or_default().to_owned()
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
                let (method, uri, version) = (head.method, head.uri, head.version);
                answer(Received { method, uri, version, headers: head.headers, body }).await
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

pub(crate) fn refuse(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap().into_response()
}

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
