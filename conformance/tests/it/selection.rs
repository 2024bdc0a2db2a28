//! Which cases are put, and where the arguments come from.

use std::process::Output;

use aircall_conformance::catalogue::catalogue;

use crate::{
    cli::{command, run},
    good,
    receivers::{Received, TOKEN, serve, serve_app},
};

#[tokio::test]
async fn cases_are_listed_and_shown() {
    let all = run(&["cases"]).await;
    assert_eq!(all.code, 0);
    assert!(all.stdout.ends_with(&format!("\n{} cases\n", catalogue().len())), "{}", all.stdout);
    for case in catalogue() {
        assert!(all.stdout.contains(case.requirement), "{}", case.id);
    }
    let json: serde_json::Value = serde_json::from_str(&run(&["cases", "--format", "json"]).await.stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), catalogue().len());

    let texts = [
        &["cases", "retry/*"][..],
        &["cases", "--section", "load", "--level", "must"],
        &["cases", "token/prefix"],
        &["cases", "http/expect-continue"],
        &["cases", "order/ended-before-created"],
        &["cases", "load/stalled-clients"],
        &["cases", "token/prefix", "--format", "json"],
    ];
    let mut shown = vec![];
    for arguments in texts {
        shown.push(format!("$ aircall-conformance {}\n{}", arguments.join(" "), run(arguments).await.stdout));
    }
    insta::assert_snapshot!("cases", shown.join("\n"));
}

#[tokio::test]
async fn a_selection_is_judged_and_says_that_it_is_one() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let ran = run(&["check", &receiver.url, "--token", TOKEN, "--only", "token/nul*", "--format", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let ids: Vec<_> = json["cases"].as_array().unwrap().iter().map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["acknowledgement/plain-event", "token/null"]);
    let unselected = catalogue().len() - 2;
    assert_eq!(json["unselected"], unselected);
    assert_eq!(json["summary"], format!("conformant in what was selected: 2 cases met, {unselected} not selected"));
    assert_eq!(json["requests"], 3, "and the honest event after the hostile one");
}

/// Runs the program in a folder, with a file of arguments there.
async fn with_file(file: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("aircall-conformance.toml"), file).unwrap();
    let mut command = command(arguments);
    command.current_dir(&folder).envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    drop(folder);
    output
}

#[tokio::test]
async fn arguments_come_from_a_file_and_what_is_typed_wins() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let file = format!(
        "url = \"{}\"\nonly = [\"envelope/array\", \"envelope/null\"]\nformat = \"json\"\nstrict = true\nrate = 50",
        receiver.url
    );
    let output = with_file(&file, &["check"], &[("AIRCALL_TOKEN", TOKEN)]).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["cases"].as_array().unwrap().len(), 3);
    let typed = ["check", "http://127.0.0.1:9/", "--rate", "7"];
    let output = with_file(&file, &typed, &[("AIRCALL_TOKEN", TOKEN)]).await;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("judging http://127.0.0.1:9/") && stderr.contains("7 a second"), "{stderr}");
}

#[tokio::test]
async fn a_command_may_stand_in_a_file() {
    let file = "url = \"http://127.0.0.1:0/\"\ncommand = [\"sh\", \"-c\", \"echo it is $0; exit 3\"]";
    let output = with_file(file, &["check"], &[]).await;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("it is sh"), "{stderr}");
    let output = with_file(file, &["check", "--", "sh", "-c", "echo it is typed; exit 3"], &[]).await;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("it is typed"), "{stderr}");
}

#[tokio::test]
async fn mistakes_in_a_file_are_told() {
    let mut texts = vec![];
    for file in [
        "rate = ",
        "rat = 5",
        "rate = 1.5",
        "token = \"secret\"",
        "config = \"other.toml\"",
        "url = 5",
        "timeout = \"5\"",
        "only = [\"nothing/like-this\"]",
    ] {
        let output = with_file(file, &["check", "http://127.0.0.1:9/", "--token", "t"], &[]).await;
        assert_eq!(output.status.code(), Some(2));
        texts.push(format!("{file}\n{}", String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    insta::assert_snapshot!("config_errors", texts.join("\n\n"));
}

#[tokio::test]
async fn the_url_may_come_from_the_environment() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let mut command = command(&["check", "--section", "tls"]);
    command.env("AIRCALL_URL", &receiver.url).env("AIRCALL_TOKEN", TOKEN);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn shells_and_man_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run(&["completions", shell]).await;
        assert!(ran.code == 0 && ran.stdout.contains("deactivate") && ran.stdout.contains("skip-waits"), "{shell}");
    }
    let ran = run(&["man"]).await;
    for command in ["check", "cases", "compare", "fuzz", "replay", "deactivate", "profiles", "events", "send"] {
        assert!(ran.stdout.contains(&format!("aircall\\-conformance\\-{command}")), "{command}");
    }
}

#[tokio::test]
async fn what_is_handled_is_collected() {
    // Whatever is authentic is reported, but for one kind of event, which is lost.
    let seen = std::sync::Arc::new(std::sync::Mutex::new(std::collections::HashSet::new()));
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let receiver = serve(move |request: Received| {
        let seen = seen.clone();
        async move {
            let is_new = seen.lock().unwrap().insert(request.body.to_vec());
            if request.is_authentic() && is_new && request.key("event") != r#""team.created""# {
                report(collector, &request.body).await;
            }
            request.due()
        }
    });
    let receiver = receiver.await;
    let at = format!("--collector={collector}");
    let ran = run(&["check", &receiver.url, "--token", TOKEN, &at, "--format", "json", "--skip", "body/*"]).await;
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let of = |id: &str| json["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap().clone();
    let lost = of("acknowledgement/handled");
    assert_eq!((&lost["verdict"], &lost["oracle"]), (&"fail".into(), &"collector".into()));
    assert!(lost["explanation"].as_str().unwrap().ends_with("were never handled: payload/team.created"), "{lost}");
    assert_eq!(of("retry/handled-once")["verdict"], "pass");
}

async fn report(collector: std::net::SocketAddr, body: &[u8]) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(collector).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}
