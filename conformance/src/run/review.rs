use super::Record;
use crate::{
    case::{Expectation, Procedure},
    catalogue::WRONG_TOKEN_CASE,
    observation::Observation,
    verdict::{Evidence, Review, Skip},
};

/// Fills in the evidence of the cases that send nothing of their own, and compares those that tell more together.
pub(super) fn fill_in(record: &mut Record, is_https: Option<bool>) {
    compare_tokens(record);
    for at in 0..record.entries.len() {
        let entry = &record.entries[at];
        if entry.case.procedure != Procedure::Review || entry.evidence == Evidence::Missing(Skip::Interrupted) {
            continue;
        }
        let review = match entry.case.expectation {
            Expectation::TimeToSpare => slowest(record),
            Expectation::Unharmed => harm(record),
            Expectation::NoTokenInResponses => tokens(record),
            Expectation::NoTokenInOutput => Err(Skip::NoOutput),
            Expectation::Https => is_https.map(Review::Https).ok_or(Skip::InProcess),
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
        Evidence::Observed(observation) => observation
            .response()
            .is_some_and(|response| (400..=499).contains(&response.status) && response.status != 429),
        _ => false,
    };
    if !record.entries.iter().any(|entry| entry.case.id == WRONG_TOKEN_CASE && refuses(entry)) {
        return;
    }
    for entry in record.entries.iter_mut().filter(|entry| entry.case.section() == "token") {
        if let (Expectation::Refuse, Evidence::Observed(observation)) = (entry.case.expectation, &entry.evidence) {
            entry.evidence = Evidence::WhileTold(observation.clone());
        }
    }
}

fn slowest(record: &Record) -> Result<Review, Skip> {
    let honest = observations(record).filter(|(expectation, _, _)| *expectation == Expectation::Acknowledge);
    let elapsed = honest.filter(|(_, _, seen)| seen.is_acknowledged()).map(|(_, _, seen)| seen.elapsed).max();
    elapsed.map(|elapsed| Review::Slowest { elapsed, timeout: record.timeout }).ok_or(Skip::NothingToReview)
}

fn harm(record: &Record) -> Result<Review, Skip> {
    if record.probes == 0 {
        return Err(Skip::NothingToReview);
    }
    Ok(Review::Harmed(record.harm.iter().map(|harm| (harm.after.clone(), harm.outcome.clone())).collect()))
}

fn tokens(record: &Record) -> Result<Review, Skip> {
    let responses: Vec<_> =
        observations(record).filter_map(|(_, id, seen)| seen.response().map(|response| (id, response))).collect();
    if responses.is_empty() {
        return Err(Skip::NothingToReview);
    }
    let giving_away = responses.into_iter().filter(|(_, response)| response.holds_token);
    Ok(Review::TokenInResponses(giving_away.map(|(id, _)| id.to_owned()).collect()))
}

fn observations(record: &Record) -> impl Iterator<Item = (Expectation, &str, &Observation)> {
    record.entries.iter().filter_map(|entry| match &entry.evidence {
        Evidence::Observed(observation) | Evidence::WhileTold(observation) | Evidence::WhileRefused(observation) => {
            Some((entry.case.expectation, &*entry.case.id, observation))
        }
        _ => None,
    })
}
