//! A file system of its own, small and seen by nobody else.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::skipped;

/// A file system in memory, mounted where only the processes see it that are started [by it](Self::entering). It is
/// gone when this is dropped, or the test killed.
pub(super) struct Volume {
    keeper: Child,
}

impl Volume {
    /// Mounts a file system of this size over a directory. `None`, and a word about it, where that is not allowed, except in CI.
    pub(super) fn mount(over: &Path, size: &str) -> Option<Self> {
        let script = format!("mount -t tmpfs -o size={size} tmpfs '{}' && echo ready && exec cat", over.display());
        let mut keeper = Command::new("unshare")
            .args(["--mount", "--map-root-user", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let _ = BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said);
        let volume = Self { keeper };
        if said == "ready\n" {
            return Some(volume);
        }
        skipped("no file system can be mounted here, so none that is full, read-only or loses its power is tested");
        None
    }

    /// The command that starts another where the file system is seen.
    pub(super) fn entering(&self) -> Vec<String> {
        let keeper = self.keeper.id().to_string();
        ["nsenter", "--target", &keeper, "--user", "--preserve-credentials", "--mount", "--"]
            .map(str::to_owned)
            .to_vec()
    }

    /// Mounts it anew, `ro` or `rw`.
    pub(super) fn remount(&self, how: &str, at: &Path) {
        let entering = self.entering();
        let remounted = Command::new(&entering[0])
            .args(&entering[1..])
            .args(["mount", "-o", &format!("remount,{how}")])
            .arg(at)
            .status()
            .unwrap();
        assert!(remounted.success());
    }

    /// The same path, from outside.
    pub(super) fn outside(&self, path: &Path) -> PathBuf {
        let root = format!("/proc/{}/root", self.keeper.id());
        Path::new(&root).join(path.strip_prefix("/").unwrap())
    }

    /// Fills it to the last byte, but for so many. The file that does it is returned: remove it, and there is room again.
    pub(super) fn fill(&self, directory: &Path, but_for: u64) -> PathBuf {
        let path = self.outside(directory).join("filler");
        let mut file = File::create(&path).unwrap();
        let zeros = vec![0; 64 * 1024];
        for size in [zeros.len(), 4096, 1] {
            while file.write_all(&zeros[..size]).is_ok() {}
        }
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(but_for)).unwrap();
        path
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
