use super::*;
use crate::{
    case::{Body, Expectation, Procedure, Request, Source},
    observation::{Connection, Dropped, Observation, Response, Sent, Stage, Unreachable},
};

#[test]
fn an_honest_event_needs_a_2xx_in_time() {
    let dropped = |dropped| observed(Outcome::Dropped(dropped));
    assert_judged(
        Level::Must,
        Expectation::Acknowledge,
        &[
            (status(200), Verdict::Pass, "acknowledged"),
            (status(204), Verdict::Pass, "acknowledged"),
            (status(299), Verdict::Pass, "acknowledged"),
            (status(301), Verdict::Fail, "redirected"),
            (status(308), Verdict::Fail, "redirected"),
            (status(401), Verdict::Fail, "refused"),
            (status(429), Verdict::Fail, "refused"),
            (status(500), Verdict::Fail, "refused"),
            (observed(Outcome::TimedOut(Stage::Waiting)), Verdict::Fail, "timed-out"),
            (observed(Outcome::TimedOut(Stage::Reading)), Verdict::Fail, "timed-out"),
            (dropped(Dropped::Closed), Verdict::Fail, "dropped"),
            (dropped(Dropped::Reset), Verdict::Fail, "dropped"),
            (dropped(Dropped::Cut { status: 200 }), Verdict::Fail, "dropped"),
            (observed(Outcome::Garbled("invalid version".into())), Verdict::Fail, "garbled"),
            (observed(Outcome::Unreachable(Unreachable::Refused)), Verdict::Fail, "unreachable"),
        ],
    );
}

#[test]
fn what_should_be_refused_needs_a_4xx_and_a_2xx_tells_nothing() {
    assert_judged(
        Level::Must,
        Expectation::Refuse,
        &[
            (status(400), Verdict::Pass, "refused-as-due"),
            (status(401), Verdict::Pass, "refused-as-due"),
            (status(404), Verdict::Pass, "refused-as-due"),
            (status(429), Verdict::Inconclusive, "too-often"),
            (status(200), Verdict::Inconclusive, "may-be-handled"),
            (status(202), Verdict::Inconclusive, "may-be-handled"),
            (status(302), Verdict::Lenient, "redirected-instead"),
            (status(500), Verdict::Lenient, "broke-instead"),
            (status(503), Verdict::Lenient, "broke-instead"),
            (observed(Outcome::TimedOut(Stage::Waiting)), Verdict::Fail, "timed-out"),
            (observed(Outcome::Dropped(Dropped::Closed)), Verdict::Lenient, "hung-up-instead"),
            (observed(Outcome::Unreachable(Unreachable::Refused)), Verdict::Fail, "unreachable"),
        ],
    );
}

#[test]
fn who_has_seen_enough_may_hang_up() {
    assert_judged(
        Level::Must,
        Expectation::RefuseOrHangUp,
        &[
            (status(413), Verdict::Pass, "refused-as-due"),
            (status(200), Verdict::Inconclusive, "may-be-handled"),
            (observed(Outcome::Dropped(Dropped::Reset)), Verdict::Pass, "hung-up"),
            (observed(Outcome::Dropped(Dropped::Closed)), Verdict::Pass, "hung-up"),
            (observed(Outcome::Dropped(Dropped::Failed("panic".into()))), Verdict::Fail, "dropped"),
            (observed(Outcome::TimedOut(Stage::Waiting)), Verdict::Fail, "timed-out"),
        ],
    );
}

#[test]
fn what_is_worth_nothing_needs_an_answer() {
    assert_judged(
        Level::Must,
        Expectation::Survive,
        &[
            (status(200), Verdict::Pass, "survived"),
            (status(400), Verdict::Pass, "refused-as-due"),
            (status(500), Verdict::Lenient, "broke-instead"),
            (observed(Outcome::TimedOut(Stage::Waiting)), Verdict::Fail, "timed-out"),
            (observed(Outcome::Dropped(Dropped::Closed)), Verdict::Fail, "dropped"),
        ],
    );
}

#[test]
fn another_method_needs_a_4xx_or_501() {
    assert_judged(
        Level::Should,
        Expectation::RefuseMethod,
        &[
            (status(405), Verdict::Pass, "refused-as-due"),
            (status(404), Verdict::Pass, "refused-as-due"),
            (status(501), Verdict::Pass, "refused-as-due"),
            (status(200), Verdict::Lenient, "method-accepted"),
            (status(302), Verdict::Lenient, "redirected-instead"),
            (status(500), Verdict::Lenient, "broke-instead"),
            (observed(Outcome::TimedOut(Stage::Waiting)), Verdict::Lenient, "timed-out"),
        ],
    );
}

#[test]
fn where_a_wrong_token_gets_a_4xx_a_2xx_to_another_lets_it_in() {
    let told = |evidence| match evidence {
        Evidence::Observed(observation) => Evidence::WhileTold(observation),
        other => other,
    };
    assert_judged(
        Level::Must,
        Expectation::Refuse,
        &[
            (told(status(200)), Verdict::Fail, "let-in"),
            (told(status(401)), Verdict::Pass, "refused-as-due"),
            (told(status(500)), Verdict::Lenient, "broke-instead"),
            (told(status(302)), Verdict::Lenient, "redirected-instead"),
        ],
    );
}

#[test]
fn while_the_plain_event_is_refused_only_an_acceptance_tells_something() {
    let ungated = |evidence| match evidence {
        Evidence::Observed(observation) => Evidence::WhileRefused(observation),
        other => other,
    };
    assert_judged(
        Level::Must,
        Expectation::Refuse,
        &[
            (ungated(status(200)), Verdict::Fail, "accepted-instead"),
            (ungated(status(401)), Verdict::Skipped, "plain-event-refused"),
            (ungated(status(500)), Verdict::Skipped, "plain-event-refused"),
            (ungated(observed(Outcome::TimedOut(Stage::Waiting))), Verdict::Skipped, "plain-event-refused"),
        ],
    );
}

#[test]
fn the_level_decides_what_a_broken_requirement_is() {
    for (level, verdict) in
        [(Level::Must, Verdict::Fail), (Level::Should, Verdict::Lenient), (Level::Info, Verdict::Skipped)]
    {
        assert_judged(level, Expectation::Acknowledge, &[(status(400), verdict, "refused")]);
    }
}

#[test]
fn reviews_look_at_the_whole_run() {
    let slowest = |elapsed| {
        let (elapsed, timeout) = (Duration::from_millis(elapsed), Duration::from_secs(5));
        Review::Slowest { elapsed, timeout }
    };
    let dead = Harm { after: vec!["http/silent".to_owned()], outcome: Outcome::Unreachable(Unreachable::Refused) };
    let handled =
        |lost: &[&str]| Review::Handled { acknowledged: 2, lost: lost.iter().map(|&case| case.to_owned()).collect() };
    for (review, verdict, code) in [
        (slowest(2499), Verdict::Pass, "time-to-spare"),
        (slowest(2500), Verdict::Fail, "little-time-to-spare"),
        (Review::Harmed(None), Verdict::Pass, "unharmed"),
        (Review::Harmed(Some(dead)), Verdict::Fail, "harmed"),
        (handled(&[]), Verdict::Pass, "all-handled"),
        (handled(&["payload/call.ended"]), Verdict::Fail, "lost"),
        (Review::TokenInResponses(vec![]), Verdict::Pass, "token-not-seen"),
        (Review::TokenInResponses(vec!["http/get".into()]), Verdict::Fail, "token-in-responses"),
        (Review::TokenInOutput(None), Verdict::Pass, "token-not-seen"),
        (Review::TokenInOutput(Some("token=[token]".into())), Verdict::Fail, "token-in-output"),
        (Review::Https { https: true, local: false }, Verdict::Pass, "https"),
        (Review::Https { https: false, local: true }, Verdict::Skipped, "not-https"),
        (Review::Https { https: false, local: false }, Verdict::Fail, "not-https"),
        (Review::Certificate(None), Verdict::Pass, "good-certificate"),
        (Review::Certificate(Some("expired".into())), Verdict::Fail, "bad-certificate"),
    ] {
        assert_judged(Level::Must, Expectation::Unharmed, &[(Evidence::Reviewed(review), verdict, code)]);
    }
}

#[test]
fn no_evidence_is_no_pass() {
    for skip in [
        Skip::PlainEventRefused,
        Skip::Harmed("token/null".into()),
        Skip::Silent(5),
        Skip::NotLocal,
        Skip::NoSuchRequest,
        Skip::NothingToReview,
        Skip::NoOutput,
        Skip::InProcess,
        Skip::Interrupted,
    ] {
        for level in [Level::Must, Level::Should, Level::Info] {
            let judgement = judge(&case(level, Expectation::Acknowledge), &Evidence::Missing(skip.clone()));
            assert_eq!(judgement.verdict, Verdict::Skipped, "{skip:?}");
        }
    }
}

#[test]
fn of_several_honest_events_the_worst_decides() {
    let judgement = judge(
        &case(Level::Must, Expectation::Acknowledge),
        &Evidence::Observed(trial(vec![exchange(200), exchange(503), exchange(204)])),
    );
    assert_eq!((judgement.verdict, judgement.reason.code(), judgement.exchange), (Verdict::Fail, "refused", 1));
    assert_eq!(
        judgement.reason.to_string(),
        "1 of 3 not acknowledged; the first: refused, which Aircall counts as a failure"
    );
}

#[test]
fn what_a_stranger_meets_among_honest_events_does_not_count() {
    let stranger = Exchange { is_honest: false, ..exchange(401) };
    let evidence = Evidence::Observed(trial(vec![stranger, exchange(200)]));
    assert_judged(Level::Must, Expectation::Acknowledge, &[(evidence, Verdict::Pass, "acknowledged")]);
}

#[test]
fn the_collector_settles_what_a_2xx_leaves_open() {
    let told = |handled, status| Evidence::Observed(trial(vec![Exchange { handled, ..exchange(status) }]));
    assert_judged(
        Level::Must,
        Expectation::Refuse,
        &[
            (told(None, 200), Verdict::Inconclusive, "may-be-handled"),
            (told(Some(0), 200), Verdict::Pass, "not-handled"),
            (told(Some(1), 200), Verdict::Fail, "handled-instead"),
            (told(Some(1), 401), Verdict::Fail, "handled-instead"),
            (told(Some(0), 401), Verdict::Pass, "refused-as-due"),
        ],
    );
    assert_judged(
        Level::Should,
        Expectation::HandleOnce,
        &[
            (told(None, 200), Verdict::Skipped, "no-collector"),
            (told(Some(1), 200), Verdict::Pass, "handled-once"),
            (told(Some(2), 200), Verdict::Lenient, "handled-several-times"),
            (told(Some(0), 200), Verdict::Lenient, "never-handled"),
            (told(Some(1), 409), Verdict::Lenient, "refused"),
        ],
    );
}

#[test]
fn harm_is_a_failure_whatever_the_level() {
    for expectation in [Expectation::Refuse, Expectation::LiveOn, Expectation::Survive, Expectation::Acknowledge] {
        let afterwards = Some(Outcome::TimedOut(Stage::Waiting));
        let evidence = Evidence::Observed(Trial { afterwards, ..trial(vec![exchange(400)]) });
        assert_judged(Level::Should, expectation, &[(evidence, Verdict::Fail, "harmed")]);
    }
}

#[test]
fn a_limit_below_what_is_wanted_is_a_finding() {
    let sized = |status, bytes| {
        let mut exchange = exchange(status);
        exchange.observation.sent.bytes = bytes;
        exchange
    };
    for (refused, verdict, code) in
        [(100, Verdict::Fail, "limited"), (1000, Verdict::Fail, "limited"), (1001, Verdict::Pass, "limited")]
    {
        let evidence = Evidence::Observed(trial(vec![sized(200, 64), sized(413, refused)]));
        assert_judged(Level::Must, Expectation::Take(1000), &[(evidence, verdict, code)]);
    }
    let all = Evidence::Observed(trial(vec![sized(200, 64), sized(200, 1000)]));
    assert_judged(Level::Must, Expectation::Take(1000), &[(all, Verdict::Pass, "takes-all-sizes")]);
}

#[track_caller]
fn assert_judged(level: Level, expectation: Expectation, table: &[(Evidence, Verdict, &str)]) {
    for (evidence, verdict, code) in table {
        let judgement = judge(&case(level, expectation), evidence);
        assert_eq!((judgement.verdict, judgement.reason.code()), (*verdict, *code), "{evidence:?}");
    }
}

fn case(level: Level, expectation: Expectation) -> Case {
    Case {
        id: "section/name".into(),
        level,
        requirement: "The receiver is a receiver.",
        source: Source::Ours,
        procedure: Procedure::Send(Request::post(Body::None)),
        expectation,
        cost: "",
        remedy: "",
    }
}

fn status(status: u16) -> Evidence {
    Evidence::Observed(trial(vec![exchange(status)]))
}

fn observed(outcome: Outcome) -> Evidence {
    let mut exchange = exchange(200);
    exchange.observation.outcome = outcome;
    Evidence::Observed(trial(vec![exchange]))
}

fn trial(exchanges: Vec<Exchange>) -> Trial {
    Trial { exchanges, afterwards: None }
}

fn exchange(status: u16) -> Exchange {
    let response = Response { status, headers: vec![], body: String::new(), body_bytes: 0, holds_token: false };
    let observation = Observation {
        outcome: Outcome::Answered(response),
        elapsed: Duration::from_millis(3),
        connection: Connection::New,
        sent: Sent::new("", 0),
    };
    Exchange { observation, at: Duration::ZERO, is_honest: true, mark: None, handled: None }
}
