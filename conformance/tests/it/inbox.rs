//! `aircall-tower` with an inbox, judged like any other receiver: nothing to mend, whatever becomes of the events later.

use std::{
    collections::HashSet,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aircall_conformance::{Check, Collector, Report, Roots, Token, verdict::Verdict};
use aircall_tower::{
    DedupKey, Delivery, OutcomeKind, Token as Configured, Tokens, WebhookLayer,
    inbox::{
        Inbox, Retries, Summary,
        amqp::{AmqpOptions, Memory},
        postgres::{PostgresOptions, tokio_postgres::NoTls},
        sqlite::SqliteOptions,
    },
};
use axum::{
    Router,
    http::StatusCode,
    routing::{MethodRouter, post},
};
use rusqlite::Connection;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    makes::is_there,
    receivers::{OTHER_TOKEN, TOKEN, deviations},
};

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
}

impl Receiver {
    async fn start(work: MethodRouter, inbox: Inbox) -> Self {
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
        Self { inbox, url, stop, worker, acknowledged }
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

/// What an inbox can stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
    Rabbitmq,
}

async fn every_event_is_handled_once(engine: Engine) {
    let Some(server) = Server::start(engine) else { return };
    let collector = Collector::default();
    let reports = collector.clone();
    let work = post(move |delivery: Delivery| async move { reports.report(delivery.body()) });
    let receiver = Receiver::start(work, server.inbox().await).await;
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

#[tokio::test]
async fn every_event_is_handled_once_with_a_file() {
    every_event_is_handled_once(Engine::Sqlite).await;
}

#[tokio::test]
async fn every_event_is_handled_once_with_postgres() {
    every_event_is_handled_once(Engine::Postgres).await;
}

#[tokio::test]
async fn every_event_is_handled_once_with_rabbitmq() {
    every_event_is_handled_once(Engine::Rabbitmq).await;
}

async fn panics() -> StatusCode {
    panic!("this is the panic of the test")
}

async fn whatever_the_handler_does(engine: Engine) {
    let Some(server) = Server::start(engine) else { return };
    let handlers = [
        ("takes half a minute", post(|| tokio::time::sleep(Duration::from_secs(30)))),
        ("fails", post(|| async { StatusCode::INTERNAL_SERVER_ERROR })),
        ("panics", post(panics)),
    ];
    for (what, work) in handlers {
        let receiver = Receiver::start(work, server.inbox().await).await;
        let report = receiver.judge(None).await;
        assert_eq!(deviations(&report), [""; 0], "{what}: {}", report.human());
        let summary = receiver.stop().await;
        assert!(summary.done == 0 && summary.retried >= 64, "{what}: {summary:?}");
    }
}

#[tokio::test]
async fn whatever_the_handler_does_with_a_file() {
    whatever_the_handler_does(Engine::Sqlite).await;
}

#[tokio::test]
async fn whatever_the_handler_does_with_postgres() {
    whatever_the_handler_does(Engine::Postgres).await;
}

#[tokio::test]
async fn whatever_the_handler_does_with_rabbitmq() {
    whatever_the_handler_does(Engine::Rabbitmq).await;
}

/// What an inbox of one test alone stands on: a file, or a server from the script that starts those of the layer's tests.
struct Server {
    engine: Engine,
    directory: tempfile::TempDir,
    url: String,
    /// Whoever holds the file.
    holder: Mutex<Option<Connection>>,
}

impl Server {
    /// Says so and returns nothing where there is no server to be started, unless in CI.
    fn start(engine: Engine) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Self { engine, directory, url: String::new(), holder: Mutex::default() };
        let (program, package) = match engine {
            Engine::Sqlite => return Some(server),
            Engine::Postgres => ("/usr/lib/postgresql/*/bin/initdb", "postgresql"),
            Engine::Rabbitmq => ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server"),
        };
        let is_installed = glob::glob(program).unwrap().any(|found| found.is_ok());
        if !is_there(&format!("{engine:?}"), is_installed, &format!("apt install {package}")) {
            return None;
        }
        let output = server.script("start").stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        server.url = said.trim().split_once('=').unwrap().1.to_owned();
        Some(server)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    async fn inbox(&self) -> Inbox {
        match self.engine {
            Engine::Sqlite => Inbox::open(self.path("inbox.sqlite")).unwrap(),
            Engine::Postgres => Inbox::new(PostgresOptions::from_url(&self.url).unwrap().open(NoTls).await.unwrap()),
            Engine::Rabbitmq => {
                let memory = Memory::file(self.path("memory.sqlite"));
                Inbox::new(AmqpOptions::new(memory).open(&self.url).await.unwrap())
            }
        }
    }

    fn stand_still(&self) {
        if self.engine == Engine::Sqlite {
            let holder = Connection::open(self.path("inbox.sqlite")).unwrap();
            holder.busy_timeout(Duration::from_secs(10)).unwrap();
            holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
            *self.holder.lock().unwrap() = Some(holder);
        } else {
            self.signal("-STOP");
        }
    }

    fn go_on(&self) {
        if self.engine == Engine::Sqlite {
            *self.holder.lock().unwrap() = None;
        } else {
            self.signal("-CONT");
        }
    }

    /// Sends a signal to all of its processes.
    fn signal(&self, signal: &str) {
        let file = if self.engine == Engine::Postgres { "postgres/data/postmaster.pid" } else { "rabbitmq/pid" };
        let pid = std::fs::read_to_string(self.path(file)).unwrap();
        let pid = pid.lines().next().unwrap().trim();
        // The parent first when it is to stop, or it would start others.
        assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
        let children = Command::new("pkill").args([signal, "-P", pid]).status().unwrap();
        assert!(children.success() || self.engine == Engine::Rabbitmq);
    }

    fn script(&self, verb: &str) -> Command {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../aircall-tower/tests/servers"));
        let name = if self.engine == Engine::Postgres { "postgres" } else { "rabbitmq" };
        command.args([verb, name]).env("AIRCALL_TEST_SERVERS", self.directory.path());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.engine != Engine::Sqlite {
            let _ = self.script("stop").status();
        }
    }
}

async fn while_it_stands_still_for_a_minute(engine: Engine) {
    let Some(server) = Server::start(engine) else { return };
    let handled = Keys::default();
    let taken = handled.clone();
    let work = post(move |delivery: Delivery| async move { taken.insert(&delivery) });
    let spill = SqliteOptions::new().open(server.path("spill.sqlite")).unwrap();
    let receiver = Receiver::start(work, server.inbox().await.with_spill(spill)).await;
    let flawless = async |when: &str| {
        let report = receiver.judge(None).await;
        assert_eq!(deviations(&report), [""; 0], "{when}: {}", report.human());
    };
    flawless("before").await;
    server.stand_still();
    let stopped = Instant::now();
    flawless("while it stands still").await;
    tokio::time::sleep(Duration::from_secs(60).saturating_sub(stopped.elapsed())).await;
    assert!(receiver.inbox.is_down());
    let (acknowledged, meanwhile) = (receiver.acknowledged.count(), handled.count());
    assert!(acknowledged > meanwhile + 200, "of {acknowledged} only {meanwhile} can have been handled");
    server.go_on();
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

#[tokio::test(flavor = "multi_thread")]
async fn while_somebody_holds_the_file_for_a_minute() {
    while_it_stands_still_for_a_minute(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_stands_still_for_a_minute() {
    while_it_stands_still_for_a_minute(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_rabbitmq_stands_still_for_a_minute() {
    while_it_stands_still_for_a_minute(Engine::Rabbitmq).await;
}
