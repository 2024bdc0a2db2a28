//! The broker that the tests use, as `tests/servers start rabbitmq` has it, and one that a test may do anything to.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use lapin::{Channel, Connection, ConnectionProperties};

pub(super) struct Broker {
    uri: String,
}

impl Broker {
    /// Finds the broker. Where there is none the tests are skipped, and say so; in CI there has to be one.
    pub(super) fn find() -> Option<Self> {
        match std::env::var("AIRCALL_TEST_AMQP") {
            Ok(uri) => Some(Self { uri }),
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
        format!("test-{now}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// A channel for a test that looks behind the store.
    pub(super) async fn channel(&self) -> (Connection, Channel) {
        let connection = Connection::connect(&self.uri, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }
}

/// A broker of one's own, which is there until this is dropped.
pub(super) struct OwnBroker {
    directory: tempfile::TempDir,
    port: u16,
    broker: Broker,
}

impl OwnBroker {
    /// Starts one, where there is one to be found at all.
    pub(super) fn start() -> Option<Self> {
        Broker::find()?;
        let port = free_ports();
        let broker = Broker { uri: format!("amqp://guest:guest@127.0.0.1:{port}/%2f") };
        let own = Self { directory: tempfile::tempdir().unwrap(), port, broker };
        own.start_again();
        Some(own)
    }

    pub(super) fn broker(&self) -> &Broker {
        &self.broker
    }

    pub(super) fn start_again(&self) {
        assert!(self.servers("start"), "no broker could be started");
    }

    /// Ends it as the loss of its power would, but for what the kernel still writes.
    pub(super) fn kill(&self) {
        self.signal("-KILL");
        // What listens in its name has to be gone before there can be another.
        std::thread::sleep(Duration::from_millis(500));
    }

    pub(super) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(super) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.directory.path().join("rabbitmq/pid")).unwrap();
        assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
    }

    fn servers(&self, what: &str) -> bool {
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers"))
            .args([what, "rabbitmq"])
            .env("AIRCALL_SERVERS", self.directory.path())
            .env("AIRCALL_RABBITMQ_PORT", self.port.to_string())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap()
            .success()
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        self.servers("stop");
    }
}

/// The first of three ports in a row that nobody listens on.
fn free_ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if first < 65_000 && free(first + 1) && free(first + 2) {
            return first;
        }
    }
}
