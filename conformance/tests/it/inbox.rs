//! `aircall-tower` with an inbox, judged like any other receiver: nothing to mend, whatever becomes of the events later.

use std::time::Duration;

use aircall_conformance::{Check, Collector, Report, Roots, Token, verdict::Verdict};
use aircall_tower::{
    Delivery, Token as Configured, Tokens, WebhookLayer,
    inbox::{Inbox, Retries, Summary, sqlite::SqliteOptions},
};
use axum::{
    Router,
    http::StatusCode,
    routing::{MethodRouter, post},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::receivers::{OTHER_TOKEN, TOKEN, deviations};

/// A receiver with an inbox and a worker.
struct Receiver {
    inbox: Inbox,
    url: String,
    stop: oneshot::Sender<()>,
    worker: JoinHandle<Summary>,
    _directory: tempfile::TempDir,
}

impl Receiver {
    async fn start(work: MethodRouter) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(SqliteOptions::new().open(directory.path().join("inbox.sqlite")).unwrap());
        let tokens = Tokens::new([TOKEN, OTHER_TOKEN].map(|token| Configured::new(token).unwrap())).unwrap();
        // Nobody is to be called in the request.
        let inner = post(|| async { panic!("handled in the request") as StatusCode });
        let app = Router::new().route("/aircall/webhook", inner.layer(WebhookLayer::new(tokens).inbox(&inbox)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/aircall/webhook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let (stop, stopped) = oneshot::channel();
        let retries = Retries::default().with_pauses(Duration::from_millis(10), Duration::from_millis(100));
        let worker =
            inbox.worker(work).with_concurrency(64).with_retries(retries).with_grace(Duration::from_millis(100));
        let worker = tokio::spawn(worker.run(async { drop(stopped.await) }));
        Self { inbox, url, stop, worker, _directory: directory }
    }

    async fn judge(&self, collector: Option<Collector>) -> Report {
        let endpoint = aircall_conformance::Endpoint::url(self.url.parse().unwrap(), &Roots::System).unwrap();
        let mut check =
            Check::new(endpoint, Token::new(TOKEN).unwrap()).with_other_token(Token::new(OTHER_TOKEN).unwrap());
        if let Some(collector) = collector {
            check = check.with_collector(collector);
        }
        check.run().await.unwrap()
    }

    async fn stop(self) -> Summary {
        drop(self.stop);
        let summary = self.worker.await.unwrap();
        self.inbox.close().await;
        summary
    }
}

#[tokio::test]
async fn every_event_is_handled_once() {
    let collector = Collector::default();
    let reports = collector.clone();
    let receiver =
        Receiver::start(post(move |delivery: Delivery| async move { reports.report(delivery.body()) })).await;
    let report = receiver.judge(Some(collector)).await;
    assert_eq!(deviations(&report), [""; 0], "{}", report.human());
    for case in ["retry/handled-once", "retry/concurrent-handled-once", "acknowledgement/handled"] {
        let passed = report.with(Verdict::Pass).any(|result| &*result.case.id == case);
        assert!(passed, "{case}: {}", report.human());
    }
    let summary = receiver.stop().await;
    assert_eq!((summary.retried, summary.dead), (0, 0), "{summary:?}");
    assert!(summary.done > 200, "{summary:?}");
}

async fn panics() -> StatusCode {
    panic!("this is the panic of the test")
}

#[tokio::test]
async fn whatever_the_handler_does() {
    let handlers = [
        ("takes half a minute", post(|| tokio::time::sleep(Duration::from_secs(30)))),
        ("fails", post(|| async { StatusCode::INTERNAL_SERVER_ERROR })),
        ("panics", post(panics)),
    ];
    for (what, work) in handlers {
        let receiver = Receiver::start(work).await;
        let report = receiver.judge(None).await;
        assert_eq!(deviations(&report), [""; 0], "{what}: {}", report.human());
        let summary = receiver.stop().await;
        assert!(summary.done == 0 && summary.retried >= 64, "{what}: {summary:?}");
    }
}
