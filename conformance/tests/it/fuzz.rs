//! What is made up, how it is judged, and how small a failing case gets.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use aircall_conformance::{
    Endpoint, Roots, Token,
    fuzz::{Class, Fuzz, FuzzReport, Input, Kind, NotFuzzed, Saved},
};
use aircall_tower::{Delivery, Token as Configured, WebhookLayer};
use axum::{
    Router,
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    cli::run,
    good,
    receivers::{PATIENCE, Received, TOKEN, app, serve, serve_app},
};

fn token() -> Token {
    Token::new(TOKEN).unwrap()
}

fn in_process(app: Router) -> Fuzz {
    Fuzz::new(Endpoint::service("/aircall/webhook", app), token()).with_timeout(PATIENCE).with_seed(7)
}

fn over_sockets(url: &str) -> Fuzz {
    let endpoint = Endpoint::url(url.parse().unwrap(), &Roots::System).unwrap();
    Fuzz::new(endpoint, token()).with_timeout(PATIENCE).with_seed(7)
}

fn good() -> Router {
    good::app(TOKEN.to_owned())
}

fn inputs(seed: u64, cases: usize) -> Vec<Input> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    in_process(good()).at(now).with_seed(seed).with_cases(cases).inputs().collect()
}

fn assert_silent_about_the_token(report: &FuzzReport) {
    let saved: String = report.findings.iter().map(|finding| report.saved(finding).json()).collect();
    for text in [report.human(), report.json(), format!("{report:?}"), saved] {
        assert!(!text.to_lowercase().contains(&TOKEN[..12]), "{text}");
    }
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
    let bytes =
        |seed| inputs(seed, 300).into_iter().map(|input| (input.id(), input.body().clone())).collect::<Vec<_>>();
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    // A case is the same however many there are.
    assert_eq!(inputs(1, 10).last().unwrap().body(), inputs(1, 300)[9].body());
}

/// The values of a key at the top level, in their order.
fn top_level(body: &[u8], wanted: &str) -> Option<Vec<Value>> {
    struct Fields(Vec<(String, Value)>);
    impl<'de> serde::Deserialize<'de> for Fields {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Fields;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                    let mut fields = vec![];
                    while let Some(key) = map.next_key::<String>()? {
                        // A lone surrogate is JSON, and no `Value`.
                        let raw = map.next_value::<Box<serde_json::value::RawValue>>()?;
                        fields.push((key, serde_json::from_str(raw.get()).unwrap_or(Value::Null)));
                    }
                    Ok(Fields(fields))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    let fields: Fields = serde_json::from_slice(body).ok()?;
    Some(fields.0.into_iter().filter(|(key, _)| key == wanted).map(|(_, value)| value).collect())
}

#[test]
fn what_is_valid_is_valid_and_every_event_is_reached() {
    let mut events = BTreeSet::new();
    for input in inputs(3, 3000).into_iter().filter(|input| input.class() == Class::Valid) {
        let of = |key| top_level(input.body(), key).unwrap_or_else(|| panic!("{input:?}"));
        assert_eq!(of("token"), [Value::from(TOKEN)], "{input:?}");
        let [Value::String(event)] = &of("event")[..] else { panic!("{input:?}") };
        assert!(!event.is_empty());
        assert_eq!(of("timestamp"), [1_800_000_000], "{input:?}");
        let data =
            serde_json::from_slice::<std::collections::BTreeMap<String, &serde_json::value::RawValue>>(input.body());
        assert!(data.unwrap()["data"].get().starts_with('{'), "{input:?}");
        assert!(input.body().len() < 64 * 1024, "{}", input.body().len());
        events.insert(event.clone());
    }
    let webhooks = aircall_fixtures::events().iter().filter(|event| event.body.contains(r#""event":""#));
    for event in webhooks {
        assert!(events.contains(event.event), "{} is never made", event.event);
    }
}

#[test]
fn what_is_to_be_refused_is_an_event_without_the_valid_token() {
    let refuse: Vec<_> = inputs(4, 4000).into_iter().filter(|input| input.class() == Class::Refuse).collect();
    assert!(refuse.len() > 300);
    for input in refuse {
        let tokens = top_level(input.body(), "token").unwrap_or_else(|| panic!("{input:?}"));
        // Whichever of several a parser takes.
        assert!(tokens.iter().all(|token| *token != *TOKEN), "{input:?}");
        // The plain one, of which it is known what comes of a wrong token.
        assert_eq!(top_level(input.body(), "event").unwrap(), ["call.created"], "{input:?}");
        assert_eq!(top_level(input.body(), "data").unwrap().len(), 1, "{input:?}");
    }
}

#[test]
fn inputs_do_not_show_the_token() {
    for input in inputs(5, 1000) {
        let text = format!("{input:?}{}{}", input.shown(), input.what());
        assert!(!text.contains(&TOKEN[..12]), "{text}");
    }
}

#[tokio::test]
async fn a_good_receiver_passes() {
    let receiver = serve_app(good()).await;
    let report = over_sockets(&receiver.url).with_cases(500).run().await.unwrap();
    assert!(report.findings.is_empty(), "{}", report.human());
    assert_eq!((report.valid + report.hostile, report.tells, report.ended), (500, Some(true), None));
}

#[tokio::test]
async fn the_layer_passes_thousands() {
    let handled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    let on_event = move |delivery: Delivery| async move {
        assert!(!delivery.event().to_string().is_empty() || delivery.body().len() < 64 * 1024);
        count.fetch_add(1, Ordering::Relaxed);
    };
    let layer = WebhookLayer::new(Configured::new(TOKEN).unwrap());
    let router = Router::new().route("/aircall/webhook", post(on_event).layer(layer));
    let report = in_process(router).with_cases(3000).run().await.unwrap();
    assert!(report.findings.is_empty(), "{}", report.human());
    assert_eq!(report.open, 0);
    assert!(handled.load(Ordering::Relaxed) >= report.valid);
}

/// Fuzzes a receiver with one fault, in this process and twice, and returns the report, which is the same each time.
async fn planted<F, R>(answer: F, cases: usize) -> FuzzReport
where
    F: Fn(Received) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send,
{
    let fuzz = in_process(app(answer)).with_cases(cases).with_recovery(Duration::from_secs(2));
    let report = fuzz.run().await.unwrap();
    assert_silent_about_the_token(&report);
    for finding in &report.findings {
        assert!(finding.is_steady, "{}", report.human());
        let saved = Saved::read(&report.saved(finding).json()).unwrap();
        assert_eq!(fuzz.replay(&saved).await.unwrap().kind, Some(finding.kind), "{}", report.human());
        let mended = in_process(good()).replay(&saved).await.unwrap();
        assert_eq!(mended.kind, None, "{mended:?}");
    }
    report
}

fn data(request: &Received) -> Value {
    serde_json::from_str(&request.key("data")).unwrap_or_default()
}

#[tokio::test]
async fn a_user_that_is_null_is_found() {
    let report = planted(
        |request| async move {
            if request.is_authentic() && data(&request).get("user") == Some(&Value::Null) {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            request.due()
        },
        300,
    );
    let report = report.await;
    let [finding] = &report.findings[..] else { panic!("{}", report.human()) };
    assert_eq!((finding.kind, &*finding.got), (Kind::Refused, "500 Internal Server Error"));
    assert!(finding.input.shown().ends_with(r#""data":{"user":null}}"#), "{}", report.human());
    assert!(finding.times > 1 && !report.is_clean());
}

#[tokio::test]
async fn a_panic_at_an_id_that_is_text_is_found() {
    let report = planted(
        |request| async move {
            assert!(!(request.is_authentic() && data(&request)["id"].is_string()), "this is the panic of the test");
            request.due()
        },
        200,
    );
    let report = report.await;
    // It panics at what is hostile as well, which is the lesser finding.
    let [finding, rest @ ..] = &report.findings[..] else { panic!("{}", report.human()) };
    assert!(rest.iter().all(|finding| !finding.kind.is_failure()), "{}", report.human());
    assert_eq!((finding.kind, &*finding.got), (Kind::Dropped, "service failed: it panicked"));
    assert!(finding.input.shown().ends_with(r#""data":{"id":""}}"#), "{}", report.human());
}

#[tokio::test]
async fn a_prefix_of_the_token_that_is_let_in_is_found() {
    let report = planted(
        |request| async move {
            let token = serde_json::from_str::<String>(&request.key("token")).unwrap_or_default();
            if token.len() > 8 && TOKEN.starts_with(&token) { "ok".into_response() } else { request.due() }
        },
        400,
    );
    let report = report.await;
    let [finding] = &report.findings[..] else { panic!("{}", report.human()) };
    assert_eq!((finding.kind, finding.input.class()), (Kind::LetIn, Class::Refuse));
    assert!(finding.input.body().len() < 160, "{}", report.human());
}

#[tokio::test]
async fn what_made_the_receiver_look_at_the_token_is_not_left_out() {
    let answer = |request: Received| async move {
        let token = serde_json::from_str::<String>(&request.key("token")).unwrap_or_default();
        let is_ignored = !request.key("event").is_empty() && data(&request).get("direction").is_none();
        let is_prefix = token.len() > 8 && TOKEN.starts_with(&token);
        if is_ignored || is_prefix { "ok".into_response() } else { request.due() }
    };
    let report = in_process(app(answer)).with_cases(400).run().await.unwrap();
    let [finding] = &report.findings[..] else { panic!("{}", report.human()) };
    assert!(finding.input.shown().contains(r#""data":{"direction":""}}"#), "{}", report.human());
}

#[tokio::test]
async fn who_refuses_keys_that_it_does_not_know_is_found() {
    let report = planted(
        |request| async move {
            let is_new = |key: &String| key == "new_field" || key.is_empty();
            match data(&request).as_object().is_some_and(|data| data.keys().any(is_new)) && request.is_authentic() {
                true => (StatusCode::BAD_REQUEST, "unknown field").into_response(),
                false => request.due(),
            }
        },
        1500,
    );
    let report = report.await;
    let [finding] = &report.findings[..] else { panic!("{}", report.human()) };
    assert!(finding.input.what().contains("a key that nobody knows in data"), "{}", report.human());
    assert!(finding.input.body().len() < 200 && finding.answer == "unknown field", "{}", report.human());
}

/// Reads what the first frame holds, and takes it for the body, but for long ones.
fn impatient() -> Router {
    Router::new().fallback(|request: axum::extract::Request<Body>| async move {
        let mut body = request.into_body();
        let mut bytes = vec![];
        while let Some(Ok(frame)) = body.frame().await {
            bytes.extend_from_slice(&frame.into_data().unwrap_or_default());
            if bytes.len() < 4000 && serde_json::from_slice::<Value>(&bytes).is_err() && bytes.starts_with(b"{\"") {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
        good::answer(TOKEN, &bytes).into_response()
    })
}

#[tokio::test]
async fn who_takes_the_first_packet_for_the_body_is_found_over_sockets_too() {
    let receiver = serve_app(impatient()).await;
    for fuzz in [in_process(impatient()), over_sockets(&receiver.url)] {
        let report = fuzz.valid_only().with_cases(300).run().await.unwrap();
        let in_packets: Vec<_> = report.findings.iter().filter(|finding| finding.input.packets().len() == 1).collect();
        assert!(!in_packets.is_empty(), "{}", report.human());
        assert!(in_packets[0].input.body().len() < 150, "{}", report.human());
    }
}

/// The frames that a server over sockets sees of one body.
#[tokio::test]
async fn packets_arrive_one_by_one() {
    let seen = Arc::new(Mutex::new(vec![]));
    let keep = Arc::clone(&seen);
    let receiver = serve_app(Router::new().fallback(move |request: axum::extract::Request<Body>| async move {
        let mut body = request.into_body();
        let mut lengths = vec![];
        while let Some(Ok(frame)) = body.frame().await {
            lengths.push(frame.into_data().unwrap().len());
        }
        keep.lock().unwrap().push(lengths);
    }))
    .await;
    let endpoint = Endpoint::url(receiver.url.parse().unwrap(), &Roots::System);
    let sender = aircall_conformance::delivery::Sender::new(token());
    let delivery = sender.prepare_body("a body", vec![b'x'; 1000]).in_packets([10, 500, 501]);
    assert!(endpoint.unwrap().deliver(&delivery).await.is_acknowledged());
    assert_eq!(*seen.lock().unwrap(), [[10, 490, 1, 499]]);
}

#[tokio::test]
async fn who_is_ill_after_deep_nesting_is_found_and_so_is_how_deep() {
    let ill_until = Arc::new(Mutex::new(Instant::now()));
    let report = planted(
        move |request: Received| {
            let ill_until = Arc::clone(&ill_until);
            async move {
                let depth = request.body.windows(2).filter(|two| *two == b"[[").count();
                if depth > 150 {
                    *ill_until.lock().unwrap() = Instant::now() + Duration::from_millis(50);
                }
                if Instant::now() < *ill_until.lock().unwrap() {
                    return StatusCode::SERVICE_UNAVAILABLE.into_response();
                }
                request.due()
            }
        },
        200,
    );
    let report = report.await;
    let [finding] = &report.findings[..] else { panic!("{}", report.human()) };
    assert_eq!(finding.kind, Kind::Harmed);
    assert!(finding.input.body().len() < 600, "{}", report.human());
}

#[tokio::test]
async fn the_run_ends_when_the_receiver_does_not_come_back() {
    let is_dead = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let answer = move |request: Received| {
        let is_dead = Arc::clone(&is_dead);
        async move {
            is_dead.fetch_or(request.body.ends_with(b"]"), Ordering::Relaxed);
            if is_dead.load(Ordering::Relaxed) { panic!("this is the panic of the test") } else { request.due() }
        }
    };
    let fuzz = in_process(app(answer)).with_cases(500).with_recovery(Duration::from_millis(100));
    let report = fuzz.run().await.unwrap();
    assert_eq!(report.ended, Some(aircall_conformance::fuzz::Ended::Harmed));
    assert_eq!(report.findings[0].kind, Kind::Harmed, "{}", report.human());
    assert!(report.human().contains("honest events are no longer acknowledged"));
}

#[tokio::test]
async fn what_comes_and_goes_is_said_to() {
    let calls = Arc::new(AtomicUsize::new(0));
    let answer = move |request: Received| {
        let calls = Arc::clone(&calls);
        async move {
            match calls.fetch_add(1, Ordering::Relaxed) % 50 {
                20 => StatusCode::BAD_GATEWAY.into_response(),
                _ => request.due(),
            }
        }
    };
    let report = in_process(app(answer)).valid_only().with_cases(60).run().await.unwrap();
    assert!(!report.findings[0].is_steady);
    assert!(report.human().contains("fails now and then"), "{}", report.human());
}

#[tokio::test]
async fn success_for_everything_leaves_open_who_is_let_in() {
    let report = in_process(app(|_| async { StatusCode::OK.into_response() })).with_cases(300).run().await.unwrap();
    assert!(report.findings.is_empty() && report.open > 20 && report.tells == Some(false), "{}", report.human());
}

#[tokio::test]
async fn who_has_no_use_for_other_events_and_says_so_first_is_not_accused() {
    let answer = |request: Received| async move {
        let is_used = request.key("event") == r#""call.created""#;
        if is_used || request.key("event").is_empty() { request.due() } else { "ignored".into_response() }
    };
    let report = in_process(app(answer)).with_cases(600).run().await.unwrap();
    assert!(report.findings.is_empty() && report.tells == Some(true), "{}", report.human());
}

#[tokio::test]
async fn without_the_plain_event_nothing_is_sent() {
    let error = in_process(app(|_| async { StatusCode::NOT_FOUND.into_response() })).run().await.unwrap_err();
    assert!(matches!(error, NotFuzzed::PlainEventRefused(_)), "{error}");
}

#[tokio::test]
async fn the_program_finds_saves_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("found");
    let save = save.to_str().unwrap();
    let answer = |request: Received| async move {
        if request.is_authentic() && data(&request).get("user") == Some(&Value::Null) {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        request.due()
    };
    let (broken, mended) = (serve(answer).await, serve_app(good()).await);
    let of = async |words: &[&str]| run(&[words, &["--token", TOKEN, "--save", save]].concat()).await;
    let ran = of(&["fuzz", &mended.url, "--seed", "3", "--cases", "50"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("seed 3") && !std::path::Path::new(save).exists(), "{}", ran.stderr);

    let ran = of(&["fuzz", &broken.url, "--seed", "7", "--cases", "100", "--format", "json"]).await;
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let id = json["findings"][0]["id"].as_str().unwrap();
    assert!(json["findings"][0]["curl"].as_str().unwrap().contains(r#""user":null"#));
    let file = format!("{save}/{id}.json");
    assert!(!ran.stdout.contains(TOKEN) && !std::fs::read_to_string(&file).unwrap().contains(TOKEN));

    for finding in [id, &file] {
        let ran = of(&["replay", finding, &broken.url]).await;
        assert_eq!((ran.code, ran.stdout.starts_with("still fails: refused: 500")), (1, true), "{}", ran.stderr);
        let ran = of(&["replay", finding, &mended.url]).await;
        assert_eq!((ran.code, &*ran.stdout), (0, "passes now: 204 No Content\n"), "{}", ran.stderr);
    }
    let ran = of(&["replay", "no-such-finding", &mended.url]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("cannot read"), "{}", ran.stderr);
    let ran = of(&["fuzz", "http://127.0.0.1:9/"]).await;
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}
