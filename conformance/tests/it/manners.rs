//! What is sent to whom.

use aircall_conformance::{Check, Endpoint, Roots, Token, catalogue::Selection, verdict::Verdict};
use tokio::time::{Duration, Instant};

use crate::{
    good,
    receivers::{TOKEN, check, serve_app},
};

/// Reserved for documentation: nothing is sent there.
const ELSEWHERE: &str = "http://192.0.2.1/aircall/webhook";

fn elsewhere() -> Check {
    Check::new(Endpoint::url(ELSEWHERE.parse().unwrap(), &Roots::System).unwrap(), Token::new(TOKEN).unwrap())
}

#[tokio::test]
async fn a_receiver_on_another_machine_is_spared() {
    let plan = elsewhere().plan().await;
    assert!(!plan.is_local);
    assert_eq!((plan.hostile(), plan.rate), (0, Some(10)));
    assert_eq!(plan.requests(), plan.honest());

    let plan = elsewhere().with_hostile_requests_anywhere().with_rate(50).plan().await;
    assert_eq!((plan.hostile() > 20, plan.rate), (true, Some(50)));

    assert_eq!(elsewhere().with_rate(0).plan().await.rate, None);

    for url in ["http://localhost:1/", "http://0.0.0.0:1/", "http://[::]:1/"] {
        let plan = check(url).plan().await;
        assert!(plan.is_local, "{url}");
        assert_eq!((plan.hostile() > 20, plan.rate), (true, None));
    }
}

#[tokio::test]
async fn nothing_hostile_is_sent_without_leave() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let check = check(&receiver.url);
    let mut plan = check.plan().await;
    plan.hostile = false;
    let record = check.observe(&plan, |_| {}, std::future::pending()).await.unwrap();
    assert_eq!(record.requests, plan.honest() - 1, "all but that of the second webhook");
    let report = aircall_conformance::Report::new(record);
    let hostile = report.results.iter().filter(|result| result.case.is_hostile() || result.case.is_load());
    for result in hostile {
        assert_eq!(result.judgement.reason.code(), "not-local", "{}", result.case.id);
    }
    assert_eq!(report.count(Verdict::Fail), 0);
}

#[tokio::test]
async fn what_was_announced_is_what_is_sent() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let check = check(&receiver.url);
    let plan = check.plan().await;
    let record = check.observe(&plan, |_| {}, std::future::pending()).await.unwrap();
    // One honest event follows all that are put side by side.
    let together = plan.cases.iter().filter(|case| case.is_patient() && case.is_hostile()).count();
    let unsent = plan.cases.iter().filter(|case| case.id == "token/one-of-several").count();
    assert_eq!(record.requests, plan.requests() - together + 1 - unsent);
}

#[tokio::test]
async fn a_run_that_is_ended_early_says_so() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let check = check(&receiver.url);
    let plan = check.plan().await;
    let stop = tokio::sync::Notify::new();
    let seen = |step: aircall_conformance::run::Step<'_>| {
        if step.done == 5 {
            stop.notify_one();
        }
    };
    let record = check.observe(&plan, seen, stop.notified()).await.unwrap();
    let report = aircall_conformance::Report::new(record);
    assert!(report.is_interrupted && !report.is_conformant());
    assert_eq!(report.results.len(), plan.cases.len());
    // Of the five, the three about the certificate had nothing to look at.
    assert_eq!(
        report.conclusion().to_string(),
        format!("no verdict: ended after 2 of {} cases, of which 0 failed", plan.cases.len())
    );
}

#[tokio::test]
async fn a_rate_is_kept() {
    let receiver = serve_app(good::app(TOKEN.to_owned())).await;
    let some = Selection::default().section("envelope").unwrap();
    let check = check(&receiver.url).with_rate(200).with_selection(some);
    let plan = check.plan().await;
    let start = Instant::now();
    check.observe(&plan, |_| {}, std::future::pending()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(5) * (u32::try_from(plan.requests()).unwrap() - 1));
}

#[tokio::test]
async fn a_run_ends_when_its_time_is_over() {
    let receiver = crate::receivers::serve(|request: crate::receivers::Received| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        request.due()
    });
    let receiver = receiver.await;
    let check = check(&receiver.url).with_time(Duration::from_secs(1));
    let report = check.run().await.unwrap();
    assert!(report.is_interrupted && report.requests > 3);
}

#[tokio::test]
async fn a_receiver_that_takes_its_time_is_put_several_cases_at_once() {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    for (pause, expected) in [(0, 1), (150, 8)] {
        let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let peak = most.clone();
        let receiver = crate::receivers::serve(move |request: crate::receivers::Received| {
            let (busy, most) = (busy.clone(), most.clone());
            async move {
                most.fetch_max(busy.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(pause)).await;
                busy.fetch_sub(1, Ordering::Relaxed);
                request.due()
            }
        });
        let receiver = receiver.await;
        let some = Selection::default().section("envelope").unwrap();
        let report = check(&receiver.url).with_selection(some).run().await.unwrap();
        assert_eq!(peak.load(Ordering::Relaxed), expected);
        assert_eq!(crate::receivers::deviations(&report), [""; 0]);
    }
}
