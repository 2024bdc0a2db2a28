use aircall_conformance::{
    case::{Case, Procedure},
    catalogue::catalogue,
};

/// Says that there is no such thing, and which ones have nearly that name.
pub(crate) fn unknown(kind: &str, found: &str, names: Vec<String>) -> String {
    let near = nearest(found, names);
    let hint = match &near[..] {
        [] => "`aircall-conformance events` lists the events".to_owned(),
        near => format!("did you mean {}?", near.join(", ")),
    };
    format!("there is no {kind} `{found}`; {hint}")
}

pub(crate) fn events() -> Vec<String> {
    aircall_fixtures::events().iter().map(|event| event.name.to_owned()).collect()
}

pub(crate) fn cases() -> Vec<String> {
    catalogue().into_iter().map(|case| case.id.into_owned()).collect()
}

pub(crate) fn events_and_cases() -> Vec<String> {
    let sends = |case: &Case| matches!(case.procedure, Procedure::Send(_)) && case.section() != "payload";
    let cases = catalogue().into_iter().filter(sends).map(|case| case.id.into_owned());
    events().into_iter().chain(cases).collect()
}

/// At most three, the nearest first. A shorter name is a nearer one: who types `call.end` means `call.ended`.
pub(crate) fn nearest(found: &str, names: Vec<String>) -> Vec<String> {
    const ENOUGH: f64 = 0.85;
    const CLOSE: f64 = 0.03;
    let found = found.to_ascii_lowercase();
    let mut near: Vec<_> = names
        .into_iter()
        .map(|name| {
            (strsim::jaro_winkler(&found, &name).max(strsim::normalized_damerau_levenshtein(&found, &name)), name)
        })
        .filter(|(likeness, _)| *likeness >= ENOUGH)
        .collect();
    near.sort_by(|(a, first), (b, second)| b.total_cmp(a).then(first.len().cmp(&second.len())));
    let best = near.first().map_or(0.0, |&(likeness, _)| likeness);
    near.into_iter().take(3).filter(|(likeness, _)| best - likeness < CLOSE).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_mistyped_is_found() {
        for (typed, meant) in [
            ("call.end", "call.ended"),
            ("call.creatd", "call.created"),
            ("Call.Ended", "call.ended"),
            ("calls.ended", "call.ended"),
            ("token/mising", "token/missing"),
        ] {
            assert_eq!(nearest(typed, events_and_cases())[0], meant, "{typed}");
        }
    }

    #[test]
    fn what_is_like_nothing_gets_no_guess() {
        assert_eq!(nearest("xyzzy", events_and_cases()), Vec::<String>::new());
        assert_eq!(
            unknown("event", "xyzzy", events()),
            "there is no event `xyzzy`; `aircall-conformance events` lists the events"
        );
    }
}
