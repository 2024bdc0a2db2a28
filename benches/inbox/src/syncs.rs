//! How often the disk was waited for, and a disk that is slower by a fixed time.
//!
//! This program starts itself again with a small library between itself and libc, since that alone sees what SQLite does.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

const COUNT: &str = "SYNCS_COUNT";
const DELAY: &str = "SYNCS_DELAY_US";

/// Starts this program with these arguments, so that its syncs are counted and each takes longer by `delay`.
pub(crate) fn rerun(arguments: &[String], delay: Duration) -> Result<ExitStatus, String> {
    let place = tempfile::tempdir().map_err(|error| error.to_string())?;
    let library = compile(place.path())?;
    let count = place.path().join("count");
    let begun = std::fs::write(&count, 0_u64.to_ne_bytes()).and_then(|()| std::env::current_exe());
    begun
        .and_then(|program| {
            Command::new(program)
                .args(arguments)
                .env("LD_PRELOAD", library)
                .env(COUNT, &count)
                .env(DELAY, delay.as_micros().to_string())
                .status()
        })
        .map_err(|error| error.to_string())
}

/// Returns how often this process has waited for the disk, or `None` if nobody counts.
pub(crate) fn count() -> Option<u64> {
    let bytes = std::fs::read(std::env::var_os(COUNT)?).ok()?;
    bytes.try_into().ok().map(u64::from_ne_bytes)
}

/// Sees that what this process syncs is counted: without, nothing it says about that would be worth anything.
pub(crate) fn are_counted() -> io::Result<bool> {
    let before = count();
    tempfile::tempfile()?.sync_data()?;
    Ok(before.is_some_and(|before| count() == Some(before + 1)))
}

fn compile(into: &Path) -> Result<std::path::PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/syncs.c");
    let library = into.join("syncs.so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let compiled = Command::new(&compiler)
        .args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    match compiled {
        Ok(status) if status.success() => Ok(library),
        Ok(status) => Err(format!("{compiler} does not compile {}: {status}", source.display())),
        Err(error) => Err(format!("{compiler}: {error}")),
    }
}
