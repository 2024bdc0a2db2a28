//! Receivers that are started for the run.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use aircall_conformance::{
    Target, Token,
    receiver::{Launch, Receiver, StartError, free_port},
};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    cli::{command, run},
    receivers::TOKEN,
};

/// The example, which cargo builds before it runs tests.
fn example() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let example = this.parent().and_then(Path::parent).unwrap().join("examples/receiver");
    assert!(example.exists(), "{} is not built: cargo build -p aircall-conformance --examples", example.display());
    example
}

fn launch(command: &[&str]) -> Launch {
    let command = command.iter().map(Into::into).collect();
    Launch { command, timeout: Duration::from_secs(60), echo: None, environment: vec![] }
}

async fn target() -> Target {
    let target: Target = "http://127.0.0.1:0/aircall/webhook".parse().unwrap();
    let port = free_port(&target).await.unwrap();
    target.with_port(port)
}

fn token() -> Token {
    Token::new(TOKEN).unwrap()
}

#[tokio::test]
async fn one_line_starts_judges_and_stops_a_receiver() {
    let example = example();
    let ran = run(&["check", "http://127.0.0.1:0/aircall/webhook", "--", example.to_str().unwrap()]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let url = ran.stdout.lines().next().unwrap().strip_prefix("report on ").unwrap();
    let target: Target = url.parse().unwrap();
    assert_ne!(target.port(), 0);
    assert!(TcpStream::connect((target.host(), target.port())).await.is_err(), "it still runs");
}

#[tokio::test]
async fn the_other_commands_start_it_as_well() {
    let example = example();
    let command = ["http://127.0.0.1:0/aircall/webhook", "--", example.to_str().unwrap()];
    for (arguments, text) in [
        (&["fuzz", "--cases", "40"][..], "nothing found"),
        (&["deactivate", "--skip-waits", "--events", "5", "--profile", "strict-1"], "never switched off"),
    ] {
        let ran = run(&[arguments, &command].concat()).await;
        assert!(ran.stdout.contains(text), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("starting ") && !ran.stderr.contains("error"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn what_the_command_has_started_is_stopped_with_it() {
    let example = example();
    let target = target().await;
    let script = format!("{} & wait", example.display());
    let receiver = Receiver::start(&launch(&["sh", "-c", &script]), &target, &token()).await.unwrap();
    drop(receiver.stop().await);
    assert!(TcpStream::connect((target.host(), target.port())).await.is_err(), "the child of the shell still runs");
}

#[tokio::test]
async fn something_that_listens_already_is_not_judged_by_mistake() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target: Target = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let error = Receiver::start(&launch(&["sleep", "60"]), &target, &token()).await.unwrap_err();
    assert!(matches!(error, StartError::Occupied(_)), "{error}");
}

#[tokio::test]
async fn the_end_of_a_command_is_noticed_at_once_and_its_last_lines_are_kept() {
    let script = "for i in $(seq 100); do echo line $i; done; echo $AIRCALL_TOKEN at $PORT >&2; exit 7";
    let target = target().await;
    let error = Receiver::start(&launch(&["sh", "-c", script]), &target, &token()).await.unwrap_err();
    let StartError::Ended { status, output } = &error else { panic!("{error}") };
    assert_eq!(status.code(), Some(7));
    let lines = output.last_lines();
    assert_eq!(lines.len(), 40);
    assert!(lines.contains(&format!("[token] at {}", target.port())), "{lines:?}");
    assert!(lines.contains(&"line 100".to_owned()), "{lines:?}");
    assert_eq!(output.token_in().unwrap(), format!("[token] at {}", target.port()));
}

#[tokio::test]
async fn a_command_that_never_listens_is_stopped() {
    let launch = Launch { timeout: Duration::from_millis(300), ..launch(&["sleep", "60"]) };
    let error = Receiver::start(&launch, &target().await, &token()).await.unwrap_err();
    assert!(matches!(error, StartError::Deaf { .. }), "{error}");
}

/// A terminal sends the signal to the program; the receiver is in a group of its own and must not be left behind.
#[cfg(unix)]
#[tokio::test]
async fn the_end_of_the_program_is_the_end_of_the_receiver() {
    use rustix::process::Signal;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        ends_with_its_receiver_at(signal).await;
    }
}

#[cfg(unix)]
async fn ends_with_its_receiver_at(signal: rustix::process::Signal) {
    let target = target().await;
    let script = format!("{} & wait", example().display());
    let port = target.port();
    let url = format!("http://127.0.0.1:{port}/aircall/webhook");
    // Ten requests a second: it is at work when it is ended.
    let mut command = command(&["check", &url, "--rate", "10", "--", "sh", "-c", &script]);
    let program = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It has seen the receiver as well, or is about to; either way the receiver must go.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let id = rustix::process::Pid::from_raw(program.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(id, signal).unwrap();
    let output = tokio::task::spawn_blocking(move || program.wait_with_output().unwrap()).await.unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{signal:?}: {stdout}");
    assert!(stdout.contains("no verdict: ended after "), "{stdout}");
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "the receiver still runs");
}

#[tokio::test]
async fn a_token_in_what_the_receiver_prints_is_found_and_masked() {
    let example = example();
    let script = format!("echo configured with $AIRCALL_TOKEN; exec {}", example.display());
    let ran = run(&[
        "check",
        "http://127.0.0.1:0/aircall/webhook",
        "--token",
        TOKEN,
        "--show-output",
        "--",
        "sh",
        "-c",
        &script,
    ])
    .await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("LENIENT  token/not-in-logs"), "{}", ran.stdout);
    assert!(ran.stdout.contains("configured with [token]"), "{}", ran.stdout);
    assert!(ran.stderr.contains("receiver: configured with [token]"), "{}", ran.stderr);
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
}
