use super::*;
use crate::{
    case::{Body, Procedure, Request, Source},
    observation::{Connection, Dropped, Response, Sent, Stage, Unreachable},
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
    let dead = ("token/null".to_owned(), Outcome::Unreachable(Unreachable::Refused));
    for (review, verdict, code) in [
        (slowest(2499), Verdict::Pass, "time-to-spare"),
        (slowest(2500), Verdict::Fail, "little-time-to-spare"),
        (Review::Harmed(vec![]), Verdict::Pass, "unharmed"),
        (Review::Harmed(vec![dead]), Verdict::Fail, "harmed"),
        (Review::TokenInResponses(vec![]), Verdict::Pass, "token-not-seen"),
        (Review::TokenInResponses(vec!["http/get".into()]), Verdict::Fail, "token-in-responses"),
        (Review::TokenInOutput(None), Verdict::Pass, "token-not-seen"),
        (Review::TokenInOutput(Some("token=[token]".into())), Verdict::Fail, "token-in-output"),
        (Review::Https(true), Verdict::Pass, "https"),
        (Review::Https(false), Verdict::Lenient, "not-https"),
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
    let response = Response { status, headers: vec![], body: String::new(), body_bytes: 0, holds_token: false };
    observed(Outcome::Answered(response))
}

fn observed(outcome: Outcome) -> Evidence {
    let elapsed = Duration::from_millis(3);
    let sent = Sent { what: String::new(), bytes: 0, curl: None };
    Evidence::Observed(Observation { outcome, elapsed, connection: Connection::New, sent })
}
