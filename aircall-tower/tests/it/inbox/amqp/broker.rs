//! The broker that the tests use, as `tests/servers start rabbitmq` has it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

pub(super) struct Broker {
    uri: String,
    made: Mutex<Vec<String>>,
}

impl Broker {
    /// Finds the broker. Where there is none the tests are skipped, and say so; in CI there has to be one.
    pub(super) fn find() -> Option<Self> {
        match std::env::var("AIRCALL_TEST_AMQP") {
            Ok(uri) => Some(Self { uri, made: Mutex::default() }),
            Err(_) if std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()) => {
                panic!("AIRCALL_TEST_AMQP is not set: start a broker with `tests/servers start rabbitmq`");
            }
            Err(_) => {
                eprintln!("skipped: AIRCALL_TEST_AMQP is not set, see `tests/servers start rabbitmq`");
                None
            }
        }
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// A name that no test had before.
    pub(super) fn queue(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let queue = format!("test-{now}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.made.lock().unwrap().push(queue.clone());
        queue
    }
}
