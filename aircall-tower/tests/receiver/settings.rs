//! What the receiver is told by its environment.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

pub(crate) struct Settings {
    /// Which engine keeps the events, and where: a file, or the URL of a server.
    pub(crate) engine: String,
    pub(crate) store: String,
    /// The table or the queue there, and the file in which it is remembered what came out of a queue.
    #[allow(dead_code, reason = "a file has no table to choose")]
    pub(crate) name: String,
    #[allow(dead_code, reason = "only queues need one")]
    pub(crate) memory: Option<PathBuf>,
    pub(crate) spill: Option<PathBuf>,
    pub(crate) free_space: u64,
    /// How much less than promised SQLite is to wait for the disk.
    pub(crate) synchronous: Option<String>,

    /// Whether this process takes events in, and whether it works on them.
    pub(crate) takes_in: bool,
    pub(crate) works: bool,
    pub(crate) attempts: u32,
    pub(crate) interruptions: u32,
    pub(crate) pause: Duration,
    pub(crate) grace: Duration,

    /// Which start of the receiver on its store this is.
    pub(crate) boot: u32,
    /// Where the handler writes what it does, and the layer what it could not store.
    pub(crate) log: PathBuf,
    pub(crate) unstored: PathBuf,
}

impl Settings {
    pub(crate) fn from_environment() -> Self {
        let role = get("ROLE").unwrap_or_else(|| "both".to_owned());
        Self {
            engine: get("ENGINE").unwrap_or_else(|| "sqlite".to_owned()),
            store: get("STORE").unwrap(),
            name: get("NAME").unwrap_or_default(),
            memory: get("MEMORY"),
            spill: get("SPILL"),
            free_space: get("FREE_SPACE").unwrap_or(0),
            synchronous: get("SYNCHRONOUS"),
            takes_in: role != "worker",
            works: role != "intake",
            attempts: get("ATTEMPTS").unwrap_or(25),
            interruptions: get("INTERRUPTIONS").unwrap_or(10),
            pause: Duration::from_millis(get("PAUSE_MS").unwrap_or(50)),
            grace: Duration::from_millis(get("GRACE_MS").unwrap_or(0)),
            boot: get("BOOT").unwrap(),
            log: get("LOG").unwrap(),
            unstored: get("UNSTORED").unwrap(),
        }
    }
}

fn get<T: FromStr<Err: std::fmt::Debug>>(name: &str) -> Option<T> {
    std::env::var(format!("RECEIVER_{name}")).ok().map(|value| value.parse().unwrap())
}
