//! What strangers can make the layer hold, and for how long.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aircall_tower::{Limits, OutcomeKind};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

use crate::support::{Calls, End, Pieces, Reports, TOKEN, body, call, full, layer, post, request, with_header};

#[tokio::test]
async fn every_method_but_post_gets_405_and_is_told_which() {
    let calls = Calls::default();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let mut request = request(full(body(TOKEN, "{}")));
        *request.method_mut() = method.clone();
        let answer = call(layer().layer(calls.handler()), request).await;
        assert_eq!((answer.status, answer.kind), (405, OutcomeKind::MethodNotAllowed), "{method}");
        assert_eq!(answer.headers["allow"], "POST");
        assert!(answer.body.is_empty());
    }
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn other_paths_pass_through_untouched_with_their_body_unread_and_their_error_type() {
    #[derive(Debug, PartialEq)]
    struct Own(&'static str);
    impl From<Own> for tower::BoxError {
        fn from(own: Own) -> Self {
            own.0.into()
        }
    }

    let inner = tower::service_fn(|request: Request<aircall_tower::RequestBody<Pieces>>| async move {
        match request.uri().path() {
            "/fails" => Err(Own("the inner service's own error")),
            _ => Ok(Response::new(Full::new(Bytes::from(format!("{:?}", request.body()))))),
        }
    });
    let service = layer().at("/aircall/webhook").unwrap().layer(inner);

    for path in ["/", "/aircall", "/aircall/webhook/", "/AIRCALL/webhook", "/other?x=/aircall/webhook"] {
        let pieces = Pieces::new(["unread"], End::Never);
        let taken = pieces.taken();
        // GET, coded and endless: none of it is this layer's business here.
        let request = Request::get(path).header("content-encoding", "gzip").body(pieces).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(taken.load(Ordering::SeqCst), 0, "{path}");
        assert!(response.extensions().get::<aircall_tower::Outcome>().is_none(), "{path}");
    }
    let request = Request::get("/fails").body(Pieces::new(["x"], End::Never)).unwrap();
    assert_eq!(service.clone().oneshot(request).await.unwrap_err(), Own("the inner service's own error"));

    let request = Request::post("/aircall/webhook?key=1").body(Pieces::new([body(TOKEN, "{}")], End::Whole)).unwrap();
    assert_eq!(call(service, request).await.kind, OutcomeKind::Handled);
}

#[tokio::test]
async fn absurd_lengths_are_refused_before_a_byte_is_read() {
    let calls = Calls::default();
    for claimed in ["9223372036854775807", "18446744073709551615", "67108865"] {
        let pieces = Pieces::new([body(TOKEN, "{}")], End::Never);
        let taken = pieces.taken();
        let request = with_header(request(pieces), "content-length", claimed);
        let answer = call(layer().layer(calls.handler()), request).await;
        assert_eq!((answer.status, answer.kind), (413, OutcomeKind::TooLarge), "{claimed}");
        assert_eq!(taken.load(Ordering::SeqCst), 0, "{claimed}");
    }
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn a_strangers_long_body_is_refused_whether_it_admits_its_length_or_not() {
    let calls = Calls::default();
    let long = format!(r#"{{"data":"{}","token":"{TOKEN}"}}"#, "x".repeat(2 * 1024 * 1024));
    let layer = layer();
    assert_eq!(post(&layer, &calls, long.clone()).await.kind, OutcomeKind::TooLarge);

    let pieces = long.as_bytes().chunks(64 * 1024).map(Bytes::copy_from_slice);
    let pieces = Pieces::new(pieces, End::Whole);
    let taken = pieces.taken();
    let answer = call(layer.layer(calls.handler()), request(pieces)).await;
    assert_eq!((answer.status, answer.kind), (413, OutcomeKind::TooLarge));
    assert_eq!(taken.load(Ordering::SeqCst), 17, "pieces read: the limit is 16 of them");
    assert_eq!((calls.count(), layer.handle().unauthenticated_bytes()), (0, 0));
}

#[tokio::test]
async fn a_long_body_whose_beginning_is_authentic_is_acknowledged_reported_and_not_handled() {
    let calls = Calls::default();
    let reports = Reports::default();
    let layer = reports.of(layer());
    let long = body(TOKEN, &format!("\"{}\"", "x".repeat(2 * 1024 * 1024)));

    // The length is known from the start, then not, and in both cases the sender gets to say all it has to say.
    let answer = post(&layer, &calls, long.clone()).await;
    assert_eq!((answer.status, answer.kind), (200, OutcomeKind::Oversized));
    let pieces = Pieces::new(long.as_bytes().chunks(64 * 1024).map(Bytes::copy_from_slice), End::Whole);
    let taken = pieces.taken();
    let answer = call(layer.layer(calls.handler()), request(pieces)).await;
    assert_eq!((answer.status, answer.kind), (200, OutcomeKind::Oversized));
    assert_eq!(taken.load(Ordering::SeqCst), long.len().div_ceil(64 * 1024));

    assert_eq!(calls.count(), 0);
    assert_eq!(
        reports.rows(),
        [(OutcomeKind::Oversized, false, Some(16 * 1024)), (OutcomeKind::Oversized, false, Some(1024 * 1024))]
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_given_up_at_the_read_deadline() {
    let calls = Calls::default();
    let started = Instant::now();
    let answer = call(layer().layer(calls.handler()), request(Pieces::new([r#"{"resource":"#], End::Never))).await;
    assert_eq!((answer.status, answer.kind), (408, OutcomeKind::ReadTimeout));
    assert_eq!(started.elapsed().as_secs(), 3);

    let layer = layer().with_limits(Limits::default().with_read_timeout(Duration::from_secs(60)));
    let started = Instant::now();
    let answer = call(layer.layer(calls.handler()), request(Pieces::new(["{"], End::Never))).await;
    assert_eq!(answer.kind, OutcomeKind::ReadTimeout);
    assert_eq!(started.elapsed().as_secs(), 4, "the acknowledgement deadline bounds the reading as well");
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let calls = Calls::default();
    let answer =
        call(layer().layer(calls.handler()), request(Pieces::new([r#"{"resource":"call","#], End::Broken))).await;
    assert_eq!((answer.status, answer.kind), (400, OutcomeKind::Incomplete));
    assert_eq!(calls.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn strangers_share_one_account_of_memory_and_cannot_keep_honest_deliveries_out() {
    let calls = Calls::default();
    // The first block of 1 KiB and the places of the others are free; these are 4 KiB each.
    let account = 10 * 3 * 4096;
    let layer = layer().with_limits(Limits::default().with_unauthenticated_bytes(account));
    let mut stalled = Vec::new();
    for _ in 0..10 {
        let mut service = layer.layer(calls.handler());
        let pieces = Pieces::new([format!(r#"{{"data":"{}"#, "x".repeat(10_000))], End::Never);
        stalled.push(tokio::spawn(service.call(request(pieces))));
    }
    while layer.handle().unauthenticated_bytes() < account {
        tokio::task::yield_now().await;
    }

    let one_more = Pieces::new(["{".to_owned(), "x".repeat(2048)], End::Never);
    let one_more = call(layer.layer(calls.handler()), request(one_more)).await;
    assert_eq!((one_more.status, one_more.kind), (429, OutcomeKind::Overloaded));
    // Larger than what is left as well, but its token stands in the beginning, wherever that is cut.
    let honest = body(TOKEN, &format!("\"{}\"", "y".repeat(50_000)));
    for size in [1, 50, 10_000, 60_000] {
        let pieces = Pieces::new(honest.as_bytes().chunks(size).map(Bytes::copy_from_slice), End::Whole);
        assert_eq!(call(layer.layer(calls.handler()), request(pieces)).await.kind, OutcomeKind::Handled, "{size}");
    }

    for stranger in stalled {
        assert_eq!(stranger.await.unwrap().unwrap().status(), StatusCode::REQUEST_TIMEOUT);
    }
    assert_eq!(layer.handle().unauthenticated_bytes(), 0);
    assert_eq!(layer.handle().in_flight(), 0);
}

/// A buffer that a server read into, of which it hands out parts. Each of them keeps the whole.
struct Buffer {
    bytes: Vec<u8>,
    _alive: Arc<()>,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_stranger_holds_is_what_is_on_the_account_and_not_the_buffers_of_the_server() {
    const SENT: usize = 600;
    let alive = Arc::new(());
    let layer = layer();
    let handle = layer.handle();
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let parts = (0..100).map(|_| {
            let buffer = Buffer { bytes: vec![b' '; 8 * 1024], _alive: Arc::clone(&alive) };
            Bytes::from_owner(buffer).slice(..SENT)
        });
        let pieces = Pieces::new(parts, End::Never).every(Duration::from_millis(1));
        waiting.push(tokio::spawn(layer.layer(Calls::default().handler()).oneshot(request(pieces))));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sent = 20 * 100 * SENT;
    let counted = handle.unauthenticated_bytes() + 20 * 2048;
    assert!((sent..sent + 20 * (4096 + 1024)).contains(&counted), "{counted} counted of {sent}");
    assert_eq!(Arc::strong_count(&alive) - 1, 0, "buffers of the server are held");
    waiting.iter().for_each(|waiting| waiting.abort());
}

#[tokio::test(start_paused = true)]
async fn a_body_leaves_the_account_as_soon_as_its_token_is_known_to_be_valid() {
    let layer = layer();
    let handle = layer.handle();
    let late = format!(r#"{{"data":"{}","token":"{TOKEN}","more":"{}"#, "x".repeat(100_000), "y".repeat(1_000));
    let (before, after) = late.split_at(50_000);
    let pieces = Pieces::new([before.to_owned(), after.to_owned()], End::Never).every(Duration::from_millis(100));
    let mut service = layer.layer(Calls::default().handler());
    let waiting = tokio::spawn(service.call(request(pieces)));
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(handle.unauthenticated_bytes(), 12 * 4096);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((handle.unauthenticated_bytes(), handle.in_flight()), (0, 1));
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn an_oversized_authentic_body_that_trickles_is_heard_out_no_longer_than_the_read_deadline() {
    let beginning = body(TOKEN, &format!("\"{}", "x".repeat(1024 * 1024)));
    let trickle = std::iter::once(beginning).chain((0..1_000).map(|_| "x".to_owned()));
    let pieces = Pieces::new(trickle, End::Whole).every(Duration::from_millis(100));
    let started = Instant::now();
    let answer = call(layer().layer(Calls::default().handler()), request(pieces)).await;
    assert_eq!((answer.status, answer.kind), (200, OutcomeKind::Oversized));
    assert_eq!(started.elapsed().as_secs(), 3);
}

/// Pieces that are always ready, so that nothing but the clock can stop them.
struct Endless(&'static [u8]);

impl http_body::Body for Endless {
    type Data = &'static [u8];
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<&'static [u8]>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(self.0))))
    }
}

#[tokio::test]
async fn a_body_whose_pieces_are_always_ready_is_given_up_just_the_same() {
    let limits = Limits::default().with_read_timeout(Duration::from_millis(50));
    let answer = call(layer().with_limits(limits).layer(Calls::default().handler()), request(Endless(b""))).await;
    assert_eq!(answer.kind, OutcomeKind::ReadTimeout);
}

#[tokio::test]
async fn a_coded_body_gets_415_and_is_told_what_is_read() {
    let calls = Calls::default();
    let coded = with_header(request(full(body(TOKEN, "{}"))), "content-encoding", "gzip");
    let answer = call(layer().layer(calls.handler()), coded).await;
    assert_eq!((answer.status, answer.kind), (415, OutcomeKind::UnsupportedCoding));
    assert_eq!(answer.headers["accept-encoding"], "identity");
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn any_content_type_is_read() {
    for value in
        ["application/json", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"]
    {
        let calls = Calls::default();
        let request = with_header(request(full(body(TOKEN, "{}"))), "content-type", value);
        assert_eq!(call(layer().layer(calls.handler()), request).await.kind, OutcomeKind::Handled, "{value}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped_however_it_is_cut() {
    let with_mark = format!("\u{feff}{}", body(TOKEN, "{}"));
    for cut in 0..6 {
        let calls = Calls::default();
        let (first, second) = with_mark.as_bytes().split_at(cut);
        let pieces = Pieces::new([Bytes::copy_from_slice(first), Bytes::copy_from_slice(second)], End::Whole);
        let request = with_header(request(pieces), "content-length", &with_mark.len().to_string());
        assert_eq!(call(layer().layer(calls.handler()), request).await.kind, OutcomeKind::Handled, "{cut}");
        let (_, headers, handed_on) = calls.only();
        assert_eq!(handed_on, body(TOKEN, "{}"), "a handler's JSON reader would stumble over the mark");
        assert_eq!(headers["content-length"], handed_on.len().to_string().as_str());
    }
}

#[tokio::test]
async fn an_empty_body_is_malformed() {
    let calls = Calls::default();
    let answer = call(layer().layer(calls.handler()), request(Empty::<Bytes>::new())).await;
    assert_eq!((answer.status, answer.kind), (400, OutcomeKind::Malformed));
    assert_eq!(answer.reason.as_deref(), Some("the body is empty, expected a JSON object"));
}

#[tokio::test(start_paused = true)]
async fn settings_at_the_end_of_their_range_do_not_break() {
    let calls = Calls::default();
    let endless = Limits::default()
        .with_read_timeout(Duration::MAX)
        .with_body_bytes(usize::MAX)
        .with_unauthenticated_bytes(usize::MAX);
    let layer = layer().with_deadline(Duration::MAX).with_limits(endless);
    assert_eq!(post(&layer, &calls, body(TOKEN, "{}")).await.kind, OutcomeKind::Handled);
    let claims =
        with_header(request(Pieces::new([body(TOKEN, "{}")], End::Whole)), "content-length", "18446744073709551615");
    assert_eq!(call(layer.layer(calls.handler()), claims).await.kind, OutcomeKind::Handled);

    let nothing = Limits::default().with_read_timeout(Duration::ZERO).with_body_bytes(0).with_unauthenticated_bytes(0);
    let layer = layer.with_deadline(Duration::ZERO).with_limits(nothing);
    assert_eq!(post(&layer, &calls, body(TOKEN, "{}")).await.kind, OutcomeKind::TooLarge);
}
