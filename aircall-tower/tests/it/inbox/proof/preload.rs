//! Libraries in C that come between the receiver and its system.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles a library of `tests/receiver` with the compiler that SQLite was compiled with, and returns where it is.
pub(super) fn compile(name: &str, into: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receiver").join(name).with_extension("c");
    let library = into.join(name).with_extension("so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let compiled = Command::new(&compiler)
        .args(["-O2", "-Wall", "-Wextra", "-Werror", "-Wno-format-truncation", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .args(["-ldl", "-lpthread"])
        .status();
    assert!(compiled.is_ok_and(|status| status.success()), "{compiler} does not compile {}", source.display());
    library
}
