//! Receivers whose fault only the run as a whole shows.

use std::time::Duration;

use aircall_conformance::{Collector, Report};
use axum::{Router, response::IntoResponse};
use tokio::time::sleep;

use super::{
    breaker::{Breaker, in_process, section},
    framing::{hostile, is_poison, judged},
    knowing,
    tripwire::{Does, Trap},
};
use crate::receivers::{Received, app, check, serve_app};

pub(super) fn all() -> Vec<Breaker> {
    let with_payloads = || section("acknowledgement").section("payload").unwrap();
    vec![
        Breaker::new("fail acknowledgement/handled: lost", loses_one_kind()),
        Breaker::new(
            "fail acknowledgement/after-hostile: harmed",
            judged(
                Trap { knows: is_poison, does: Does::GoDeafAt(6) },
                hostile("http").section("acknowledgement").unwrap(),
            ),
        ),
        Breaker::new("lenient acknowledgement/time-to-spare: little-time-to-spare", is_slow_once()),
        Breaker::new(
            "fail acknowledgement/no-token-in-response: token-in-responses",
            in_process(quotes_what_it_got(), with_payloads()),
        ),
    ]
}

async fn loses_one_kind() -> Report {
    let collector = Collector::new();
    let reported = collector.clone();
    let receiver = app(move |request: Received| {
        if request.is_authentic() && request.key("event") != r#""team.created""# {
            reported.report(&request.body);
        }
        std::future::ready(request.due())
    });
    let receiver = serve_app(receiver).await;
    let some = section("acknowledgement").section("payload").unwrap();
    knowing(check(&receiver.url)).with_collector(collector).with_selection(some).run().await.unwrap()
}

async fn is_slow_once() -> Report {
    let receiver = app(|request: Received| async move {
        if request.key("event") == r#""team.created""# {
            sleep(Duration::from_millis(2500)).await;
        }
        request.due()
    });
    let receiver = serve_app(receiver).await;
    let some = section("acknowledgement").only("acknowledgement/*").unwrap().only("payload/team.*").unwrap();
    let some = some.section("payload").unwrap();
    knowing(check(&receiver.url)).with_timeout(Duration::from_secs(4)).with_selection(some).run().await.unwrap()
}

fn quotes_what_it_got() -> Router {
    app(|request: Received| {
        let is_quoted = request.key("event") == r#""user.created""#;
        std::future::ready(if is_quoted { request.body.clone().into_response() } else { request.due() })
    })
}
