//! Receivers that are slow, hang, crash or stay poisoned.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aircall_conformance::{catalogue::Selection, verdict::Verdict};
use axum::{http::StatusCode, response::IntoResponse};
use tokio::{net::TcpListener, sync::Notify};

use crate::receivers::{Received, app, check, deviations, serve};

/// For receivers that keep silent: each silence costs the test that long.
const SHORT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_receiver_that_never_answers_is_not_waited_for_300_times() {
    let receiver = serve(|_: Received| std::future::pending()).await;
    let report = check(&receiver.url).with_timeout(SHORT).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail acknowledgement/plain-event: timed-out"]);
    assert_eq!(report.requests, 1);
}

#[tokio::test]
async fn a_receiver_that_answers_in_broken_http_fails() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let long = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "x".repeat(1 << 20));
    for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "hello\r\n\r\n", &long] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let check = check(&format!("http://{}/", listener.local_addr().unwrap()));
        let serve = async {
            let mut stream = listener.accept().await.unwrap().0;
            stream.read_exact(&mut [0; 1024]).await.unwrap();
            // The one who reads gives up before the end of a long one.
            let _ = stream.write_all(answer.as_bytes()).await;
            std::future::pending::<()>().await;
        };
        let report = tokio::select! {
            report = check.run() => report.unwrap(),
            () = serve => unreachable!("it never ends"),
        };
        assert_eq!(deviations(&report), ["fail acknowledgement/plain-event: garbled"]);
    }
}

#[tokio::test]
async fn a_receiver_that_falls_silent_is_given_up() {
    let receiver = serve(|request: Received| async move {
        match request.key("event").starts_with(r#""call."#) {
            true => request.due(),
            false => std::future::pending().await,
        }
    });
    let report = check(&receiver.await.url).with_timeout(Duration::from_millis(500)).run().await.unwrap();
    let late = report.with(Verdict::Fail).filter(|result| result.judgement.reason.code() == "timed-out");
    assert_eq!(late.count(), 5);
    assert!(report.with(Verdict::Skipped).count() > 100);
    assert!(!report.is_conformant());
}

#[tokio::test]
async fn one_slow_event_is_found() {
    let receiver = serve(|request: Received| async move {
        if request.key("event") == r#""team.created""# {
            std::future::pending::<()>().await;
        }
        request.due()
    });
    let some = Selection::default().section("payload").unwrap();
    let report = check(&receiver.await.url).with_timeout(SHORT).with_selection(some).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail payload/team.created: timed-out"]);
}

#[tokio::test]
async fn little_time_to_spare_is_found() {
    let receiver = serve(|request: Received| async move {
        if request.key("event") == r#""team.created""# {
            tokio::time::sleep(Duration::from_millis(3100)).await;
        }
        request.due()
    });
    let report = check(&receiver.await.url).with_timeout(Duration::from_secs(6)).run().await.unwrap();
    assert_eq!(deviations(&report), ["lenient acknowledgement/time-to-spare: little-time-to-spare"]);
    assert_eq!(report.latency.unwrap().slowest, "payload/team.created");
}

#[tokio::test]
async fn a_receiver_that_is_poisoned_is_told_apart_by_what_poisoned_it() {
    let is_poisoned = Arc::new(AtomicBool::new(false));
    let receiver = serve(move |request: Received| {
        let is_poisoned = is_poisoned.clone();
        async move {
            if is_poisoned.load(Ordering::Relaxed) {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            is_poisoned.store(request.key("token") == "true", Ordering::Relaxed);
            request.due()
        }
    });
    let report = check(&receiver.await.url).with_recovery(Duration::from_millis(300)).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail token/true: harmed"]);
    let reason = report.with(Verdict::Fail).next().unwrap().judgement.reason.to_string();
    assert_eq!(
        reason,
        "it does harm: the receiver refuses honest events (500 Internal Server Error to the honest event right after)"
    );
    let skipped = report.with(Verdict::Skipped).find(|result| result.case.id == "token/array").unwrap();
    assert_eq!(skipped.judgement.reason.to_string(), "honest events are no longer acknowledged since token/true");
}

#[tokio::test]
async fn a_receiver_that_crashes_is_told_apart_from_one_that_refuses() {
    let crash = Arc::new(Notify::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let crashing = crash.clone();
    let app = app(move |request: Received| {
        let crashing = crashing.clone();
        async move {
            if request.key("token") == "null" {
                crashing.notify_one();
                std::future::pending::<()>().await;
            }
            request.due()
        }
    });
    // A runtime of its own: dropping it closes every connection at once, as the end of a process does.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = listener.into_std().unwrap();
    runtime.spawn(async move { axum::serve(TcpListener::from_std(listener).unwrap(), app).await.unwrap() });
    tokio::spawn(async move {
        crash.notified().await;
        runtime.shutdown_background();
    });

    let report = check(&url).with_recovery(Duration::from_millis(300)).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail token/null: harmed"]);
    let reason = report.with(Verdict::Fail).next().unwrap().judgement.reason.to_string();
    // The listener may outlive the connections by a moment.
    assert!(reason.contains("no longer listens") || reason.contains("closes connections"), "{reason}");
}

#[tokio::test]
async fn a_receiver_that_comes_back_is_judged_to_the_end() {
    let refusals = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let receiver = serve(move |request: Received| {
        let refusals = refusals.clone();
        async move {
            if request.key("token") == "true" {
                refusals.store(3, Ordering::Relaxed);
            } else if refusals.load(Ordering::Relaxed) > 0 {
                refusals.fetch_sub(1, Ordering::Relaxed);
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            request.due()
        }
    });
    let report = check(&receiver.await.url).run().await.unwrap();
    assert_eq!(deviations(&report), ["fail token/true: harmed"]);
    assert_eq!(
        report.with(Verdict::Skipped).filter(|result| result.judgement.reason.code() == "receiver-harmed").count(),
        0
    );
}
