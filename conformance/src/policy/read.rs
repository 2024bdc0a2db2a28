use std::time::Duration;

use aircall_fixtures::{Profile, find_schedule, schedules};

use super::{
    Backoff, FailureCount, FailureUnit, InvalidPolicy, NewEvents, Policy, Replay,
    parameter::{Found, MANY, Parameters},
};

/// What stands about a policy beside its parameters.
struct Head {
    name: String,
    as_of: String,
    basis: String,
    assumptions: Vec<String>,
}

pub(super) fn profile(profile: &Profile) -> Result<Policy, InvalidPolicy> {
    let head = Head {
        name: profile.name.to_owned(),
        as_of: profile.as_of.to_owned(),
        basis: profile.basis.to_owned(),
        assumptions: profile.assumptions().map(str::to_owned).collect(),
    };
    policy(head, Parameters::of(profile))
}

pub(super) fn file(text: &str) -> Result<Policy, InvalidPolicy> {
    let mut table: toml::Table = text.parse().map_err(|error| InvalidPolicy::not_toml(&error))?;
    let mut line = |name: &'static str, expected: Option<&str>| match (table.remove(name), expected) {
        (Some(toml::Value::String(text)), _) => Ok(text),
        (Some(other), _) => Err(InvalidPolicy::wrong(name, &Found::Other(other.to_string()), "a text")),
        (None, Some(expected)) => Err(InvalidPolicy::missing(name, expected)),
        (None, None) => Ok(String::new()),
    };
    let name = line("name", Some("a name for the policy, which reports show"))?;
    let (as_of, basis) = (line("as_of", None)?, line("basis", None)?);
    let assumptions = assumptions(table.remove("assumptions"))?;
    let parameters = match table.remove("parameters") {
        Some(toml::Value::Table(parameters)) => Parameters::parse(parameters)?,
        Some(other) => {
            return Err(InvalidPolicy::wrong("parameters", &Found::Other(other.to_string()), "a table of parameters"));
        }
        None => return Err(InvalidPolicy::missing("parameters", "a table of parameters")),
    };
    if let Some(key) = table.keys().next() {
        return Err(InvalidPolicy::unknown("key", key, &["name", "as_of", "basis", "assumptions", "parameters"]));
    }
    policy(Head { name, as_of, basis, assumptions }, parameters)
}

fn assumptions(value: Option<toml::Value>) -> Result<Vec<String>, InvalidPolicy> {
    let Some(value) = value else { return Ok(vec![]) };
    let names = value.as_array().and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
    names.ok_or_else(|| {
        InvalidPolicy::wrong("assumptions", &Found::Other(value.to_string()), "a list of names of parameters")
    })
}

fn policy(head: Head, mut from: Parameters) -> Result<Policy, InvalidPolicy> {
    // First of all, so that one which is mistyped is not reported as missing.
    if let Some(name) = from.names().find(|name| !KNOWN.contains(name)) {
        return Err(InvalidPolicy::unknown("parameter", name, KNOWN));
    }
    let max_retries = max_retries(&mut from)?;
    let failure_count = from.word(
        "failure_count",
        &[("total", FailureCount::Total), ("consecutive", FailureCount::Consecutive)],
        Some(FailureCount::Total),
    )?;
    let reset_on_success = from.flag("reset_on_success", failure_count == FailureCount::Consecutive)?;
    if failure_count == FailureCount::Consecutive && !reset_on_success {
        let expected = "true, since `failure_count` is `consecutive`";
        return Err(InvalidPolicy::wrong("reset_on_success", &Found::Flag(false), expected));
    }
    let (min, max) = (
        from.integer("success_status_min", 100..=599, Some(200))?,
        from.integer("success_status_max", 100..=599, Some(299))?,
    );
    if min > max {
        let expected = format!("at least `success_status_min`, which is {min}");
        return Err(InvalidPolicy::wrong("success_status_max", &Found::Integer(max), expected));
    }
    let policy = Policy {
        name: head.name,
        as_of: head.as_of,
        basis: head.basis,
        assumptions: head.assumptions,
        success: min as u16..=max as u16,
        attempt_timeout: Duration::from_millis(from.integer("attempt_timeout_ms", 1..=MANY, Some(5000))?),
        max_retries,
        backoff: backoff(&mut from, max_retries)?,
        failure_unit: from.word(
            "failure_unit",
            &[("attempt", FailureUnit::Attempt), ("exhausted-event", FailureUnit::ExhaustedEvent)],
            Some(FailureUnit::Attempt),
        )?,
        failure_count,
        disable_after: from.integer("disable_after", 1..=MANY, None)? as u32,
        reset_on_success,
        failure_window: failure_window(&mut from)?,
        retry_while_disabled: Duration::from_secs(from.integer("retry_while_disabled_s", 0..=MANY, Some(0))?),
        disabled_retries_count_to_max: from.flag("disabled_retries_count_to_max", true)?,
        reenable_on_success: from.flag("reenable_on_success", false)?,
        count_after_reenable: from.integer("count_after_reenable", 0..=MANY, Some(0))? as u32,
        replay_after_reenable: from.word(
            "replay_after_reenable",
            &[("none", Replay::None), ("pending-retries", Replay::PendingRetries)],
            Some(Replay::None),
        )?,
        new_events_while_disabled: from.word(
            "new_events_while_disabled",
            &[("dropped", NewEvents::Dropped), ("queued", NewEvents::Queued), ("sent", NewEvents::Sent)],
            Some(NewEvents::Dropped),
        )?,
        max_in_flight: from.integer("max_in_flight", 1..=256, Some(1))? as usize,
        is_unordered: from.word("order", &[("as-generated", false), ("unordered", true)], Some(false))?,
        may_duplicate: from.word("duplicates", &[("none", false), ("at-least-once", true)], Some(false))?,
    };
    if policy.count_after_reenable >= policy.disable_after {
        let found = Found::Integer(policy.count_after_reenable.into());
        let expected = format!("less than `disable_after`, which is {}", policy.disable_after);
        return Err(InvalidPolicy::wrong("count_after_reenable", &found, expected));
    }
    fixed(&mut from)?;
    Ok(policy)
}

/// Two parameters say the same, and of the two the smaller one binds.
fn max_retries(from: &mut Parameters) -> Result<u32, InvalidPolicy> {
    let attempts = from.integer("max_attempts_per_event", 1..=MANY, Some(MANY))?;
    let retries =
        from.integer("max_retries_per_event", 0..=MANY, Some(if attempts < MANY { attempts - 1 } else { 0 }))?;
    Ok(retries.min(attempts - 1) as u32)
}

fn backoff(from: &mut Parameters, max_retries: u32) -> Result<Backoff, InvalidPolicy> {
    let names: Vec<_> = schedules().iter().map(|schedule| format!("`{}`", schedule.name)).collect();
    let expected = format!("{}, or a list of seconds above 0", names.join(" or "));
    let seconds = |delays: &[u64]| delays.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
    let backoff = match from.take("backoff") {
        Some(Found::Text(name)) => match find_schedule(&name) {
            Some(schedule) => Backoff::new(name, seconds(schedule.delays_s)),
            None => return Err(InvalidPolicy::wrong("backoff", &Found::Text(name), expected)),
        },
        Some(Found::List(delays)) if !delays.is_empty() && delays.iter().all(|delay| (1..=MANY).contains(delay)) => {
            Backoff::new("its own", seconds(&delays))
        }
        Some(found) => return Err(InvalidPolicy::wrong("backoff", &found, expected)),
        None if max_retries == 0 => Backoff::new("none", []),
        None => return Err(InvalidPolicy::missing("backoff", format!("{expected}, since there are retries"))),
    };
    match from.take("jitter") {
        Some(Found::Integer(percent @ 0..=100)) => Ok(backoff.with_jitter(percent as u8)),
        Some(Found::Text(none)) if none == "none" => Ok(backoff),
        None => Ok(backoff),
        Some(found) => Err(InvalidPolicy::wrong("jitter", &found, "`none`, or a share in percent from 0 to 100")),
    }
}

fn failure_window(from: &mut Parameters) -> Result<Option<Duration>, InvalidPolicy> {
    match from.take("failure_window_s") {
        Some(Found::Integer(seconds @ 1..=MANY)) => Ok(Some(Duration::from_secs(seconds))),
        Some(Found::Text(none)) if none == "none" => Ok(None),
        None => Ok(None),
        Some(found) => Err(InvalidPolicy::wrong("failure_window_s", &found, "`none`, or a number of seconds above 0")),
    }
}

/// Takes those that say how every sender known behaves: written down in profiles so that nobody has to guess, and not to
/// be played otherwise.
fn fixed(from: &mut Parameters) -> Result<(), InvalidPolicy> {
    from.word("counter_scope", &[("webhook", ())], Some(()))?;
    from.word("reenable_manual", &[("dashboard-or-put", ())], Some(()))?;
    from.word("retry_body", &[("identical-bytes", ())], Some(()))?;
    from.word("timeout_covers", &[("whole-response", ())], Some(()))?;
    match from.flag("follow_redirects", false)? {
        false => Ok(()),
        true => Err(InvalidPolicy::wrong("follow_redirects", &Found::Flag(true), "false, since none is followed here")),
    }
}

/// Every parameter there is, for hints.
const KNOWN: &[&str] = &[
    "attempt_timeout_ms",
    "backoff",
    "count_after_reenable",
    "counter_scope",
    "disable_after",
    "disabled_retries_count_to_max",
    "duplicates",
    "failure_count",
    "failure_unit",
    "failure_window_s",
    "follow_redirects",
    "jitter",
    "max_attempts_per_event",
    "max_in_flight",
    "max_retries_per_event",
    "new_events_while_disabled",
    "order",
    "reenable_manual",
    "reenable_on_success",
    "replay_after_reenable",
    "reset_on_success",
    "retry_body",
    "retry_while_disabled_s",
    "success_status_max",
    "success_status_min",
    "timeout_covers",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_read_and_its_file_says_the_same() {
        for profile in aircall_fixtures::profiles() {
            let policy = Policy::of(profile).unwrap();
            assert_eq!(Policy::parse(profile.toml).unwrap(), policy, "{}", profile.name);
            assert!(profile.parameters.iter().all(|parameter| KNOWN.contains(&parameter.name)));
        }
        assert_eq!(Policy::all().len(), 5);
        assert_eq!(
            ["strict-1", "tutorial-10", "tutorial-10-consecutive", "exhaust-50"]
                .map(|name| Policy::named(name).unwrap().rule()),
            [
                "the first failure",
                "10 failures in all",
                "10 failures in a row",
                "the first event that fails after all its retries"
            ]
        );
    }

    #[test]
    fn of_two_limits_the_smaller_one_binds() {
        let retries = |lines: &str| {
            let text = format!("name = 'mine'\n[parameters]\ndisable_after = 3\nbackoff = [5]\n{lines}");
            Policy::parse(&text).unwrap().max_retries
        };
        assert_eq!(retries("max_attempts_per_event = 50\nmax_retries_per_event = 50"), 49);
        assert_eq!(retries("max_attempts_per_event = 50"), 49);
        assert_eq!(retries("max_retries_per_event = 50"), 50);
        assert_eq!(retries(""), 0);
    }
}
