use super::{Record, session::Seen};
use crate::{
    case::{Expectation, Procedure},
    catalogue::WRONG_TOKEN_CASE,
    verdict::{Evidence, Review, Skip},
};

/// Fills in the evidence of the cases that send nothing of their own, and compares those that tell more together.
pub(super) fn fill_in(record: &mut Record, seen: &Seen) {
    compare_tokens(record);
    for at in 0..record.entries.len() {
        let entry = &record.entries[at];
        if entry.case.procedure != Procedure::Review || entry.evidence == Evidence::Missing(Skip::Interrupted) {
            continue;
        }
        let review = match entry.case.expectation {
            Expectation::TimeToSpare => slowest(record),
            Expectation::Unharmed => harm(record),
            Expectation::Handled => handled(record, seen),
            Expectation::NoTokenInResponses => tokens(record),
            Expectation::NoTokenInOutput => Err(Skip::NoOutput),
            Expectation::Https => match seen.is_https {
                Some(https) => Ok(Review::Https { https, local: seen.is_local }),
                None => Err(Skip::InProcess),
            },
            _ => Err(Skip::NothingToReview),
        };
        record.entries[at].evidence = match review {
            Ok(review) => Evidence::Reviewed(review),
            Err(skip) => Evidence::Missing(skip),
        };
    }
}

/// A 2xx to a token that should be refused tells nothing by itself: some receivers answer so whatever they do. One that
/// answers a plainly wrong token with a 4xx is not of these.
fn compare_tokens(record: &mut Record) {
    let refuses = |entry: &super::Entry| match &entry.evidence {
        Evidence::Observed(trial) => trial
            .exchanges
            .first()
            .and_then(|exchange| exchange.observation.response())
            .is_some_and(|response| (400..=499).contains(&response.status) && response.status != 429),
        _ => false,
    };
    if !record.entries.iter().any(|entry| entry.case.id == WRONG_TOKEN_CASE && refuses(entry)) {
        return;
    }
    for entry in record.entries.iter_mut().filter(|entry| entry.case.section() == "token") {
        if let (Expectation::Refuse, Evidence::Observed(trial)) = (entry.case.expectation, &entry.evidence) {
            entry.evidence = Evidence::WhileTold(trial.clone());
        }
    }
}

fn slowest(record: &Record) -> Result<Review, Skip> {
    let acknowledged = record.honest().into_iter().filter(|(_, exchange)| exchange.observation.is_acknowledged());
    // What is trickled takes its time by itself.
    let at_once = acknowledged.filter(|(case, _)| !case.is_patient());
    let elapsed = at_once.map(|(_, exchange)| exchange.observation.elapsed).max();
    elapsed.map(|elapsed| Review::Slowest { elapsed, timeout: record.timeout }).ok_or(Skip::NothingToReview)
}

fn harm(record: &Record) -> Result<Review, Skip> {
    if record.probes == 0 {
        return Err(Skip::NothingToReview);
    }
    Ok(Review::Harmed(record.harm.clone()))
}

fn handled(record: &Record, seen: &Seen) -> Result<Review, Skip> {
    if !seen.has_collector {
        return Err(Skip::NoCollector);
    }
    let known = record.honest().into_iter().filter(|(_, exchange)| exchange.observation.is_acknowledged());
    let known: Vec<_> = known.filter(|(_, exchange)| exchange.mark.is_some()).collect();
    let never = known.iter().filter(|(_, exchange)| exchange.handled.unwrap_or_default() == 0);
    let lost = never.map(|(case, _)| case.id.to_string()).collect();
    Ok(Review::Handled { acknowledged: known.len(), lost })
}

fn tokens(record: &Record) -> Result<Review, Skip> {
    let trials = record.entries.iter().filter_map(|entry| entry.evidence.trial().map(|trial| (&entry.case.id, trial)));
    let exchanges = trials.flat_map(|(id, trial)| trial.exchanges.iter().map(move |exchange| (id, exchange)));
    let responses: Vec<_> =
        exchanges.filter_map(|(id, exchange)| exchange.observation.response().map(|response| (id, response))).collect();
    if responses.is_empty() {
        return Err(Skip::NothingToReview);
    }
    let mut giving_away: Vec<_> =
        responses.into_iter().filter(|(_, response)| response.holds_token).map(|(id, _)| id.to_string()).collect();
    giving_away.dedup();
    Ok(Review::TokenInResponses(giving_away))
}
