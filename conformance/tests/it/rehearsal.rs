//! Aircall's side against real receivers: the library in this process, the command over sockets.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use aircall_conformance::{
    Collector, Endpoint, Token,
    delivery::RequestBody,
    policy::{Clock, Ended, Policy, Rehearsal, Webhook},
};
use axum::{http::StatusCode, response::IntoResponse};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};

use crate::{
    cli::{command, run},
    good,
    receivers::{Received, TOKEN, serve, serve_app},
};

/// A service in this process that keeps the bodies it gets, and answers what this function says to the nth of them.
fn service(answer: impl Fn(usize) -> StatusCode + Clone + Send + 'static) -> (Endpoint, Arc<Mutex<Vec<Bytes>>>) {
    let bodies = Arc::new(Mutex::new(vec![]));
    let kept = bodies.clone();
    let service = tower::service_fn(move |request: http::Request<RequestBody>| {
        let (kept, answer) = (kept.clone(), answer.clone());
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let mut kept = kept.lock().unwrap();
            kept.push(body);
            let status = answer(kept.len());
            Ok::<_, Infallible>(http::Response::builder().status(status).body(Empty::<Bytes>::new()).unwrap())
        }
    });
    (Endpoint::service("/aircall/webhook", service), bodies)
}

fn webhook(endpoint: Endpoint, token: &str, profile: &str) -> Webhook {
    Webhook::new(endpoint, Token::new(token).unwrap(), Policy::named(profile).unwrap())
}

fn third(call: usize) -> StatusCode {
    if call.is_multiple_of(3) { StatusCode::BAD_GATEWAY } else { StatusCode::NO_CONTENT }
}

#[tokio::test]
async fn what_is_acknowledged_and_dropped_is_lost_for_good() {
    for (drops, expected) in [(0, None), (7, Some("7 (call.hungup)"))] {
        let collector = Collector::new();
        let told = collector.clone();
        let count = Arc::new(AtomicUsize::new(0));
        let service = tower::service_fn(move |request: http::Request<RequestBody>| {
            let (told, count) = (told.clone(), count.clone());
            async move {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                if count.fetch_add(1, Ordering::Relaxed) + 1 != drops {
                    told.report(&body);
                }
                Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new()))
            }
        });
        let webhook = webhook(Endpoint::service("/", service), TOKEN, "strict-1");
        let rehearsal = Rehearsal::new(webhook).with_events(20).with_clock(Clock::Jumping);
        let accounts = rehearsal.with_collector(collector).run().await.unwrap();
        let lost: Vec<_> = accounts[0].never_handled().unwrap();
        let lost: Vec<_> = lost.iter().map(|event| format!("{} ({})", event.number, event.name)).collect();
        assert_eq!(lost.first().map(String::as_str), expected, "{}", accounts[0].human());
        assert!(accounts[0].switched_off_at().is_none(), "every one was acknowledged");
        let sentence = match expected {
            None => "every acknowledged event was handled: 20".to_owned(),
            Some(event) => format!("lost for good, acknowledged and never handled: 1 event: {event}"),
        };
        assert!(accounts[0].human().contains(&sentence), "{}", accounts[0].human());
    }
}

#[tokio::test]
async fn the_same_seed_time_and_answers_give_the_same_bytes() {
    let run = |seed: u64| async move {
        let (endpoint, bodies) = service(third);
        // One at a time, so that the receiver sees them in one order.
        let policy = Policy::parse(
            "name = 'mine'\n[parameters]\ndisable_after = 9\nmax_retries_per_event = 4\nbackoff = [7]\njitter = 50\n\
             order = 'unordered'\nduplicates = 'at-least-once'",
        );
        let webhook = Webhook::new(endpoint, Token::new(TOKEN).unwrap(), policy.unwrap());
        let rehearsal = Rehearsal::new(webhook).with_seed(seed).with_clock(Clock::Jumping);
        let accounts = rehearsal.at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)).run().await.unwrap();
        let bodies = bodies.lock().unwrap().clone();
        (accounts[0].json(), bodies)
    };
    let (first, second, other) = (run(1).await, run(1).await, run(2).await);
    assert_eq!(first, second);
    assert_ne!(first.0, other.0);
    assert!(!first.0.contains(TOKEN));
}

#[tokio::test]
async fn a_retry_has_the_bytes_of_the_first_attempt() {
    let (endpoint, bodies) = service(|call| if call <= 3 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK });
    let rehearsal = Rehearsal::new(webhook(endpoint, TOKEN, "reference-50")).with_events(1).with_clock(Clock::Jumping);
    let accounts = rehearsal.run().await.unwrap();
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies.len(), 4);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!((accounts[0].ended, accounts[0].time), (Ended::Through, accounts[0].webhook.timeline()[3].at));
}

#[tokio::test]
async fn webhooks_with_tokens_of_their_own_get_one_stream() {
    let (well, well_got) = service(|_| StatusCode::OK);
    let (ill, ill_got) = service(|_| StatusCode::INTERNAL_SERVER_ERROR);
    let rehearsal = Rehearsal::new(webhook(well, "first token", "strict-1"))
        .with_webhook(webhook(ill, "second token", "tutorial-10").with_events(["call.ended"]))
        .with_events(18)
        .with_clock(Clock::Jumping);
    let accounts = rehearsal.run().await.unwrap();
    assert_eq!((accounts[0].switched_off_at(), accounts[0].webhook.delivered()), (None, 18));
    assert_eq!((accounts[1].webhook.attempts(), accounts[1].never_acknowledged().count()), (4, 4));
    let (well, ill) = (well_got.lock().unwrap(), ill_got.lock().unwrap());
    let text = |body: &Bytes| String::from_utf8(body.to_vec()).unwrap();
    assert!(well.iter().all(|body| text(body).contains("first token") && !text(body).contains("second token")));
    assert!(ill.iter().all(|body| text(body).contains("second token")));
    assert_eq!(text(&ill[0]).replace("second token", "first token"), text(&well[3]));
}

#[tokio::test]
async fn in_wall_time_attempts_overlap_as_far_as_the_policy_has_it() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (now.clone(), most.clone());
    let receiver = serve(move |request: Received| {
        let (now, most) = counters.clone();
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(200)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            request.due()
        }
    });
    let receiver = receiver.await;
    for (policy, at_once) in [("strict-1", 1..=1), ("exhaust-50", 2..=8)] {
        most.store(0, Ordering::SeqCst);
        let endpoint = Endpoint::url(receiver.url.parse().unwrap(), &aircall_conformance::Roots::System).unwrap();
        let accounts =
            Rehearsal::new(webhook(endpoint, TOKEN, policy)).with_events(12).with_rate(1000).run().await.unwrap();
        assert_eq!(accounts[0].webhook.delivered(), 12, "{policy}");
        assert!(at_once.contains(&most.load(Ordering::SeqCst)), "{policy}: {}", most.load(Ordering::SeqCst));
    }
}

#[tokio::test]
async fn a_receiver_that_is_too_slow_is_switched_off() {
    let receiver = serve(|request: Received| async move {
        tokio::time::sleep(Duration::from_millis(400)).await;
        request.due()
    });
    let receiver = receiver.await;
    for (timeout, code) in [("300ms", 1), ("20s", 0)] {
        let arguments = ["deactivate", &receiver.url, "--token", TOKEN, "--skip-waits", "--timeout", timeout];
        let ran = run(&[&arguments[..], &["--profile", "strict-1", "--events", "3"]].concat()).await;
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    }
}

#[tokio::test]
async fn what_holds_the_token_does_not_print_it() {
    let webhook = webhook(service(third).0, TOKEN, "reference-50");
    let shown = format!("{webhook:?}");
    let rehearsal = Rehearsal::new(webhook).with_events(9).with_clock(Clock::Jumping);
    let shown = format!("{shown}{rehearsal:?}{:?}", rehearsal.is_local().await);
    let accounts = rehearsal.run().await.unwrap();
    let shown = format!("{shown}{accounts:?}{}{}", accounts[0].human(), accounts[0].json());
    assert!(!shown.contains(TOKEN), "{shown}");
}

/// The output with what varies hidden.
fn hidden(text: &str) -> String {
    let port = text.split_once("127.0.0.1:").map(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap());
    port.map_or(text.to_owned(), |port| text.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:[port]"))
}

#[tokio::test]
async fn the_command_tells_the_story() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    // Well, then down for a hundred requests, then well again.
    let receiver = serve(move |request: Received| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if (20..120).contains(&call) { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { request.due() }
        }
    });
    let receiver = receiver.await;
    let mut texts = vec![];
    for profile in ["reference-50", "exhaust-50", "tutorial-10", "strict-1"] {
        calls.store(0, Ordering::SeqCst);
        let arguments = ["deactivate", &receiver.url, "--token", TOKEN, "--skip-waits", "--seed", "7", "--profile"];
        let ran = run(&[&arguments[..], &[profile]].concat()).await;
        assert_eq!(ran.code, i32::from(profile != "exhaust-50"), "{}", ran.stdout);
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
        assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
        assert!(!ran.stderr.contains('■'), "a meter without a terminal: {}", ran.stderr);
        texts.push(format!("{}{}", hidden(&ran.stderr), hidden(&ran.stdout)));
    }
    insta::assert_snapshot!("deactivate", texts.join("\n\n"));

    calls.store(0, Ordering::SeqCst);
    let arguments = ["deactivate", &receiver.url, "--token", TOKEN, "--skip-waits", "--seed", "7", "--format", "json"];
    let mut json: serde_json::Value = serde_json::from_str(&run(&arguments).await.stdout).unwrap();
    let timeline = json["timeline"].as_array_mut().unwrap();
    let position = |what| timeline.iter().position(|entry| entry["what"] == what).unwrap();
    let (off, on) = (position("switched-off"), position("switched-on"));
    assert!(off < on);
    *timeline = vec![timeline[0].clone(), timeline[off - 1].clone(), timeline[off].clone(), timeline[on].clone()];
    json["never_acknowledged"].as_array_mut().unwrap().truncate(1);
    json["endpoint"] = "[endpoint]".into();
    insta::assert_snapshot!("deactivate_json", serde_json::to_string_pretty(&json).unwrap());
}

#[tokio::test]
async fn in_wall_time_it_ends_when_its_time_is_over() {
    let receiver = serve(|_: Received| async { StatusCode::INTERNAL_SERVER_ERROR.into_response() }).await;
    let arguments = ["deactivate", &receiver.url, "--token", TOKEN, "--rate", "100", "--events", "60", "--time", "3s"];
    let ran = run(&arguments).await;
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.replace("\n  ", " ").contains("partial, its time was over: switched off after"),
        "{}",
        ran.stdout
    );
    let text = ran.stdout.replace("\n  ", " ");
    // Whatever was under way at the switch-off waits with the fifty; the rest was generated while the webhook was off.
    let (_, tail) = text.rsplit_once("more; ").unwrap();
    let numbers: Vec<u32> = tail.split(' ').filter_map(|word| word.parse().ok()).take(2).collect();
    assert!(numbers[0] >= 50 && numbers[0] + numbers[1] == 60, "{tail}");
}

#[tokio::test]
async fn on_a_jumping_clock_silence_takes_all_the_time_there_is() {
    let service = tower::service_fn(|_: http::Request<RequestBody>| async {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new()))
    });
    let patience = Duration::from_millis(100);
    let webhook = webhook(Endpoint::service("/", service), TOKEN, "strict-1").with_timeout(patience);
    let accounts = Rehearsal::new(webhook).with_events(1).with_clock(Clock::Jumping).run().await.unwrap();
    assert_eq!(accounts[0].switched_off_at(), Some(patience));
}

#[tokio::test]
async fn a_jumping_clock_ends_with_its_time_too() {
    let (endpoint, _) = service(|_| StatusCode::INTERNAL_SERVER_ERROR);
    let rehearsal = Rehearsal::new(webhook(endpoint, TOKEN, "reference-50")).with_events(3).with_clock(Clock::Jumping);
    let accounts = rehearsal.with_limit(Duration::from_secs(60)).run().await.unwrap();
    assert_eq!((accounts[0].ended, accounts[0].waiting()), (Ended::OutOfTime, 3));
    assert!(accounts[0].time <= Duration::from_secs(60), "{:?}", accounts[0].time);
}

#[tokio::test]
async fn before_it_sends_anything_to_another_machine_it_says_so() {
    // Reserved for documentation: nobody is there.
    let arguments = ["deactivate", "http://192.0.2.1:9/", "--token", TOKEN, "--skip-waits", "--events", "1"];
    let ran = run(&[&arguments[..], &["--profile", "strict-1", "--timeout", "50ms"]].concat()).await;
    assert!(ran.stderr.contains("1 invented event with the valid token"), "{}", ran.stderr);
    assert!(ran.stderr.contains("note: this receiver is on another machine"), "{}", ran.stderr);
    assert!(ran.stderr.contains("10 requests a second at most"), "{}", ran.stderr);
    assert_ne!(ran.code, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_ends_it_with_a_partial_report() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let mut command = command(&["deactivate", &receiver.url, "--token", TOKEN]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{stdout}");
    assert!(stdout.contains("partial, ended early: never switched off"), "{stdout}");
}

#[tokio::test]
async fn a_profile_of_the_users_own_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = serve(|_: Received| async { StatusCode::INTERNAL_SERVER_ERROR.into_response() }).await;
    let ran = run(&["profiles", "tutorial-10"]).await;
    let changed = ran.stdout.replace("disable_after = { value = 10", "disable_after = { value = 4");
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, changed.replace("name = \"tutorial-10\"", "name = \"mine\"")).unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["deactivate", &receiver.url, "--token", TOKEN, "--skip-waits", "--profile-file", file];
    let ran = run(&arguments).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("switched off at attempt 4"), "{}", ran.stdout);

    std::fs::write(file, "name = 'mine'\n[parameters]\ndisable_afer = 3").unwrap();
    let ran = run(&arguments).await;
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("mine.toml: there is no parameter `disable_afer`; did you mean disable_after?"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn what_cannot_be_played_is_said() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("http://{free}/");
    for (arguments, text) in [
        (&["deactivate", &closed, "--token", "t"][..], "connection refused); is the receiver running"),
        (&["deactivate", "http://127.0.0.1:0/", "--token", "t"], "the URL has port 0"),
        (&["deactivate", "http://127.0.0.1:9/"], "no token"),
        (&["deactivate", "http://127.0.0.1:9/", "--token", "t", "--profile", "strict"], "expected one of exhaust-50"),
        (&["deactivate", "http://127.0.0.1:9/", "--token", "t", "--profile-file", "no.toml"], "no.toml cannot be read"),
        (&["deactivate", "http://127.0.0.1:9/", "--token", "t", "--events", "0"], "0 is not in 1..=100000"),
        (&["profiles", "strict"], "there is no profile `strict`, expected one of exhaust-50"),
    ] {
        let ran = run(arguments).await;
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn profiles_are_listed_and_printed() {
    let ran = run(&["profiles"]).await;
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    insta::assert_snapshot!("profiles", ran.stdout);
    let ran = run(&["profiles", "--format", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), aircall_fixtures::profiles().len());
    assert_eq!((&json[1]["name"], &json[1]["parameters"][4]["value"]), (&"reference-50".into(), &50.into()));
    let ran = run(&["profiles", "strict-1"]).await;
    assert_eq!(ran.stdout.trim_end(), aircall_fixtures::find_profile("strict-1").unwrap().toml.trim_end());
}
