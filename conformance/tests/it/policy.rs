//! Aircall's side: what each reading of its rules does to receivers that fail in various ways, on a clock that jumps.

use std::time::{Duration, Instant};

use aircall_conformance::policy::{
    Attempt, By, Entry, Generated, Happening, Loss, Policy, Reply, Sent, Simulation, Subscription, forecast,
};

const PROFILES: [&str; 5] = ["exhaust-50", "reference-50", "strict-1", "tutorial-10", "tutorial-10-consecutive"];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn stream(events: u64) -> impl Iterator<Item = Generated> {
    (0..events).map(|second| Generated::new(seconds(second), "call.created"))
}

fn named(profile: &str) -> Subscription {
    Subscription::new(Policy::named(profile).unwrap())
}

fn played(webhook: Subscription, events: u64, receiver: impl FnMut(&Attempt) -> Reply) -> Subscription {
    let mut simulation = Simulation::new(stream(events));
    simulation.subscribe(webhook, receiver);
    let webhook = simulation.run().remove(0);
    assert_every_event_has_one_end(&webhook);
    webhook
}

/// An event that was not acknowledged was given up or dropped, once, and no other was.
fn assert_every_event_has_one_end(webhook: &Subscription) {
    let mut ends: Vec<_> = webhook
        .timeline()
        .iter()
        .filter_map(|entry| match entry.what {
            Happening::GivenUp { event, .. } | Happening::Dropped { event } => Some(event),
            _ => None,
        })
        .collect();
    ends.sort_unstable();
    assert_eq!(ends, webhook.never_acknowledged());
    assert_eq!((webhook.is_idle(), webhook.waiting()), (true, 0));
}

/// What became of it: the attempt that switched it off, the seconds of switching off and on, the attempts and the losses.
fn story(webhook: &Subscription) -> (Option<usize>, Option<u64>, Option<u64>, usize, usize) {
    let find = |wanted: fn(&Happening) -> bool| webhook.timeline().iter().find(|entry| wanted(&entry.what));
    let off = find(|what| matches!(what, Happening::SwitchedOff { .. }));
    let on = find(|what| matches!(what, Happening::SwitchedOn(By::Success { .. })));
    let straw = off.map(|entry| match entry.what {
        Happening::SwitchedOff { attempts, .. } => attempts,
        _ => unreachable!(),
    });
    let at = |entry: Option<&Entry>| entry.map(|entry| entry.at.as_secs());
    (straw, at(off), at(on), webhook.attempts(), webhook.never_acknowledged().len())
}

type Receiver = Box<dyn FnMut(&Attempt) -> Reply>;

fn stories(events: u64, receiver: fn() -> Receiver) -> Vec<String> {
    let line = |profile| {
        let (straw, off, on, attempts, lost) = story(&played(named(profile), events, receiver()));
        let or = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        let straw = or(straw.map(|straw| straw as u64));
        format!("{profile}: off at attempt {straw}, {} s; on {} s; {attempts} attempts, {lost} lost", or(off), or(on))
    };
    PROFILES.map(line).to_vec()
}

#[test]
fn a_receiver_that_always_fails() {
    let stories = stories(200, || Box::new(|_| Reply::status(500)));
    insta::assert_snapshot!(stories.join("\n"), @r"
    exhaust-50: off at attempt 10001, 39075 s; on - s; 19601 attempts, 200 lost
    reference-50: off at attempt 50, 23 s; on - s; 1224 attempts, 200 lost
    strict-1: off at attempt 1, 0 s; on - s; 1 attempts, 200 lost
    tutorial-10: off at attempt 10, 9 s; on - s; 10 attempts, 200 lost
    tutorial-10-consecutive: off at attempt 10, 9 s; on - s; 10 attempts, 200 lost
    ");
}

#[test]
fn a_receiver_that_fails_every_third_time() {
    let stories = stories(200, || {
        let mut calls = 0;
        Box::new(move |_| {
            calls += 1;
            Reply::status(if calls % 3 == 0 { 500 } else { 200 })
        })
    });
    insta::assert_snapshot!(stories.join("\n"), @r"
    exhaust-50: off at attempt -, - s; on - s; 299 attempts, 0 lost
    reference-50: off at attempt -, - s; on - s; 299 attempts, 0 lost
    strict-1: off at attempt 3, 2 s; on - s; 3 attempts, 198 lost
    tutorial-10: off at attempt 30, 29 s; on - s; 30 attempts, 180 lost
    tutorial-10-consecutive: off at attempt -, - s; on - s; 200 attempts, 66 lost
    ");
}

/// Nine are one short of ten: a counter that succeeds in between is set back, one that adds up is not.
#[test]
fn a_receiver_that_fails_in_bursts_of_nine() {
    let stories = stories(200, || {
        let mut calls = 0;
        Box::new(move |_| {
            calls += 1;
            Reply::status(if calls % 10 == 0 { 200 } else { 500 })
        })
    });
    insta::assert_snapshot!(stories.join("\n"), @r"
    exhaust-50: off at attempt 1995, 39225 s; on 43725 s; 2000 attempts, 0 lost
    reference-50: off at attempt -, - s; on - s; 1995 attempts, 1 lost
    strict-1: off at attempt 1, 0 s; on - s; 1 attempts, 200 lost
    tutorial-10: off at attempt 11, 10 s; on - s; 11 attempts, 199 lost
    tutorial-10-consecutive: off at attempt -, - s; on - s; 200 attempts, 180 lost
    ");
}

#[test]
fn a_receiver_that_fails_after_ten() {
    let stories = stories(200, || {
        let mut calls = 0;
        Box::new(move |_| {
            calls += 1;
            Reply::status(if calls > 10 { 503 } else { 204 })
        })
    });
    insta::assert_snapshot!(stories.join("\n"), @r"
    exhaust-50: off at attempt 9511, 39085 s; on - s; 18631 attempts, 190 lost
    reference-50: off at attempt 60, 33 s; on - s; 1234 attempts, 190 lost
    strict-1: off at attempt 11, 10 s; on - s; 11 attempts, 190 lost
    tutorial-10: off at attempt 20, 19 s; on - s; 20 attempts, 190 lost
    tutorial-10-consecutive: off at attempt 20, 19 s; on - s; 20 attempts, 190 lost
    ");
}

/// What is acknowledged after the sender has gone is a failure; within the time it is not.
#[test]
fn a_receiver_that_is_too_slow_by_a_second() {
    let slow = stories(200, || Box::new(|_| Reply::status(200).after(seconds(6))));
    insta::assert_snapshot!(slow.join("\n"), @r"
    exhaust-50: off at attempt 10001, 39565 s; on - s; 19600 attempts, 200 lost
    reference-50: off at attempt 50, 39 s; on - s; 1581 attempts, 200 lost
    strict-1: off at attempt 1, 5 s; on - s; 1 attempts, 200 lost
    tutorial-10: off at attempt 10, 50 s; on - s; 10 attempts, 200 lost
    tutorial-10-consecutive: off at attempt 10, 50 s; on - s; 10 attempts, 200 lost
    ");
    for profile in PROFILES {
        let webhook = played(named(profile), 200, |_| Reply::status(200).after(seconds(5)));
        assert_eq!((webhook.switched_off_at(), webhook.delivered()), (None, 200), "{profile}");
    }
}

#[test]
fn a_receiver_that_recovers_after_an_hour() {
    let stories = stories(200, || {
        Box::new(|attempt| Reply::status(if attempt.at < Duration::from_secs(3600) { 502 } else { 200 }))
    });
    insta::assert_snapshot!(stories.join("\n"), @r"
    exhaust-50: off at attempt -, - s; on - s; 2400 attempts, 0 lost
    reference-50: off at attempt 50, 23 s; on 3975 s; 288 attempts, 176 lost
    strict-1: off at attempt 1, 0 s; on - s; 1 attempts, 200 lost
    tutorial-10: off at attempt 10, 9 s; on - s; 10 attempts, 200 lost
    tutorial-10-consecutive: off at attempt 10, 9 s; on - s; 10 attempts, 200 lost
    ");
}

#[test]
fn a_receiver_that_is_well_is_left_on() {
    for profile in PROFILES {
        let webhook = played(named(profile), 200, |_| Reply::status(299));
        assert_eq!(story(&webhook), (None, None, None, 200, 0), "{profile}");
    }
}

#[test]
fn the_retries_of_one_event_come_when_the_schedule_says() {
    let mut times = vec![];
    let webhook = played(named("exhaust-50"), 1, |attempt| {
        times.push((attempt.at.as_secs(), attempt.while_off));
        Reply::status(500)
    });
    assert_eq!(
        times[..10].iter().map(|&(at, _)| at).collect::<Vec<_>>(),
        [0, 5, 15, 35, 75, 155, 315, 635, 1275, 2175]
    );
    // 50 delays, then off; then twelve hours more, a quarter of an hour apart.
    assert_eq!(times[50], (39_075, false));
    assert_eq!(webhook.switched_off_at(), Some(seconds(39_075)));
    assert_eq!(times[51], (39_975, true));
    assert_eq!(*times.last().unwrap(), (39_075 + 12 * 3600, true));
    let last = webhook.timeline().last().unwrap();
    assert_eq!(last.what, Happening::GivenUp { event: 0, why: Loss::OffTooLong });
}

#[test]
fn under_one_budget_the_retries_end_with_it() {
    let webhook = played(named("reference-50"), 1, |_| Reply::status(500));
    assert_eq!(webhook.attempts(), 51);
    let last = webhook.timeline().last().unwrap();
    assert_eq!((last.at, last.what), (seconds(39_075), Happening::GivenUp { event: 0, why: Loss::Exhausted }));
}

#[test]
fn a_day_of_traffic_and_half_a_day_of_retries_take_no_time() {
    let start = Instant::now();
    let mut simulation = Simulation::new((0..1440).map(|minute| Generated::new(seconds(60 * minute), "call.created")));
    simulation.subscribe(named("reference-50").with_seed(7), |_| Reply::status(500));
    let webhook = simulation.run().remove(0);
    assert!(webhook.timeline().last().unwrap().at > seconds(23 * 3600));
    assert!(start.elapsed() < seconds(2), "{:?}", start.elapsed());
}

#[test]
fn a_seed_is_a_run() {
    let run = |seed| {
        let policy = Policy::named("reference-50").unwrap();
        let mut calls = 0;
        let webhook = played(Subscription::new(policy).with_seed(seed), 300, |_| {
            calls += 1;
            Reply::status(if calls % 4 == 0 { 500 } else { 200 }).after(Duration::from_millis(300))
        });
        format!("{:#?}", webhook.timeline())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert!(run(1).contains("is_duplicate: true"), "at least once: some events come again");
}

#[test]
fn without_a_seed_nothing_is_left_to_chance() {
    let mut order = vec![];
    played(named("reference-50"), 50, |attempt| {
        order.push(attempt.event);
        Reply::status(200)
    });
    assert_eq!(order, (0..50).collect::<Vec<_>>());
    let mut order = vec![];
    played(named("reference-50").with_seed(3), 50, |attempt| {
        order.push(attempt.event);
        Reply::status(200)
    });
    assert!(order.windows(2).any(|pair| pair[0] > pair[1]), "unordered: {order:?}");
}

#[test]
fn webhooks_on_one_stream_fare_on_their_own() {
    let events = (0..40)
        .map(|second| Generated::new(seconds(second), if second % 2 == 0 { "call.created" } else { "user.opened" }));
    let mut simulation = Simulation::new(events);
    simulation.subscribe(named("tutorial-10"), |_| Reply::status(500));
    simulation.subscribe(named("strict-1").with_events(["user.opened"]), |_| Reply::status(200));
    let played = simulation.run();
    assert_eq!(story(&played[0]).0, Some(10));
    assert_eq!((story(&played[1]).0, played[1].attempts()), (None, 20));
}

#[test]
fn by_hand_it_goes_on_where_it_stands() {
    let mut simulation = Simulation::new(stream(30));
    simulation.subscribe(named("strict-1"), |attempt| Reply::status(if attempt.event == 3 { 500 } else { 200 }));
    simulation.switch_on_by_hand(seconds(10));
    let webhook = simulation.run().remove(0);
    // Event 10 is generated in the same second, after the switch.
    assert_eq!(webhook.never_acknowledged(), [3, 4, 5, 6, 7, 8, 9]);
    assert!(webhook.is_active());
}

#[test]
fn no_more_are_under_way_than_the_policy_allows() {
    for (profile, most) in [("reference-50", 8), ("tutorial-10", 1)] {
        let mut ends: Vec<Duration> = vec![];
        let webhook = played(named(profile), 60, |attempt| {
            ends.retain(|&end| end > attempt.at);
            ends.push(attempt.at + seconds(4));
            assert!(ends.len() <= most, "{profile}: {}", ends.len());
            Reply::status(200).after(seconds(4))
        });
        assert_eq!(webhook.delivered(), 60, "{profile}");
    }
}

fn mine(lines: &str) -> Policy {
    Policy::parse(&format!("name = 'mine'\n[parameters]\n{lines}")).unwrap()
}

#[test]
fn a_window_forgets_and_what_came_while_off_can_wait() {
    let fails = |_: &Attempt| Reply::status(500);
    let webhook = played(Subscription::new(mine("disable_after = 3\nfailure_window_s = 1")), 20, fails);
    assert_eq!(webhook.switched_off_at(), None);
    let webhook = played(Subscription::new(mine("disable_after = 3\nfailure_window_s = 2")), 20, fails);
    assert_eq!(webhook.switched_off_at(), Some(seconds(2)));

    let lines = "disable_after = 2\nmax_retries_per_event = 5\nbackoff = [10]\nretry_while_disabled_s = 100\n\
                 reenable_on_success = true\nreplay_after_reenable = 'pending-retries'\n";
    for (policy, lost) in [("dropped", 9), ("queued", 0), ("sent", 0)] {
        let policy = mine(&format!("{lines}new_events_while_disabled = '{policy}'"));
        let name = format!("{:?}", policy.new_events_while_disabled);
        let webhook = played(Subscription::new(policy), 20, |attempt| {
            Reply::status(if attempt.number == 1 && attempt.event < 2 || attempt.while_off && attempt.event >= 2 {
                500
            } else {
                200
            })
        });
        assert_eq!(webhook.never_acknowledged().len(), lost, "{name}");
        assert!(webhook.is_active(), "{name}");
    }
}

#[test]
fn coming_back_has_its_own_rules() {
    let lines = "disable_after = 3\nmax_retries_per_event = 5\nbackoff = [10]\nretry_while_disabled_s = 100\n\
                 reenable_on_success = true\n";
    // Events 0 to 2 switch it off; the first retry switches it on, and the events from 20 on fail again.
    let play = |more: &str| {
        let mut simulation = Simulation::new([0, 1, 2, 20, 21, 22].map(|at| Generated::new(seconds(at), "call.ended")));
        simulation.subscribe(Subscription::new(mine(&format!("{lines}{more}"))), |attempt| {
            Reply::status(if attempt.number == 1 { 500 } else { 200 })
        });
        simulation.run().remove(0)
    };
    let offs = |webhook: &Subscription| {
        let off = |entry: &&Entry| matches!(entry.what, Happening::SwitchedOff { .. });
        webhook.timeline().iter().filter(off).map(|entry| entry.at.as_secs()).collect::<Vec<_>>()
    };
    let webhook = play("replay_after_reenable = 'pending-retries'");
    assert_eq!((offs(&webhook), webhook.never_acknowledged()), (vec![2, 22], vec![]));
    // What waited is given up; the one that switched it on is not.
    let webhook = play("replay_after_reenable = 'none'");
    assert_eq!((offs(&webhook), webhook.never_acknowledged()), (vec![2, 22], vec![1, 2, 4, 5]));
    // Two failures are counted from the beginning, so the next one is enough.
    let webhook = play("replay_after_reenable = 'none'\ncount_after_reenable = 2");
    assert_eq!(offs(&webhook), [2, 20]);
}

#[test]
fn retries_in_a_phase_of_their_own_use_up_nothing() {
    let lines = "disable_after = 1\nfailure_unit = 'exhausted-event'\nmax_retries_per_event = 2\nbackoff = [10]\n\
                 retry_while_disabled_s = 1000\nreenable_on_success = true\nreplay_after_reenable = 'pending-retries'\n";
    // The first event has failed three times by 20 s and succeeds at 40 s; the second goes on failing.
    let offs = |counts: bool| {
        let mut simulation = Simulation::new([0, 19].map(|at| Generated::new(seconds(at), "call.ended")));
        let policy = mine(&format!("{lines}disabled_retries_count_to_max = {counts}"));
        simulation.subscribe(Subscription::new(policy), |attempt| {
            Reply::status(if attempt.event == 0 && attempt.at >= seconds(40) { 200 } else { 500 })
        });
        let webhook = simulation.run().remove(0);
        let off = |entry: &&Entry| matches!(entry.what, Happening::SwitchedOff { .. });
        webhook.timeline().iter().filter(off).map(|entry| entry.at.as_secs()).collect::<Vec<_>>()
    };
    assert_eq!(offs(false), [20, 59]);
    // In one budget the first event has no retry left that could succeed.
    assert_eq!(offs(true), [20]);
}

#[test]
fn what_a_run_means_under_each_profile() {
    let sent: Vec<_> = (0..120u64)
        .map(|number| Sent {
            case: format!("payload/{number}"),
            acknowledged: !(40..52).contains(&number),
            at: seconds(number),
            elapsed: Duration::from_millis(20),
        })
        .collect();
    let lines: Vec<_> = forecast(&sent)
        .into_iter()
        .map(|each| {
            let off = each.switched_off.as_ref();
            let off = off.map(|off| {
                format!(
                    "{} at {} s, attempt {}, back {:?}, after run {}",
                    off.case,
                    off.at.as_secs(),
                    off.attempts,
                    off.back_at,
                    off.is_after_run
                )
            });
            format!(
                "{} of {}: {}; {} readings, {} lost",
                each.profile,
                each.limit,
                off.unwrap_or_default(),
                each.meter.len(),
                each.lost.len()
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    exhaust-50 of 1: payload/40 at 39115 s, attempt 709, back None, after run true; 1285 readings, 12 lost
    reference-50 of 50: payload/45 at 1320 s, attempt 210, back None, after run true; 720 readings, 12 lost
    strict-1 of 1: payload/40 at 40 s, attempt 41, back None, after run false; 41 readings, 80 lost
    tutorial-10-consecutive of 10: payload/49 at 49 s, attempt 50, back None, after run false; 50 readings, 80 lost
    tutorial-10 of 10: payload/49 at 49 s, attempt 50, back None, after run false; 50 readings, 80 lost
    ");
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let texts: Vec<_> = [
        "name = ",
        "[parameters]\ndisable_after = 3",
        "name = 'mine'",
        "name = 'mine'\nparameters = 3",
        "name = 'mine'\nbase = 'x'\n[parameters]\ndisable_after = 3",
        "name = 'mine'\n[parameters]",
        "name = 'mine'\n[parameters]\ndisable_afer = 3",
        "name = 'mine'\n[parameters]\nxyzzy = 3\ndisable_after = 3",
        "name = 'mine'\n[parameters]\ndisable_after = 0",
        "name = 'mine'\n[parameters]\ndisable_after = -1",
        "name = 'mine'\n[parameters]\ndisable_after = 'ten'",
        "name = 'mine'\n[parameters]\ndisable_after = { standing = 'assumed' }",
        "name = 'mine'\n[parameters]\ndisable_after = { value = 3, nota = 'x' }",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nfailure_unit = 'attempts'",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nfailure_count = 'consecutive'\nreset_on_success = false",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nmax_retries_per_event = 2",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nbackoff = 'fast'",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nbackoff = [5, 0]",
        "name = 'mine'\n[parameters]\ndisable_after = 3\njitter = 101",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nfailure_window_s = 0",
        "name = 'mine'\n[parameters]\ndisable_after = 3\ncount_after_reenable = 3",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nfollow_redirects = true",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nsuccess_status_min = 300",
        "name = 'mine'\n[parameters]\ndisable_after = 3\nreenable_on_success = 1",
    ]
    .map(|text| format!("{text}\n=> {}", Policy::parse(text).unwrap_err()))
    .into();
    insta::assert_snapshot!("policy_errors", texts.join("\n\n"));
    assert_eq!(
        Policy::named("reference-5").unwrap_err().to_string(),
        "there is no profile `reference-5`, expected one of exhaust-50, reference-50, strict-1, tutorial-10-consecutive, \
         tutorial-10"
    );
}
