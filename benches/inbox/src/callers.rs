//! Callers, each of which waits for its answer before it sends the next event.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::Full;
use tokio::task::JoinSet;
use tower::{Service, ServiceExt};

/// What callers saw in one turn.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) time: Duration,
    /// How long each event took to be acknowledged, shortest first.
    pub(crate) took: Vec<Duration>,
}

impl Seen {
    pub(crate) fn rate(&self) -> f64 {
        self.took.len() as f64 / self.time.as_secs_f64()
    }

    /// Returns the time that so large a part of all events did not exceed.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let index = (self.took.len().saturating_sub(1) as f64 * part).round() as usize;
        self.took.get(index).map_or(f64::NAN, Duration::as_secs_f64)
    }
}

/// Lets so many callers send to a receiver until a turn is over.
pub(crate) async fn call<S, B>(receiver: S, callers: usize, turn: Duration) -> Seen
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: Send + 'static,
{
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let receiver = receiver.clone();
        tasks.spawn(async move {
            let mut took = Vec::new();
            while begun.elapsed() < turn {
                let request = event();
                let sent = Instant::now();
                let response = receiver.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                took.push(sent.elapsed());
                assert!(response.status().is_success(), "a refusal would be measured: {}", response.status());
            }
            took
        });
    }
    let mut took = tasks.join_all().await.concat();
    let time = begun.elapsed();
    took.sort_unstable();
    Seen { time, took }
}

/// A call of 3.4 kB that nobody has sent before, since its id is of nobody else, and whose time is now.
fn event() -> Request<Full<Bytes>> {
    static NUMBER: AtomicU64 = AtomicU64::new(5_000_000_000);

    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let seconds = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let [before_time, before_id, end] = *PARTS;
    // As little memory is asked for as can be: what callers cost is not to be measured.
    let mut body = String::with_capacity(BODY);
    let written = write!(body, "{before_time}{seconds}{before_id}{number}{end}");
    written.expect("a string takes anything");
    let length = HeaderValue::from(body.len());
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/aircall/webhook");
    let headers = request.headers_mut();
    headers.reserve(5);
    headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Aircall Webhooks"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, length);
    request
}

/// What stands in the fixture before, between and after its time and the id of its call.
static PARTS: LazyLock<[&str; 3]> = LazyLock::new(|| {
    let body = aircall_fixtures::find(FIXTURE).expect("a fixture of this name").body;
    let (before_time, rest) = body.split_once(TIME).expect("the fixture has a time");
    let (before_id, end) = rest.split_once(ID).expect("the fixture has the id of its call behind it");
    [before_time, before_id, end]
});

/// More bytes than it has.
const BODY: usize = 4096;

const FIXTURE: &str = "call.voicemail_left.with-current-keys";

/// Its time, in seconds.
const TIME: &str = "1790000050";

/// The id of its call.
const ID: &str = "4223501201";
