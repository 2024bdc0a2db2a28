//! The program as its user meets it: texts, errors, exit codes.

use std::process::{Command, Output};

use axum::{
    http::{Method, StatusCode},
    response::IntoResponse,
};

use crate::{
    good,
    receivers::{Received, TOKEN, serve, serve_app},
};

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program without what the environment of the test may hold.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aircall-conformance"));
    command.args(arguments).env_remove("AIRCALL_TOKEN").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

pub(crate) async fn run(arguments: &[&str]) -> Ran {
    let mut command = command(arguments);
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}

#[tokio::test]
async fn exit_code_0_for_a_conformant_receiver() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let ran = run(&["check", &receiver.url, "--token", TOKEN]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.trim_end().lines().last().unwrap().starts_with("conformant: "), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "styles without a terminal");
    assert!(ran.stderr.starts_with(&format!("judging {}\n", receiver.url)), "{}", ran.stderr);
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
}

#[tokio::test]
async fn exit_code_1_for_findings() {
    let receiver = serve(|request: Received| async move {
        if request.body.len() > 100_000 { StatusCode::PAYLOAD_TOO_LARGE.into_response() } else { request.due() }
    });
    let ran = run(&["check", &receiver.await.url, "--token", TOKEN, "--format", "json"]).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["conclusion"], "failing");
}

#[tokio::test]
async fn what_is_left_open_or_met_weakly_is_a_finding_when_strict() {
    let open = serve(|request: Received| async move {
        let is_event = request.method == Method::POST && !request.key("event").is_empty();
        if is_event { "ok".into_response() } else { request.due() }
    });
    let open = open.await;
    for (arguments, code) in
        [(&["check", &open.url, "--token", TOKEN][..], 0), (&["check", &open.url, "--token", TOKEN, "--strict"], 1)]
    {
        let ran = run(arguments).await;
        assert_eq!(ran.code, code, "{}", ran.stdout);
        assert!(ran.stdout.contains("INCONCLUSIVE"), "{}", ran.stdout);
    }

    let lenient = serve(|request: Received| async move {
        if request.method == Method::GET { "ok".into_response() } else { request.due() }
    });
    let lenient = lenient.await;
    for (arguments, code) in [
        (&["check", &lenient.url, "--token", TOKEN][..], 0),
        (&["check", &lenient.url, "--token", TOKEN, "--strict"], 1),
    ] {
        assert_eq!(run(arguments).await.code, code, "{arguments:?}");
    }
}

#[tokio::test]
async fn the_token_may_come_from_the_environment() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    for (token, code) in [(format!("{TOKEN}\n"), 0), ("another".to_owned(), 1), (String::new(), 2)] {
        let mut command = command(&["check", &receiver.url]);
        command.env("AIRCALL_TOKEN", &token);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert_eq!(output.status.code(), Some(code), "{token:?}");
    }
}

#[tokio::test]
async fn errors_are_understood() {
    // A port that was free a moment ago, so that nothing listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("http://{free}/aircall/webhook");
    let mut texts = Vec::new();
    for arguments in [
        &["check"][..],
        &["check", "localhost:3000/hook", "--token", "t"],
        &["check", "http://127.0.0.1:9/"],
        &["check", "http://127.0.0.1:9/", "--token", " "],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--timeout", "5"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--timeout", "-5s"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--rate", "-1"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--format", "xml"],
        &["check", "http://127.0.0.1:0/", "--token", "t"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--only", "token/mising"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--section", "tokens"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--only", "token/*", "--skip", "token/*"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--collector=localhost"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--collector=192.0.2.1:80"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--config", "no-such-file.toml"],
        &["check", "https://127.0.0.1:9/", "--token", "t", "--insecure", "--ca-file", "ca.pem"],
        &["cases", "tokens/missing"],
        &["check", &closed, "--token", "t"],
        &["check", "http://no-such-host.invalid/", "--token", "t"],
        &["check", "https://127.0.0.1:9/", "--token", "t", "--ca-file", "no-such-file.pem"],
        &["check", "http://127.0.0.1:9/", "--token", "t", "--ca-file", "no-such-file.pem"],
        &["check", "http://127.0.0.1:0/", "--", "no-such-program"],
        &["check", "http://127.0.0.1:0/", "--", "sh", "-c", "echo cannot find $AIRCALL_TOKEN; exit 3"],
        &["check", "http://127.0.0.1:0/", "--startup-timeout", "300ms", "--", "sleep", "60"],
        &["send", "call.end", "http://127.0.0.1:9/", "--token", "t"],
        &["send", "token/not-in-logs", "http://127.0.0.1:9/", "--token", "t"],
        &["send", "call.ended", &closed, "--token", "t"],
        &["events", "call.creatd"],
        &["events", "call.ended", "--format", "json"],
        &["chekc"],
    ] {
        let ran = run(arguments).await;
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{arguments:?}: {}", ran.stderr);
        let shown = arguments.join(" ").replace(&closed, "http://127.0.0.1:[free]/aircall/webhook");
        texts.push(format!("$ aircall-conformance {shown}\n{}", ran.stderr.trim_end()));
    }
    insta::with_settings!({ filters => vec![
        (r"127\.0\.0\.1:\d{4,5}\b", "127.0.0.1:[port]"),
        (r"(name not resolved: ).*?;", "$1[error of the resolver];"),
    ] }, {
        insta::assert_snapshot!("errors", texts.join("\n\n"));
    });
}

#[tokio::test]
async fn help_tells_all() {
    for (name, arguments) in [
        ("help", &["--help"][..]),
        ("help_check", &["check", "--help"]),
        ("help_cases", &["cases", "--help"]),
        ("help_completions", &["completions", "--help"]),
        ("help_compare", &["compare", "--help"]),
        ("help_deactivate", &["deactivate", "--help"]),
        ("help_profiles", &["profiles", "--help"]),
        ("help_events", &["events", "--help"]),
        ("help_send", &["send", "--help"]),
        ("help_fuzz", &["fuzz", "--help"]),
        ("help_replay", &["replay", "--help"]),
        ("help_schema", &["schema", "--help"]),
        ("help_man", &["man", "--help"]),
    ] {
        let ran = run(arguments).await;
        assert_eq!(ran.code, 0);
        insta::assert_snapshot!(name, ran.stdout);
    }
}

#[tokio::test]
async fn events_are_listed_and_printed() {
    let ran = run(&["events"]).await;
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!("events", ran.stdout);

    let ran = run(&["events", "call.ended"]).await;
    assert_eq!(ran.stdout.trim_end(), aircall_fixtures::find("call.ended").unwrap().body);

    let ran = run(&["events", "--format", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), aircall_fixtures::events().len());
    insta::assert_snapshot!("events_json_row", serde_json::to_string_pretty(&json[0]).unwrap());
}

#[tokio::test]
async fn one_event_is_sent_and_its_answer_shown() {
    let receiver = serve(|request: Received| async move {
        let mut answer = request.due();
        answer.headers_mut().insert("x-echo", request.header("user-agent").parse().unwrap());
        if request.key("event") == r#""call.hold""# { request.body.clone().into_response() } else { answer }
    });
    let url = receiver.await;
    for (what, code, texts) in [
        ("call.ended", 0, &["204 No Content after ", "x-echo: axios/1.7.9"][..]),
        ("token/wrong", 1, &["401 Unauthorized after "]),
        ("call.hold", 0, &["200 OK after ", r#""token":"[token]""#]),
    ] {
        let ran = run(&["send", what, &url.url, "--token", TOKEN]).await;
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        for text in texts {
            assert!(ran.stdout.contains(text), "{what}: {}", ran.stdout);
        }
        assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn colours_are_for_those_who_want_them() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    for (variables, is_styled) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("NO_COLOR", "1")], false),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
    ] {
        let mut command = command(&["check", &receiver.url, "--token", TOKEN]);
        command.envs(variables.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert_eq!(output.stdout.contains(&0x1b), is_styled, "{variables:?}");
    }
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_no_error() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    for arguments in [
        &["events"][..],
        &["send", "call.ended", &receiver.url, "--token", TOKEN],
        &["check", &receiver.url, "--token", TOKEN],
    ] {
        let mut command = command(arguments);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(0) && !stderr.contains("error"), "{arguments:?}: {stderr}");
    }
}
