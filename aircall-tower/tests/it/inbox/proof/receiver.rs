//! The receiver as a process of its own, and the place where its files are.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::ledger::Log;

/// Where a receiver keeps its files, over all the times that it is started.
pub(super) struct Ground {
    directory: tempfile::TempDir,
    boot: u32,
    settings: Vec<(String, String)>,
    /// What the receiver is started by, if not by itself.
    wrapper: Vec<String>,
}

impl Ground {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("store")).unwrap();
        let ground = Self { directory, boot: 0, settings: Vec::new(), wrapper: Vec::new() };
        let store = ground.store();
        ground.with("RECEIVER_STORE", store.display())
    }

    /// Sets a variable of the receiver's environment.
    pub(super) fn with(mut self, name: &str, value: impl Display) -> Self {
        self.set(name, value);
        self
    }

    pub(super) fn set(&mut self, name: &str, value: impl Display) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_string()));
    }

    /// For deaths that are nobody's fault: events that were being handled are not given up for them.
    pub(super) fn with_patience(self) -> Self {
        self.with("RECEIVER_INTERRUPTIONS", 1_000_000).with("RECEIVER_ATTEMPTS", 1_000_000)
    }

    /// Sets the command that starts the receiver, whose path is added at its end.
    pub(super) fn started_by(mut self, wrapper: Vec<String>) -> Self {
        self.wrapper = wrapper;
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path().join("store/aircall.sqlite")
    }

    pub(super) fn log(&self) -> Log {
        Log::new(&self.path().join("log"))
    }

    /// What the layer reported as not stored, one line each: the id, the status of the answer, and why.
    pub(super) fn unstored(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path().join("unstored")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn command(&mut self) -> Command {
        self.boot += 1;
        // Cargo builds the examples of a package with its tests, into the folder beside that of the tests.
        let mut receiver = std::env::current_exe().unwrap();
        receiver.pop();
        receiver.pop();
        receiver.extend(["examples", "durable"]);
        assert!(receiver.exists(), "{} has not been built: run the tests of the whole package", receiver.display());
        let mut words = self.wrapper.iter().map(PathBuf::from).chain([receiver]);
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .env("RECEIVER_LOG", self.path().join("log"))
            .env("RECEIVER_UNSTORED", self.path().join("unstored"))
            .env("RECEIVER_BOOT", self.boot.to_string())
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    /// Starts the receiver and waits until it can be spoken to.
    pub(super) fn start(&mut self) -> Receiver {
        let mut receiver = self.try_start();
        let said = receiver.next_line().unwrap_or_default();
        let address = said.strip_prefix("listening on ").unwrap_or_else(|| panic!("the receiver said {said:?}"));
        receiver.address = Some(address.parse().unwrap());
        receiver
    }

    /// Starts a process that only works on what others have taken in.
    #[cfg(any(feature = "postgres", feature = "amqp"))]
    pub(super) fn start_worker(&mut self) -> Receiver {
        self.set("RECEIVER_ROLE", "worker");
        let mut worker = self.try_start();
        assert_eq!(worker.next_line().as_deref(), Some("working"));
        worker
    }

    /// Starts a receiver that may have something to say about its store.
    pub(super) fn try_start(&mut self) -> Receiver {
        let mut child = self.command().spawn().unwrap();
        let (said, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Receiver { commands: child.stdin.take().unwrap(), child, lines, address: None }
    }

    /// Starts a receiver that is expected not to open its store, and returns what it says about that.
    pub(super) fn refusal(&mut self) -> String {
        let output = self.command().stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
        assert!(!output.status.success(), "it started");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

/// A running receiver. It is killed when dropped.
pub(super) struct Receiver {
    child: Child,
    commands: ChildStdin,
    lines: mpsc::Receiver<String>,
    address: Option<SocketAddr>,
}

impl Receiver {
    pub(super) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    fn next_line(&mut self) -> Option<String> {
        self.lines.recv_timeout(Duration::from_secs(30)).ok()
    }

    /// Kills it: nothing in it gets to run any more.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the worker where it is, and begins another.
    pub(super) fn restart_worker(&mut self) {
        self.commands.write_all(b"restart worker\n").unwrap();
    }

    /// Tells it to stop in good order, and waits until it has.
    pub(super) fn stop(mut self) {
        self.commands.write_all(b"stop\n").unwrap();
        let said = self.next_line();
        assert_eq!(said.as_deref(), Some("stopped"));
        assert!(self.ended(Duration::from_secs(10)).success());
    }

    /// Returns true if it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for it to end by itself.
    pub(super) fn ended(&mut self, within: Duration) -> ExitStatus {
        let end = Instant::now() + within;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the receiver has not ended within {within:?}");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
