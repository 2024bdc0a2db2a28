//! Receivers of other makes, written as people write them, each with what is found about it.

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    cli::{Ran, run},
    report::filters,
};

const URL: &str = "http://127.0.0.1:0/aircall/webhook";

fn receivers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receivers")
}

/// Whether the test can run. On a machine of a developer a receiver may be missing; in CI none may.
///
/// Says so by no macro: what those print is shown of tests that fail, and of no others.
pub(crate) fn is_there(what: &str, is_there: bool, install: &str) -> bool {
    if !is_there {
        let message = format!("SKIPPED: {what} is not installed; `{install}` installs it");
        assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{message}");
        let _ = io::stderr().write_all(format!("\n{message}\n").as_bytes());
    }
    is_there
}

pub(crate) fn runs(program: impl AsRef<OsStr>, argument: &str) -> bool {
    let status = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn has_express() -> bool {
    is_there("Express", runs("node", "--version") && modules().join("express").exists(), NPM)
}

fn has_python() -> bool {
    let installed = ["flask", "gunicorn", "fastapi", "uvicorn"].iter().all(|name| {
        let import = format!("import {name}");
        Command::new(python("python")).args(["-c", &import]).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
    });
    is_there("Flask or FastAPI", installed, PIP)
}

fn has_nginx() -> bool {
    is_there("nginx", runs("nginx", "-v"), "apt-get install nginx")
}

fn modules() -> PathBuf {
    receivers().join("express/node_modules")
}

fn python(program: &str) -> PathBuf {
    receivers().join("python/.venv/bin").join(program)
}

/// What a run has found, by case.
struct Judged {
    ran: Ran,
    json: Value,
}

impl Judged {
    /// The verdict and what it rests on, of one case.
    fn of(&self, id: &str) -> String {
        let cases = self.json["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("there is no {id}"));
        format!("{} {}", case["verdict"].as_str().unwrap(), case["reason"].as_str().unwrap())
    }

    #[track_caller]
    fn are(&self, expected: &[(&str, &str)]) {
        for (id, expected) in expected {
            assert_eq!(self.of(id), *expected, "{id}\n{}", self.ran.stdout);
        }
    }

    /// All that is not as it should be, a line for each case.
    fn lines(&self) -> String {
        let cases = self.json["cases"].as_array().unwrap();
        let ids = cases.iter().filter(|case| !["pass", "skipped"].contains(&case["verdict"].as_str().unwrap()));
        let line = |id: &str| format!("{} {id}\n", self.of(id));
        ids.map(|case| line(case["id"].as_str().unwrap())).collect()
    }
}

/// Judges what this script of a shell starts.
async fn judge(url: &str, arguments: &[&str], script: &str) -> Judged {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let report = format!("json={}", json.display());
    // How fast it answers is the business of this machine, which may be building something besides.
    let own = ["check", url, "--report", &report, "--skip", "acknowledgement/time-to-spare"];
    let all = [&own, arguments, &["--", "bash", "-c", script]].concat();
    let ran = run(&all).await;
    let json = std::fs::read(&json).unwrap_or_default();
    let json = serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
    Judged { ran, json }
}

macro_rules! assert_report {
    ($name:literal, $judged:expr) => {
        insta::with_settings!({ filters => unwrapped() }, { insta::assert_snapshot!($name, $judged.ran.stdout) });
    };
}

/// How long something took moves the ends of lines, and what would have become of it when.
fn unwrapped() -> Vec<(&'static str, &'static str)> {
    let mut all = vec![
        (r"\n {9}", " "),
        (r#"(timestamp\\+":)\d{10}"#, "$1[time]"),
        (r"(?s)deactivation: .*?\n\n", "deactivation: [forecast]\n\n"),
    ];
    all.extend(filters());
    all
}

/// As it is deployed: otherwise its error pages hold stack traces, and these the folders of this machine.
fn express_script() -> String {
    format!("NODE_ENV=production exec node {}", receivers().join("express/server.js").display())
}

#[tokio::test]
async fn express() {
    if !has_express() {
        return;
    }
    let judged = judge(URL, &["--collector"], &express_script()).await;
    assert_eq!(judged.ran.code, 1);
    judged.are(&[
        ("body/512-kib", "fail refused"),
        ("load/stalled-clients", "pass acknowledged"),
        ("token/not-in-logs", "lenient token-in-output"),
        ("acknowledgement/handled", "pass all-handled"),
        ("retry/handled-once", "lenient handled-several-times"),
    ]);
    assert_report!("make_express", judged);
}

/// Starts this behind nginx, which listens on the port of the run; what is behind it is told another.
fn behind_nginx(folder: &Path, script: &str) -> String {
    // A port that was free a moment ago.
    let upstream = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let template = receivers().join("nginx/nginx.conf");
    let (template, folder) = (template.display(), folder.display());
    format!(
        "sed -e s/LISTEN/$PORT/ -e s/UPSTREAM/{upstream}/ {template} > {folder}/nginx.conf
         (export PORT={upstream}; {script}) &
         until (exec 3<>/dev/tcp/127.0.0.1/{upstream}) 2>/dev/null; do sleep 0.05; done
         exec nginx -p {folder} -c nginx.conf -e stderr -g 'daemon off;'"
    )
}

/// Node's own server and no framework: what it does not catch ends the process, which is started again here as a
/// supervisor would. When exactly it is back is chance, so the report is not compared word by word.
#[tokio::test]
async fn node() {
    if !is_there("Node", runs("node", "--version"), "apt-get install nodejs") {
        return;
    }
    let server = receivers().join("node/server.js");
    let judged = judge(URL, &[], &format!("while true; do node {}; done", server.display())).await;
    assert_eq!(judged.ran.code, 1);
    judged.are(&[
        ("token/array", "fail let-in"),
        ("envelope/malformed-json", "fail harmed"),
        ("envelope/empty-body", "fail harmed"),
        ("http/get", "fail harmed"),
        ("token/not-in-logs", "lenient token-in-output"),
    ]);
    insta::assert_snapshot!("make_node", judged.lines());
}

fn gunicorn_script() -> String {
    let (folder, gunicorn) = (receivers().join("python"), python("gunicorn"));
    let (folder, gunicorn) = (folder.display(), gunicorn.display());
    format!("cd {folder} && exec {gunicorn} --workers 2 --bind 127.0.0.1:$PORT flask_app:app")
}

/// Two workers, each of which serves one connection at a time.
#[tokio::test]
async fn flask_and_gunicorn() {
    if !has_python() {
        return;
    }
    let judged = judge(URL, &["--timeout", "2s"], &gunicorn_script()).await;
    assert_eq!(judged.ran.code, 1);
    judged.are(&[
        ("payload/user-null", "fail refused"),
        ("body/512-kib", "pass acknowledged"),
        ("body/slow", "pass acknowledged"),
        ("body/packets", "pass acknowledged"),
        ("load/stalled-clients", "fail timed-out"),
        ("load/stalled-heads", "fail timed-out"),
        ("load/idle-connections", "fail timed-out"),
        ("envelope/null", "lenient broke-instead"),
    ]);
    assert_report!("make_flask", judged);
}

/// With the usual proxy before it, as it is when nothing is said about its limits: what is advised helps.
#[tokio::test]
async fn nginx_and_flask() {
    if !has_python() || !has_nginx() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let judged = judge(URL, &[], &behind_nginx(folder.path(), &gunicorn_script())).await;
    assert_eq!(judged.ran.code, 1);
    judged.are(&[
        ("payload/user-null", "fail refused"),
        ("load/stalled-clients", "pass acknowledged"),
        ("load/stalled-heads", "pass acknowledged"),
        ("load/idle-connections", "pass acknowledged"),
        ("http/absurd-length", "pass refused-as-due"),
        ("http/broken-chunk", "pass refused-as-due"),
        ("body/over-long", "pass refused-as-due"),
    ]);
    assert_report!("make_nginx_flask", judged);
}

/// And before one that has no fault itself, so that what is found is the proxy's. Its own limit is a MiB.
#[tokio::test]
async fn nginx_and_express() {
    if !has_express() || !has_nginx() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server.js");
    std::fs::write(&server, blocks("js")[0]).unwrap();
    let node = format!("NODE_PATH={} exec node {}", modules().display(), server.display());
    is_conformant(&[], &behind_nginx(folder.path(), &node)).await;
}

#[tokio::test]
async fn fastapi() {
    if !has_python() {
        return;
    }
    let judged = judge(URL, &["--collector"], &uvicorn_script(&receivers().join("python"), "fastapi_app")).await;
    assert_eq!(judged.ran.code, 1);
    judged.are(&[
        ("payload/user-empty", "fail refused"),
        ("payload/time-iso", "fail refused"),
        ("payload/message.received.as-callback", "lenient refused"),
        ("acknowledgement/no-token-in-response", "fail token-in-responses"),
        ("acknowledgement/handled", "pass all-handled"),
        ("retry/handled-once", "lenient handled-several-times"),
        ("envelope/timestamp-huge", "lenient broke-instead"),
        ("load/stalled-clients", "pass acknowledged"),
    ]);
    assert_report!("make_fastapi", judged);
}

fn uvicorn_script(folder: &Path, module: &str) -> String {
    let (folder, uvicorn) = (folder.display(), python("uvicorn"));
    format!("cd {folder} && exec {} {module}:app --port $PORT", uvicorn.display())
}

fn webhook_script() -> String {
    let folder = receivers().join("webhook");
    let folder = folder.display();
    format!(
        "HANDLER={folder}/handle.sh exec webhook -template -hooks {folder}/hooks.json -ip 127.0.0.1 -port $PORT -verbose"
    )
}

fn has_webhook() -> bool {
    is_there("webhook", runs("webhook", "-version") && runs("curl", "--version"), "apt-get install webhook curl")
}

const WEBHOOK_URL: &str = "http://127.0.0.1:0/hooks/aircall";

/// It answers alike whatever it does.
#[tokio::test]
async fn debian_webhook() {
    if !has_webhook() {
        return;
    }
    let judged = judge(WEBHOOK_URL, &[], &webhook_script()).await;
    judged.are(&[
        ("token/wrong", "inconclusive may-be-handled"),
        ("acknowledgement/handled", "skipped no-collector"),
        ("body/512-kib", "pass acknowledged"),
        ("http/get", "lenient method-accepted"),
    ]);
    assert_eq!(judged.ran.code, 0);
    assert_report!("make_webhook", judged);
}

/// Who listens to its handler sees that no stranger gets in, and that long events never arrive: they do not fit into an
/// argument of a command.
#[tokio::test]
async fn debian_webhook_with_a_collector() {
    if !has_webhook() {
        return;
    }
    let judged = judge(WEBHOOK_URL, &["--collector"], &webhook_script()).await;
    judged.are(&[
        ("token/wrong", "pass not-handled"),
        ("body/over-long", "pass not-handled"),
        ("token/form-body", "fail handled-instead"),
        ("acknowledgement/handled", "fail lost"),
        ("body/512-kib", "pass acknowledged"),
    ]);
    assert_eq!(judged.ran.code, 1);
    assert_report!("make_webhook_collector", judged);
}

const README: &str = include_str!("../../README.md");

/// The blocks of the README in this language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let blocks = README.split(&*fence).skip(1);
    blocks.map(|rest| rest.split_once("```").unwrap().0).collect()
}

/// The same with a text that has to be in it replaced.
fn replaced(program: &str, from: &str, to: &str) -> String {
    assert!(program.contains(from), "there is no {from:?} in {program}");
    program.replacen(from, to, 1)
}

async fn is_conformant(arguments: &[&str], script: &str) {
    let judged = judge(URL, &[&["--strict"], arguments].concat(), script).await;
    assert_eq!(judged.ran.code, 0, "{}{}", judged.ran.stdout, judged.ran.stderr);
    assert!(judged.ran.stdout.contains("\nconformant in what was selected: "), "{}", judged.ran.stdout);
    if arguments.contains(&"--collector") {
        judged.are(&[
            ("acknowledgement/handled", "pass all-handled"),
            ("retry/handled-once", "pass handled-once"),
            ("retry/concurrent-handled-once", "pass handled-once"),
            ("retry/after-failure-reaches-handler", "pass handled-once"),
        ]);
    }
}

async fn express_of_the_readme(program: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server.js");
    std::fs::write(&server, program).unwrap();
    is_conformant(arguments, &format!("NODE_PATH={} exec node {}", modules().display(), server.display())).await;
}

#[tokio::test]
async fn express_as_the_readme_has_it() {
    if has_express() {
        express_of_the_readme(blocks("js")[0], &[]).await;
    }
}

#[tokio::test]
async fn express_as_the_readme_has_it_with_a_collector() {
    if !has_express() {
        return;
    }
    let [program, handle] = blocks("js")[..] else { panic!("there are two blocks") };
    let (require, instead) = (
        r#"const { timingSafeEqual } = require("node:crypto");"#,
        r#"const { createHash, timingSafeEqual } = require("node:crypto");"#,
    );
    assert!(README.contains(&format!("`{instead}`")));
    let program = replaced(program, require, instead);
    let program =
        replaced(&program, "const handle = async (event) => console.log(event.event); // your work\n", handle);
    express_of_the_readme(&program, &["--collector"]).await;
}

async fn fastapi_of_the_readme(program: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.py"), program).unwrap();
    is_conformant(arguments, &uvicorn_script(folder.path(), "main")).await;
}

#[tokio::test]
async fn fastapi_as_the_readme_has_it() {
    if has_python() {
        fastapi_of_the_readme(blocks("python")[0], &[]).await;
    }
}

#[tokio::test]
async fn fastapi_as_the_readme_has_it_with_a_collector() {
    if !has_python() {
        return;
    }
    let [program, handle] = blocks("python")[..] else { panic!("there are two blocks") };
    let program = replaced(program, "def handle(event):\n    print(event.get(\"event\"))  # your work\n", handle);
    fastapi_of_the_readme(&program, &["--collector"]).await;
}

const NPM: &str = "npm ci --prefix conformance/tests/receivers/express";

const PIP: &str =
    "cd conformance/tests/receivers/python && python3 -m venv .venv && .venv/bin/pip install -r requirements.txt";
