//! Reports as files, and what is done with them.

use std::{fs, path::PathBuf};

use axum::{
    http::{Method, StatusCode},
    response::IntoResponse,
};
use tempfile::TempDir;

use crate::{
    cli::{Ran, run},
    good,
    receivers::{Received, Served, TOKEN, serve, serve_app},
};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(PathBuf::from(self.path(name))).unwrap()
    }
}

/// Answers GET, and otherwise does all that is due.
async fn lenient() -> Served {
    serve(|request: Received| async move {
        if request.method == Method::GET { "alive".into_response() } else { request.due() }
    })
    .await
}

#[tokio::test]
async fn several_reports_of_one_run() {
    let folder = Folder::new();
    let receiver = lenient().await;
    // An older report, which is longer than the new one.
    folder.write("human", &"x".repeat(100_000));
    let formats = ["human", "json", "junit", "github", "markdown", "html"];
    let reports: Vec<_> = formats.iter().map(|format| format!("--report={format}={}", folder.path(format))).collect();
    let mut arguments = vec!["check", &receiver.url, "--token", TOKEN, "--format", "json", "--show-token"];
    arguments.extend(reports.iter().map(String::as_str));
    let ran = run(&arguments).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for (format, beginning) in formats.into_iter().zip([
        "report on http://127",
        "{\n  \"format\": 1,",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites",
        "::warning title=http/get",
        "## Aircall webhook conformance\n",
        "<!doctype html>\n",
    ]) {
        let text = folder.read(format);
        assert!(text.starts_with(beginning) && text.ends_with('\n') && !text.contains('\u{1b}'), "{format}: {text}");
        assert!(!text.contains(TOKEN), "{format}");
    }
    assert_eq!(folder.read("json"), ran.stdout);
    assert!(!folder.read("human").contains("xxx"));
}

#[tokio::test]
async fn a_report_may_follow_another_on_standard_output() {
    let receiver = lenient().await;
    let ran = run(&[
        "check",
        &receiver.url,
        "--token",
        TOKEN,
        "--report",
        "github=/dev/stdout",
        "--report",
        "github=/dev/stdout",
    ])
    .await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("report on "), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("\n::warning title=http/get").count(), 2, "{}", ran.stdout);
}

#[tokio::test]
async fn the_token_is_shown_to_who_asks_for_it_twice() {
    let receiver = serve(|request: Received| async move {
        if request.key("event") == r#""team.created""# { StatusCode::GONE.into_response() } else { request.due() }
    });
    let receiver = receiver.await;
    for (arguments, is_shown) in [
        (&["check", &receiver.url, "--token", TOKEN][..], false),
        (&["check", &receiver.url, "--token", TOKEN, "--show-token"], true),
    ] {
        let ran = run(arguments).await;
        assert_eq!(ran.stdout.contains(&format!("export AIRCALL_TOKEN='{TOKEN}'; curl ")), is_shown, "{}", ran.stdout);
        assert_eq!(ran.stdout.contains(TOKEN), is_shown);
        assert!(!ran.stderr.contains(TOKEN));
    }
}

#[tokio::test]
async fn known_deviations_decide_about_the_exit_code() {
    let folder = Folder::new();
    let receiver = lenient().await;
    let get = "[[known]]\ncase = \"http/get\"\nreason = \"the load balancer\"\n";
    let stale = format!("{get}[[known]]\ncase = \"token/wrong\"\nreason = \"old\"\n");
    let (get, stale) = (folder.write("get.toml", get), folder.write("stale.toml", &stale));
    for (known, code, text) in [
        (&get, 0, "KNOWN LENIENT  http/get"),
        (&stale, 1, "STALE  token/wrong"),
        (&stale, 1, "nothing failed, but 1 known"),
    ] {
        let ran = run(&["check", &receiver.url, "--token", TOKEN, "--strict", "--known-failing", known]).await;
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(text), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn what_has_become_worse_is_told() {
    let folder = Folder::new();
    let good = serve_app(good::app(TOKEN.to_owned())).await;
    let bad = serve(|request: Received| async move {
        match &*request.key("event") {
            r#""team.created""# => StatusCode::GONE.into_response(),
            _ if request.method == Method::GET => "alive".into_response(),
            _ => request.due(),
        }
    });
    let bad = bad.await;
    let (old, new) = (folder.path("old.json"), folder.path("new.json"));
    for (url, file) in [(&good.url, &old), (&bad.url, &new)] {
        run(&["check", url, "--token", TOKEN, "--report", &format!("json={file}")]).await;
    }
    let ran = run(&["compare", &old, &new]).await;
    assert_eq!((ran.code, &*ran.stderr), (1, ""));
    insta::with_settings!({ filters => vec![(r"latency: .*", "latency: [times]")] }, {
        insta::assert_snapshot!("compare", ran.stdout);
    });
    let ran = run(&["compare", &new, &old]).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("not worse: 2 better, "), "{}", ran.stdout);
    let ran = run(&["compare", &old, &new, "--format", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &json["cases"][0]["change"], &json["cases"][0]["now"]), (1, &"worse".into(), &"fail".into()));
    assert!(json["latency_ms"]["p50"][1].is_number(), "{json}");
}

#[tokio::test]
async fn the_schema_is_printed() {
    let ran = run(&["schema"]).await;
    assert_eq!((ran.code, &*ran.stdout), (0, aircall_conformance::report::JSON_SCHEMA));
}

#[tokio::test]
async fn errors_are_understood() {
    let folder = Folder::new();
    let known = |text: &str| folder.write(&format!("known-{}.toml", text.len()), text);
    let (missing, no_folder) = (folder.path("missing"), format!("html={}", folder.path("no/such/folder.html")));
    let twice = format!("html={}", folder.path("a"));
    let entry = "[[known]]\ncase = \"http/get\"\nreason = \"r\"\n";
    let (mistyped, reasonless, repeated, syntax, passing) = (
        known("[[known]]\ncase = \"token/mising\"\nreason = \"r\""),
        known("[[known]]\ncase = \"token/missing\"\nreason = \" \""),
        known(&entry.repeat(2)),
        known("[[known]]\ncase = \"http/get\"\n"),
        known(&format!("{entry}verdict = \"pass\"")),
    );
    let (no_report, other) = (folder.write("a.json", "[]"), folder.write("b.json", "{\"format\":2}"));
    let check = ["check", "http://127.0.0.1:9/", "--token", "t"];
    let mut texts = Vec::new();
    for (arguments, is_check) in [
        (&["--report", "report.html"][..], true),
        (&["--report", "html="], true),
        (&["--report", "xml=report.xml"], true),
        (&["--report", &no_folder], true),
        (&["--report", &twice, "--report", &twice], true),
        (&["--known-failing", &missing], true),
        (&["--known-failing", &mistyped], true),
        (&["--known-failing", &reasonless], true),
        (&["--known-failing", &repeated], true),
        (&["--known-failing", &syntax], true),
        (&["--known-failing", &passing], true),
        (&["compare", &missing, &missing], false),
        (&["compare", &no_report, &no_report], false),
        (&["compare", &other, &other], false),
    ] {
        let arguments: Vec<_> = if is_check { [&check[..], arguments].concat() } else { arguments.to_vec() };
        let Ran { code, stdout, stderr } = run(&arguments).await;
        assert_eq!((code, &*stdout), (2, ""), "{arguments:?}: {stderr}");
        let shown = if is_check { arguments[4..].join(" ") } else { arguments.join(" ") };
        texts.push(format!("$ {shown}\n{}", stderr.trim_end()).replace(folder.0.path().to_str().unwrap(), "[folder]"));
    }
    insta::assert_snapshot!("report_errors", texts.join("\n\n"));
}

/// The report was made and shown, so its verdict is there to be read; but who waits for the file must not be told that all
/// is well.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_report_that_cannot_be_written_is_no_success() {
    let folder = Folder::new();
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let html = format!("html={}", folder.path("page.html"));
    let ran = run(&["check", &receiver.url, "--token", TOKEN, "--report", "json=/dev/full", "--report", &html]).await;
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("\nconformant: "), "{}", ran.stdout);
    assert!(
        ran.stderr.ends_with("error: /dev/full could not be written: No space left on device (os error 28)\n"),
        "{}",
        ran.stderr
    );
    assert!(folder.read("page.html").starts_with("<!doctype html>"), "the other one is written all the same");
}

/// What the README says about the list and the fields holds.
#[test]
fn the_readme_is_right_about_known_deviations_and_fields() {
    use aircall_conformance::report::{JSON_SCHEMA, Known};
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (list, _) = rest.split_once("```").unwrap();
    assert_eq!(Known::from_toml(list).unwrap().deviations.len(), 1);

    let schema: serde_json::Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let (_, section) = readme.split_once("## `--format json`").unwrap();
    for fields in [&schema, &schema["$defs"]["case"], &schema["properties"]["latency_ms"]] {
        for name in fields["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()) {
            assert!(section.contains(&format!("`{name}`")), "the README does not know {name}");
        }
    }
    for conclusion in schema["properties"]["conclusion"]["enum"].as_array().unwrap() {
        assert!(
            section.contains(&format!("`{}`", conclusion.as_str().unwrap())),
            "the README does not know {conclusion}"
        );
    }
}
