//! Receivers of other makes, written as people write them, each with what is found about it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{cli::run, report::filters};

fn receivers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receivers")
}

/// Whether the test can run. On a machine of a developer a receiver may be missing; in CI none may.
pub(crate) fn is_there(what: &str, is_there: bool, install: &str) -> bool {
    if !is_there {
        let message = format!("SKIPPED: {what} is not installed; `{install}` installs it");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{message}");
        eprintln!("\n{message}\n");
    }
    is_there
}

pub(crate) fn runs(program: &str, argument: &str) -> bool {
    let status = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[tokio::test]
async fn express() {
    let folder = receivers().join("express");
    let installed = runs("node", "--version") && folder.join("node_modules/express").exists();
    if !is_there("Express", installed, NPM) {
        return;
    }
    // As it is deployed: otherwise its error pages hold stack traces, and these the folders of this machine.
    let script = format!("NODE_ENV=production exec node {}", folder.join("server.js").display());
    let ran = run(&["check", "http://127.0.0.1:0/aircall/webhook", "--", "sh", "-c", &script]).await;
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    insta::with_settings!({ filters => filters() }, { insta::assert_snapshot!("make_express", ran.stdout) });
}

#[tokio::test]
async fn express_as_the_readme_has_it() {
    let modules = receivers().join("express/node_modules");
    if !is_there("Express", runs("node", "--version") && modules.join("express").exists(), NPM) {
        return;
    }
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```js\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server.js");
    std::fs::write(&server, program).unwrap();
    let script = format!("NODE_PATH={} exec node {}", modules.display(), server.display());
    let ran = run(&["check", "http://127.0.0.1:0/aircall/webhook", "--strict", "--", "sh", "-c", &script]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("\nconformant: "), "{}", ran.stdout);
}

#[tokio::test]
async fn debian_webhook() {
    if !is_there("webhook", runs("webhook", "-version"), "apt-get install webhook") {
        return;
    }
    let hooks = receivers().join("webhook/hooks.json");
    let script = format!("exec webhook -template -hooks {} -ip 127.0.0.1 -port $PORT -verbose", hooks.display());
    let ran = run(&["check", "http://127.0.0.1:0/hooks/aircall", "--", "sh", "-c", &script]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    insta::with_settings!({ filters => filters() }, { insta::assert_snapshot!("make_webhook", ran.stdout) });
}

const NPM: &str = "npm ci --prefix conformance/tests/receivers/express";
