//! What the layer does around a handler: deadlines, hang-ups, panics, and the body of its answer.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aircall_tower::OutcomeKind::{Deferred, Failed, Handled, HungUp, Lost, Panicked, Rejected};
use aircall_tower::RequestBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Full, StreamBody};
use tokio::time::Instant;
use tower::{Layer, Service};

use crate::support::{Calls, Reports, TOKEN, body, call, full, handler, layer, request, status};

fn delivery() -> Request<Full<Bytes>> {
    request(full(body(TOKEN, "{}")))
}

#[tokio::test]
async fn a_handlers_own_success_is_passed_on() {
    let own = handler::<Full<Bytes>, _, _, Infallible>(|| async {
        let mut response = status(207);
        response.headers_mut().insert("x-own", "1".parse().unwrap());
        response.headers_mut().insert("content-length", "9999".parse().unwrap());
        response.headers_mut().insert("transfer-encoding", "chunked".parse().unwrap());
        Ok(response)
    });
    let answer = call(layer().layer(own), delivery()).await;
    assert_eq!((answer.status, answer.kind, &answer.body[..]), (207, Handled, &b"from the handler"[..]));
    assert_eq!(answer.headers["x-own"], "1");
    for framing in ["content-length", "transfer-encoding"] {
        assert!(!answer.headers.contains_key(framing), "a wrong {framing} would break the acknowledgement");
    }
}

#[tokio::test]
async fn whatever_else_a_handler_answers_is_acknowledged_with_an_empty_body() {
    for code in [100, 199, 300, 302, 304, 400, 401, 404, 410, 429, 500, 503, 999] {
        let own = handler::<Full<Bytes>, _, _, Infallible>(move || async move { Ok(status(code)) });
        let answer = call(layer().layer(own), delivery()).await;
        assert_eq!((answer.status, answer.kind), (200, Rejected), "{code}");
        assert!(answer.body.is_empty() && answer.headers.is_empty(), "{code}");
        assert!(answer.reason.unwrap().starts_with(&format!("status {code}")));
    }
}

#[tokio::test]
async fn an_error_is_acknowledged_and_told_with_its_causes_but_without_the_token() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the CRM did not take it")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let fails = handler::<Full<Bytes>, _, _, _>(|| async { Err(Outer(std::io::Error::other(format!("row {TOKEN}")))) });
    let answer = call(layer().layer(fails), delivery()).await;
    assert_eq!((answer.status, answer.kind), (200, Failed));
    assert_eq!(answer.reason.as_deref(), Some("the CRM did not take it: row ***"));
}

#[tokio::test]
async fn a_panic_is_caught_wherever_it_happens() {
    let in_the_future = handler::<Full<Bytes>, _, _, Infallible>(|| async { panic!("seen {TOKEN}") });
    let answer = call(layer().layer(in_the_future), delivery()).await;
    assert_eq!((answer.status, answer.kind, answer.reason.as_deref()), (200, Panicked, Some("seen ***")));

    let in_the_call = tower::service_fn(
        |_: Request<RequestBody<Full<Bytes>>>| -> std::future::Ready<Result<Response<Full<Bytes>>, Infallible>> {
            panic!("at once")
        },
    );
    let answer = call(layer().layer(in_the_call), delivery()).await;
    assert_eq!((answer.status, answer.kind, answer.reason.as_deref()), (200, Panicked, Some("at once")));

    struct PanicsWhenDropped;
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("on the way out");
            }
        }
    }
    let when_dropped = handler::<Full<Bytes>, _, _, Infallible>(|| async {
        let _held = PanicsWhenDropped;
        std::panic::panic_any(7)
    });
    let answer = call(layer().layer(when_dropped), delivery()).await;
    assert_eq!((answer.status, answer.reason.as_deref()), (200, Some("a panic without a message")));
}

#[tokio::test]
async fn errors_and_bodies_that_panic_cost_nobody_the_acknowledgement() {
    let unprintable = handler::<Full<Bytes>, _, _, _>(|| async { Err(crate::support::Unprintable) });
    let answer = call(layer().layer(unprintable), delivery()).await;
    assert_eq!((answer.status, answer.kind), (200, Panicked));

    struct Bomb;
    impl http_body::Body for Bomb {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            std::task::Poll::Ready(None)
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let reports = Reports::default();
    let layer = reports.of(layer());
    let bomb =
        tower::service_fn(|_: Request<RequestBody<Full<Bytes>>>| async { Ok::<_, Infallible>(Response::new(Bomb)) });
    assert_eq!(call(layer.layer(bomb), delivery()).await.kind, Handled);
    let late = tower::service_fn(|_: Request<RequestBody<Full<Bytes>>>| async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, Infallible>(Response::new(Bomb))
    });
    let hasty = layer.with_deadline(Duration::from_millis(10));
    assert_eq!(call(hasty.layer(late), delivery()).await.kind, Deferred);
    hasty.handle().drained().await;
    assert_eq!(reports.kinds(), [(Handled, false), (Deferred, false), (Handled, true)]);
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_the_sender_is_answered_and_the_work_goes_on() {
    let reports = Reports::default();
    let layer = reports.of(layer());
    let done = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&done);
    let slow = handler::<Full<Bytes>, _, _, Infallible>(move || {
        let counter = Arc::clone(&counter);
        async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(status(503))
        }
    });
    let started = Instant::now();
    let answer = call(layer.layer(slow), delivery()).await;
    assert_eq!((answer.status, answer.kind), (200, Deferred));
    assert_eq!(started.elapsed(), Duration::from_secs(4));
    assert_eq!((done.load(Ordering::SeqCst), layer.handle().running()), (0, 1));

    layer.handle().drained().await;
    assert_eq!(started.elapsed(), Duration::from_secs(60));
    assert_eq!((done.load(Ordering::SeqCst), layer.handle().running(), layer.handle().in_flight()), (1, 0, 0));
    assert_eq!(reports.kinds(), [(Deferred, false), (Rejected, true)]);
}

#[tokio::test(start_paused = true)]
async fn a_finished_answer_wins_over_the_deadline() {
    let just_in_time = handler::<Full<Bytes>, _, _, Infallible>(|| async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        Ok(status(201))
    });
    assert_eq!(call(layer().layer(just_in_time), delivery()).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_keeps_nobody_waiting() {
    let never = handler::<Full<Bytes>, _, _, Infallible>(pending);
    let layer = layer();
    for _ in 0..3 {
        assert_eq!(call(layer.layer(never.clone()), delivery()).await.kind, Deferred);
    }
    assert_eq!(layer.handle().running(), 3);
    let drained = tokio::time::timeout(Duration::from_secs(3600), layer.handle().drained()).await;
    assert!(drained.is_err(), "three are still running");
}

#[tokio::test(start_paused = true)]
async fn when_the_sender_hangs_up_the_work_goes_on_and_its_end_is_reported() {
    let reports = Reports::default();
    let layer = reports.of(layer());
    let calls = Calls::default();
    let slow = handler::<Full<Bytes>, _, _, Infallible>(|| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(status(200))
    });
    let mut service = layer.layer(slow);
    let hung_up = tokio::time::timeout(Duration::from_secs(1), service.call(delivery())).await;
    assert!(hung_up.is_err());
    assert_eq!(layer.handle().failures_in_a_row(), 1, "Aircall counts what it got no answer to");
    layer.handle().drained().await;
    assert_eq!(reports.kinds(), [(HungUp, false), (Handled, true)]);

    // Before everything is here, there is nothing to go on with.
    let unfinished =
        crate::support::Pieces::new([&body(TOKEN, "{}")[..115]].map(str::to_owned), crate::support::End::Never);
    let mut service = layer.layer(calls.handler());
    assert!(tokio::time::timeout(Duration::from_secs(1), service.call(request(unfinished))).await.is_err());
    assert_eq!(reports.kinds()[2..], [(aircall_tower::OutcomeKind::Interrupted, false)]);
    assert_eq!((calls.count(), layer.handle().in_flight()), (0, 0));
    assert_eq!((layer.handle().failures_in_a_row(), layer.handle().failures_in_total()), (2, 2));
}

/// However far a request has come when its sender is gone, nothing of it stays behind.
#[tokio::test]
async fn dropping_the_future_after_any_number_of_polls_leaves_nothing_behind() {
    let layer = layer();
    let handle = layer.handle();
    let whole = body(TOKEN, &format!("\"{}\"", "x".repeat(40_000)));
    for polls in 0..200 {
        let own = handler::<crate::support::Pieces, _, _, Infallible>(|| async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            Ok(status(200))
        });
        let pieces = whole.as_bytes().chunks(1_000).map(Bytes::copy_from_slice);
        let pieces = crate::support::Pieces::new(pieces, crate::support::End::Whole);
        let mut service = layer.layer(own);
        let mut future = Box::pin(service.call(request(pieces)));
        for _ in 0..polls {
            if futures_util::poll!(&mut future).is_ready() {
                break;
            }
        }
        drop(future);
        handle.drained().await;
        assert_eq!((handle.in_flight(), handle.running(), handle.unauthenticated_bytes()), (0, 0, 0), "{polls}");
    }
}

#[test]
fn work_that_the_runtime_takes_with_it_is_reported_as_lost() {
    let reports = Reports::default();
    let layer = reports.of(layer()).with_deadline(Duration::from_millis(10));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let never = handler::<Full<Bytes>, _, _, Infallible>(pending);
    let answer = runtime.block_on(call(layer.layer(never), delivery()));
    assert_eq!(answer.kind, Deferred);
    drop(runtime);
    let whole = Some(body(TOKEN, "{}").len());
    assert_eq!(reports.rows(), [(Deferred, false, whole), (Lost, true, whole)], "the hook can still keep it");
    assert_eq!(layer.handle().running(), 0);
}

type Frames =
    std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<http_body::Frame<Bytes>, std::io::Error>> + Send>>;

fn streaming(
    frames: fn() -> Frames,
) -> impl Service<
    Request<RequestBody<Full<Bytes>>>,
    Response = Response<StreamBody<Frames>>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send {
    tower::service_fn(move |_: Request<RequestBody<Full<Bytes>>>| async move {
        Ok(Response::new(StreamBody::new(frames())))
    })
}

#[tokio::test(start_paused = true)]
async fn the_body_of_an_acknowledgement_ends_in_time_and_without_an_error() {
    use futures_util::{StreamExt, stream};

    type Case = (fn() -> Frames, &'static str, u64);
    let cases: [Case; 4] = [
        (
            || Box::pin(stream::iter([Ok(http_body::Frame::data("a".into())), Ok(http_body::Frame::data("b".into()))])),
            "ab",
            0,
        ),
        (
            || Box::pin(stream::iter([Ok(http_body::Frame::data("a".into())), Err(std::io::ErrorKind::Other.into())])),
            "a",
            0,
        ),
        (|| Box::pin(stream::iter([Ok(http_body::Frame::data("a".into()))]).chain(stream::pending())), "a", 4),
        (|| Box::pin(stream::once(async { panic!("in the body") })), "", 0),
    ];
    for (frames, expected, seconds) in cases {
        let started = Instant::now();
        let answer = call(layer().layer(streaming(frames)), delivery()).await;
        assert_eq!((answer.status, answer.kind), (200, Handled));
        assert_eq!(answer.body, expected);
        assert_eq!(started.elapsed().as_secs(), seconds);
    }

    // A body that always has more is stopped just the same, also if it never waits.
    let restless: fn() -> Frames = || {
        Box::pin(
            stream::repeat_with(|| {
                std::thread::sleep(Duration::from_millis(1));
                Ok(http_body::Frame::data(Bytes::from_static(b"x")))
            })
            .take(20_000),
        )
    };
    tokio::time::resume();
    let answer = call(layer().with_deadline(Duration::from_millis(100)).layer(streaming(restless)), delivery()).await;
    assert!((1..=150).contains(&answer.body.len()), "{}", answer.body.len());
    tokio::time::pause();
    let endless: fn() -> Frames = || {
        Box::pin(stream::repeat_with(|| Ok(http_body::Frame::data(Bytes::from_static(b"x")))).then(|frame| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            frame
        }))
    };
    let answer = call(layer().layer(streaming(endless)), delivery()).await;
    assert!((38..=40).contains(&answer.body.len()), "{}", answer.body.len());
}
