//! A receiver with an inbox, for tests that kill it: it is started, loaded over real sockets, and looked at from outside.
//!
//! Everything it is told stands in environment variables. It prints `listening on ADDRESS` once it can be spoken to, and
//! what it did is in its log, one line a step, each in a single write: `ID BOOT ATTEMPT begun|done|failed`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod handler;
mod settings;

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "amqp")]
use aircall_tower::inbox::amqp::{AmqpOptions, Memory};
#[cfg(feature = "postgres")]
use aircall_tower::inbox::postgres::{PostgresOptions, tokio_postgres::NoTls};
use aircall_tower::inbox::sqlite::SqliteOptions;
use aircall_tower::inbox::{Inbox, Retries, StoreError};
use aircall_tower::{OutcomeKind, Token, WebhookLayer};
use axum::Router;
use axum::routing::post;
use tokio::sync::{mpsc, oneshot};

use self::handler::Handler;
use self::settings::Settings;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_environment();
    let inbox = open(&settings).await?;
    let handler = Handler::new(append(&settings.log), settings.boot);

    let (commands, mut received) = mpsc::unbounded_channel();
    // A thread of its own: the runtime does not end before a read of its standard input does.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = commands.send(line);
        }
        // Nobody is left to give commands, or to kill this process when it is done with.
        let _ = commands.send("stop".to_owned());
    });

    if settings.takes_in {
        take_in(&inbox, &settings).await?;
    } else {
        println!("working");
    }
    // Only now: what it handles first may be what ends this process.
    let mut worker = settings.works.then(|| Shift::begin(&inbox, &handler, &settings));
    while let Some(command) = received.recv().await {
        match command.as_str() {
            // As if the worker were a process of its own: what it runs is stopped where it is.
            "restart worker" => {
                if let Some(shift) = worker.take() {
                    shift.end().await;
                    worker = Some(Shift::begin(&inbox, &handler, &settings));
                }
            }
            _ => break,
        }
    }
    if let Some(shift) = worker {
        shift.end().await;
    }
    inbox.close().await;
    println!("stopped");
    Ok(())
}

/// Opens the inbox of the engine that is asked for.
async fn open(settings: &Settings) -> Result<Inbox, StoreError> {
    let mut inbox = match settings.engine.as_str() {
        "sqlite" => Inbox::new(sqlite(settings).open(&settings.store)?),
        #[cfg(feature = "postgres")]
        "postgres" => {
            let options = PostgresOptions::from_url(&settings.store)?.with_table(&settings.name);
            Inbox::new(options.open(NoTls).await?)
        }
        #[cfg(feature = "amqp")]
        "amqp" => {
            // Only who takes events out has to know duplicates.
            let memory =
                if settings.works { Memory::file(settings.memory.as_ref().unwrap()) } else { Memory::process() };
            Inbox::new(AmqpOptions::new(memory).with_queue(&settings.name).open(&settings.store).await?)
        }
        other => panic!("there is no engine {other:?}"),
    };
    if let Some(spill) = &settings.spill {
        inbox = inbox.with_spill(SqliteOptions::new().with_free_space(0).open(spill)?);
    }
    Ok(inbox)
}

fn sqlite(settings: &Settings) -> SqliteOptions {
    let options = SqliteOptions::new().with_free_space(settings.free_space);
    match &settings.synchronous {
        #[cfg(feature = "__weak")]
        Some(level) => options.weakened(level),
        #[cfg(not(feature = "__weak"))]
        Some(level) => panic!("this build cannot be weakened to {level}"),
        None => options,
    }
}

async fn take_in(inbox: &Inbox, settings: &Settings) -> std::io::Result<()> {
    let unstored = Arc::new(append(&settings.unstored));
    let layer =
        WebhookLayer::new(Token::new(aircall_fixtures::TOKEN).unwrap()).inbox(inbox).on_outcome(move |report| {
            if report.outcome().kind() == OutcomeKind::NotStored {
                let id = report
                    .delivery()
                    .and_then(|delivery| delivery.data::<handler::Task>().ok())
                    .map_or(0, |task| task.id);
                let status = report.outcome().status().map_or(0, |status| status.as_u16());
                let line = format!("{id} {status} {}\n", report.outcome().reason().unwrap_or_default());
                (&*unstored).write_all(line.as_bytes()).unwrap();
            }
        });
    let app = Router::new().route("/aircall/webhook", post(async || ()).layer(layer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(())
}

/// A worker at work in this process.
struct Shift {
    stop: oneshot::Sender<Infallible>,
    task: tokio::task::JoinHandle<aircall_tower::inbox::Summary>,
}

impl Shift {
    fn begin(inbox: &Inbox, handler: &Handler, settings: &Settings) -> Self {
        let (stop, stopped) = oneshot::channel();
        let retries = Retries::default()
            .with_attempts(settings.attempts)
            .with_interruptions(settings.interruptions)
            .with_pauses(settings.pause, settings.pause * 8);
        let worker = inbox.worker(handler.clone()).with_retries(retries).with_grace(settings.grace);
        Self { stop, task: tokio::spawn(worker.run(async { drop(stopped.await) })) }
    }

    async fn end(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}
