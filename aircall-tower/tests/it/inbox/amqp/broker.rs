//! The broker that the tests use, as `tests/servers start rabbitmq` has it, and one that a test may do anything to.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use lapin::{Channel, Connection, ConnectionProperties};

use crate::support::skipped;

pub(in crate::inbox) struct Broker {
    uri: String,
}

impl Broker {
    /// Finds the broker. Where there is none the tests are skipped, and say so; in CI there has to be one.
    pub(in crate::inbox) fn find() -> Option<Self> {
        match std::env::var("AIRCALL_TEST_AMQP") {
            Ok(uri) => Some(Self { uri }),
            Err(_) => {
                skipped(
                    "AIRCALL_TEST_AMQP is not set, so there is no RabbitMQ to test with; see aircall-tower/tests/servers",
                );
                None
            }
        }
    }

    pub(in crate::inbox) fn uri(&self) -> &str {
        &self.uri
    }

    /// A name that no test had before.
    pub(in crate::inbox) fn queue(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        format!("test-{now}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// A channel for a test that looks behind the store.
    pub(in crate::inbox) async fn channel(&self) -> (Connection, Channel) {
        let connection = Connection::connect(&self.uri, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }
}

/// A broker of one's own, which is there until this is dropped.
pub(in crate::inbox) struct OwnBroker {
    directory: tempfile::TempDir,
    broker: Broker,
}

impl OwnBroker {
    /// Starts one, where there is one to be found at all.
    pub(in crate::inbox) fn start() -> Option<Self> {
        Broker::find()?;
        let mut own = Self { directory: tempfile::tempdir().unwrap(), broker: Broker { uri: String::new() } };
        let variables = own.servers("start");
        let uri = variables.trim().strip_prefix("export AIRCALL_TEST_AMQP=").expect("the URI of the broker");
        own.broker.uri = uri.to_owned();
        Some(own)
    }

    pub(in crate::inbox) fn broker(&self) -> &Broker {
        &self.broker
    }

    pub(in crate::inbox) fn start_again(&self) {
        self.servers("start");
    }

    /// Ends it as the loss of its power would, but for what the kernel still writes.
    pub(in crate::inbox) fn kill(&self) {
        self.signal("-KILL");
        // What listens in its name has to be gone before there can be another.
        std::thread::sleep(Duration::from_millis(500));
    }

    pub(in crate::inbox) fn freeze(&self) {
        self.signal("-STOP");
        // On a busy machine a process goes on until the thread that is to hear of it has its turn.
        let end = Instant::now() + Duration::from_secs(10);
        while !self.states().split_whitespace().all(|state| state.starts_with('T')) {
            assert!(Instant::now() < end, "the threads of the broker are {}", self.states());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(in crate::inbox) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid()]).status().unwrap().success());
    }

    /// What each of its threads is doing, a letter each at the least.
    pub(in crate::inbox) fn states(&self) -> String {
        let output = Command::new("ps").args(["-L", "-o", "stat=", "-p", &self.pid()]).output().unwrap();
        assert!(output.status.success(), "the broker is gone");
        String::from_utf8(output.stdout).unwrap()
    }

    fn pid(&self) -> String {
        let pid = std::fs::read_to_string(self.directory.path().join("rabbitmq/pid")).unwrap();
        pid.trim().to_owned()
    }

    fn servers(&self, verb: &str) -> String {
        let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers"))
            .args([verb, "rabbitmq"])
            .env("AIRCALL_TEST_SERVERS", self.directory.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        self.servers("stop");
    }
}
