//! What others have published, in a package of its own that the workspace does not know: `benches/peers`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Builds the peers as this program was built, and returns where their program is.
///
/// # Errors
///
/// In words, why there is none.
pub(crate) fn program() -> Result<PathBuf, String> {
    // Beside what this was built into, so that it goes where that goes.
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own.ancestors().nth(3).ok_or("this program is in no target folder")?.join("peers");
    let mut build = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    build.args(["build", "--quiet", "--locked", "--message-format=json", "--target-dir"]).arg(target);
    build.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/peers/Cargo.toml")]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let output = build.stderr(Stdio::inherit()).output().map_err(|error| format!("cargo: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let built = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    built.ok_or_else(|| "the peers cannot be built".to_owned())
}
