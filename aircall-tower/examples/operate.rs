//! Looks into the store of an inbox, also while its process runs, and does what a person has decided.
//!
//! ```sh
//! cargo run -p aircall-tower --example operate --features sqlite -- aircall.sqlite list --state dead
//! cargo run -p aircall-tower --example operate --features sqlite,postgres -- postgres://user@host/db counts
//! cargo run -p aircall-tower --example operate --features sqlite,amqp -- amqp://user@host/%2f replay --all-dead
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use aircall_tower::inbox::sqlite::SqliteOperator;
use aircall_tower::inbox::{Entry, Event, Filter, Operate, State};
use clap::{Args, Parser, Subcommand};
use serde_json::Value;

/// Lists, shows, replays and discards the events of an inbox.
#[derive(Parser)]
struct Cli {
    /// The file of the inbox, or the URL of its server: postgres://… or amqp://…. Of a queue only dead letters can be seen.
    store: String,
    /// The table or the queue on that server, if it is not the usual one.
    #[arg(long)]
    name: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says how many events are ready, running, done and dead. Exits with 1 if there are dead letters.
    Counts,
    /// Lists events, newest first.
    List(Which),
    /// Shows one event in full.
    Show { id: i64 },
    /// Has events handled again: from the beginning, and at once.
    Replay(Chosen),
    /// Settles events for good without handling them.
    Discard(Chosen),
    /// Forgets events that have been done for so many hours, with their keys: duplicates that come later are new.
    Purge {
        #[arg(long, value_name = "HOURS", default_value_t = 48)]
        done_for_hours: u64,
    },
}

#[derive(Args)]
struct Which {
    /// Only ready, running, done or dead ones.
    #[arg(long, value_parser = |name: &str| State::from_name(name).ok_or("expected ready, running, done or dead"))]
    state: Option<State>,
    /// Only events of this name, such as call.ended.
    #[arg(long)]
    event: Option<String>,
    /// Only events about this object, such as call/4223501188.
    #[arg(long)]
    subject: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Chosen {
    /// Their numbers.
    ids: Vec<i64>,
    /// All dead letters.
    #[arg(long)]
    all_dead: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    operate(Cli::parse()).await.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

async fn operate(Cli { store, name, command }: Cli) -> Result<ExitCode, Box<dyn Error>> {
    let Some((scheme, _)) = store.split_once("://") else {
        if name.is_some() {
            return Err("--name is for servers, expected none with a file".into());
        }
        return run(&SqliteOperator::new(store), command).await;
    };
    match scheme {
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            use aircall_tower::inbox::postgres::{PostgresOptions, tokio_postgres::NoTls};

            let mut options = PostgresOptions::from_url(&store)?;
            if let Some(table) = name {
                options = options.with_table(table);
            }
            run(&options.operator(NoTls)?, command).await
        }
        #[cfg(feature = "amqp")]
        "amqp" | "amqps" => {
            use aircall_tower::inbox::amqp::{AmqpOptions, Memory};

            let mut options = AmqpOptions::new(Memory::process());
            if let Some(queue) = name {
                options = options.with_queue(queue);
            }
            run(&options.open(&store).await?.operator(), command).await
        }
        _ => {
            let _ = name;
            Err(format!(
                "there is nothing for {scheme}:// in this build, expected a file, or the feature postgres or amqp"
            )
            .into())
        }
    }
}

async fn run(operator: &impl Operate, command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Counts => {
            let counts = operator.counts().await?;
            let oldest = counts.oldest_ready_ms.map(|at| format!(", the oldest for {}", age(at))).unwrap_or_default();
            println!(
                "ready   {}{oldest}\nrunning {}\ndone    {}\ndead    {}",
                counts.ready, counts.running, counts.done, counts.dead
            );
            return Ok(ExitCode::from(u8::from(counts.dead > 0)));
        }
        Command::List(Which { state, event, subject, limit }) => {
            let entries = operator.list(Filter { state, event, subject, limit }).await?;
            if entries.is_empty() {
                eprintln!("no events");
            }
            table(&entries);
            if entries.len() == limit {
                eprintln!("… there may be more: --limit");
            }
        }
        Command::Show { id } => {
            let Some((entry, event)) = operator.get(id).await? else {
                return Err(format!("there is no event {id}").into());
            };
            show(&entry, &event);
        }
        Command::Replay(chosen) => {
            let ids = chosen_ids(operator, chosen).await?;
            let asked = ids.len();
            let replayed = operator.replay(ids).await?;
            return Ok(told("due again", replayed, asked, "running, unknown, or without a body"));
        }
        Command::Discard(chosen) => {
            let ids = chosen_ids(operator, chosen).await?;
            let asked = ids.len();
            let discarded = operator.discard(ids).await?;
            return Ok(told("discarded", discarded, asked, "running, done, or unknown"));
        }
        Command::Purge { done_for_hours } => {
            let purged = operator.purge(Duration::from_secs(done_for_hours.saturating_mul(3600))).await?;
            println!("{purged} forgotten");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn chosen_ids(operator: &impl Operate, chosen: Chosen) -> Result<Vec<i64>, Box<dyn Error>> {
    if !chosen.all_dead {
        return Ok(chosen.ids);
    }
    let dead = Filter { state: Some(State::Dead), limit: usize::MAX, ..Filter::default() };
    Ok(operator.list(dead).await?.into_iter().map(|entry| entry.id).collect())
}

fn told(what: &str, done: usize, asked: usize, why_not: &str) -> ExitCode {
    println!("{done} of {asked} {what}");
    if done < asked {
        eprintln!("the others are {why_not}");
    }
    ExitCode::from(u8::from(done < asked))
}

fn table(entries: &[Entry]) {
    let head = ["id", "state", "age", "due in", "tries", "event", "subject", "last error"].map(str::to_owned);
    let rows: Vec<[String; 8]> = std::iter::once(head)
        .chain(entries.iter().map(|entry| {
            [
                entry.id.to_string(),
                entry.state.as_str().to_owned(),
                age(entry.received_at_ms),
                entry.due_at_ms.map(until).unwrap_or_default(),
                entry.attempts.to_string(),
                printed(&entry.event),
                entry.subject.as_deref().map(printed).unwrap_or_default(),
                entry.last_error.as_deref().map(printed).unwrap_or_default(),
            ]
        }))
        .filter(|_| !entries.is_empty())
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    for row in &rows {
        let line: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("{}", line.join("  ").trim_end());
    }
}

fn show(entry: &Entry, event: &Event) {
    let tenant = event.tenant.as_deref().unwrap_or("-");
    println!("event     {} {}", entry.id, printed(&event.event));
    println!("state     {}, attempts {}", entry.state.as_str(), entry.attempts);
    println!("received  {} ago", age(entry.received_at_ms));
    println!("subject   {}", event.subject.as_deref().map_or("-".to_owned(), printed));
    println!("tenant    {tenant}, token {}…", event.token_fingerprint);
    println!("key       {}", event.key);
    println!("error     {}", entry.last_error.as_deref().map_or("-".to_owned(), printed));
    println!("\n{} {}", event.method, event.uri);
    for (name, value) in &event.headers {
        println!("{name}: {}", printed(&String::from_utf8_lossy(value.as_bytes())));
    }
    // As it was stored if it cannot be laid out.
    let body: Option<Value> = serde_json::from_str(&event.body).ok();
    println!("\n{}", body.map_or_else(|| event.body.clone(), |body| format!("{body:#}")));
}

/// What others wrote, so that it does nothing to a terminal.
fn printed(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn age(at_ms: i64) -> String {
    span(now_ms() - at_ms)
}

fn until(at_ms: i64) -> String {
    if at_ms <= now_ms() { "now".to_owned() } else { span(at_ms - now_ms()) }
}

fn span(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        ..0 => "0 s".to_owned(),
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
