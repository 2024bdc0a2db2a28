//! A server of its own, for tests that stop it or have it stand still.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::Database;

pub(in crate::inbox) struct Server {
    directory: tempfile::TempDir,
    pub(in crate::inbox) database: Database,
}

impl Server {
    /// Starts one, if there are servers to test with at all.
    pub(in crate::inbox) fn start() -> Option<Self> {
        Database::given()?;
        let directory = tempfile::tempdir().unwrap();
        // The server runs as another user.
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let mut server = Self { directory, database: Database { url: String::new() } };
        let variables = server.script("start");
        let url = variables.split('=').nth(1).unwrap().trim();
        server.database.url = url.to_owned();
        Some(server)
    }

    /// Ends it as a crash does.
    pub(in crate::inbox) fn crash(&self) {
        let pid = self.pid();
        signal("QUIT", &[&pid]);
        while PathBuf::from(format!("/proc/{pid}")).exists() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    pub(in crate::inbox) fn start_again(&self) {
        self.script("start");
    }

    /// Has all of it stand still, with its connections open.
    pub(in crate::inbox) fn freeze(&self) -> Frozen {
        let pid = self.pid();
        // First the one that would start others.
        signal("STOP", &[&pid]);
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &pid]).output().unwrap();
        let mut pids: Vec<String> =
            String::from_utf8(children.stdout).unwrap().split_whitespace().map(str::to_owned).collect();
        signal("STOP", &pids);
        pids.push(pid);
        Frozen { pids }
    }

    fn pid(&self) -> String {
        let file = std::fs::read_to_string(self.directory.path().join("postgres/data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    fn script(&self, verb: &str) -> String {
        let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers"))
            .args([verb, "postgres"])
            .env("AIRCALL_TEST_SERVERS", self.directory.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.script("stop");
    }
}

/// A server that stands still until this is dropped.
pub(in crate::inbox) struct Frozen {
    pids: Vec<String>,
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("CONT", &self.pids);
    }
}

fn signal(name: &str, pids: &[impl AsRef<std::ffi::OsStr>]) {
    let sent = Command::new("kill").arg(format!("-{name}")).args(pids).status().unwrap();
    assert!(sent.success(), "kill -{name}");
}
