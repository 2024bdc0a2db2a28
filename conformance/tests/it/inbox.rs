//! `aircall-tower` with an inbox, judged like any other receiver: nothing to mend, whatever becomes of the events later.

use std::{
    collections::HashSet,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aircall_conformance::{Check, Collector, Report, Roots, Token, verdict::Verdict};
use aircall_tower::{
    DedupKey, Delivery, OutcomeKind, Token as Configured, Tokens, WebhookLayer,
    inbox::{
        Inbox, Retries, Summary,
        postgres::{PostgresOptions, tokio_postgres::NoTls},
        sqlite::{SqliteOptions, SqliteStore},
    },
};
use axum::{
    Router,
    http::StatusCode,
    routing::{MethodRouter, post},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::receivers::{OTHER_TOKEN, TOKEN, deviations};

/// Events, each once.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<HashSet<DedupKey>>>);

impl Keys {
    fn insert(&self, delivery: &Delivery) {
        self.0.lock().unwrap().insert(delivery.dedup_key());
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn missing_in(&self, others: &Self) -> usize {
        self.0.lock().unwrap().difference(&others.0.lock().unwrap()).count()
    }
}

/// A receiver with an inbox and a worker.
struct Receiver {
    inbox: Inbox,
    url: String,
    stop: oneshot::Sender<()>,
    worker: JoinHandle<Summary>,
    /// What has been acknowledged as stored.
    acknowledged: Keys,
    _directory: tempfile::TempDir,
}

impl Receiver {
    /// With a file.
    async fn start(work: MethodRouter) -> Self {
        Self::with(work, async |file| Inbox::new(file)).await
    }

    /// With what somebody makes of a file.
    async fn with(work: MethodRouter, inbox: impl AsyncFnOnce(SqliteStore) -> Inbox) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let inbox = inbox(SqliteOptions::new().open(directory.path().join("inbox.sqlite")).unwrap()).await;
        let tokens = Tokens::new([TOKEN, OTHER_TOKEN].map(|token| Configured::new(token).unwrap())).unwrap();
        let acknowledged = Keys::default();
        let stored = acknowledged.clone();
        let layer = WebhookLayer::new(tokens).inbox(&inbox).on_outcome(move |report| {
            if let (OutcomeKind::Stored, Some(delivery)) = (report.outcome().kind(), report.delivery()) {
                stored.insert(delivery);
            }
        });
        // Nobody is to be called in the request.
        let inner = post(|| async { panic!("handled in the request") as StatusCode });
        let app = Router::new().route("/aircall/webhook", inner.layer(layer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/aircall/webhook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let (stop, stopped) = oneshot::channel();
        let retries = Retries::default().with_pauses(Duration::from_millis(10), Duration::from_millis(100));
        let worker =
            inbox.worker(work).with_concurrency(64).with_retries(retries).with_grace(Duration::from_millis(100));
        let worker = tokio::spawn(worker.run(async { drop(stopped.await) }));
        Self { inbox, url, stop, worker, acknowledged, _directory: directory }
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

/// A server of this test alone, with the script that starts those of the layer's tests.
struct Server {
    directory: tempfile::TempDir,
    url: String,
}

impl Server {
    /// Says so and returns nothing where there is no server to be started, unless in CI.
    fn start() -> Option<Self> {
        if !glob::glob("/usr/lib/postgresql/*/bin/initdb").unwrap().any(|found| found.is_ok()) {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed");
            eprintln!("SKIPPED: PostgreSQL is not installed (apt install postgresql)");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let output = script(directory.path(), "start").stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        let url = said.trim().strip_prefix("export AIRCALL_TEST_POSTGRES=").unwrap().to_owned();
        Some(Self { directory, url })
    }

    /// Sends a signal to all of its processes.
    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.directory.path().join("postgres/data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        // The parent first when it is to stop, or it would start others.
        for command in [["kill", signal, pid].as_slice(), &["pkill", signal, "-P", pid]] {
            assert!(Command::new(command[0]).args(&command[1..]).status().unwrap().success(), "{command:?}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = script(self.directory.path(), "stop").status();
    }
}

fn script(directory: &Path, verb: &str) -> Command {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../aircall-tower/tests/servers"));
    command.args([verb, "postgres"]).env("AIRCALL_TEST_SERVERS", directory);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn while_its_server_stands_still_for_a_minute() {
    let Some(server) = Server::start() else { return };
    let handled = Keys::default();
    let taken = handled.clone();
    let work = post(move |delivery: Delivery| async move { taken.insert(&delivery) });
    let receiver = Receiver::with(work, async |file| {
        Inbox::new(PostgresOptions::from_url(&server.url).unwrap().open(NoTls).await.unwrap()).with_spill(file)
    })
    .await;
    let flawless = async |when: &str| {
        let report = receiver.judge(None).await;
        assert_eq!(deviations(&report), [""; 0], "{when}: {}", report.human());
    };
    flawless("before").await;
    server.signal("-STOP");
    let stopped = Instant::now();
    flawless("while it stands still").await;
    tokio::time::sleep(Duration::from_secs(60).saturating_sub(stopped.elapsed())).await;
    assert!(receiver.inbox.is_down());
    let (acknowledged, meanwhile) = (receiver.acknowledged.count(), handled.count());
    assert!(acknowledged > meanwhile + 200, "of {acknowledged} only {meanwhile} can have been handled");
    server.signal("-CONT");
    flawless("after it has gone on").await;
    for _ in 0..600 {
        if handled.count() == receiver.acknowledged.count() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(receiver.acknowledged.missing_in(&handled), 0);
    assert!(!receiver.inbox.is_down());
    let summary = receiver.stop().await;
    // Once each, but for what was being settled when the server stopped.
    let more = summary.done - handled.count() as u64;
    assert!(summary.dead == 0 && more <= 64, "{summary:?}, {} events", handled.count());
}
