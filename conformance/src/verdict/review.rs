use super::{Grade, Graded, Oracle, Reason, Review};

/// Grades what the whole run has shown.
pub(super) fn grade(review: &Review) -> Graded {
    let by = Graded::by_answers;
    match review {
        Review::Slowest { elapsed, timeout } if *elapsed * 2 < *timeout => by(Grade::Met, Reason::TimeToSpare),
        Review::Slowest { elapsed, .. } => by(Grade::Broken, Reason::LittleTimeToSpare(*elapsed)),
        Review::Harmed(None) => by(Grade::Met, Reason::Unharmed),
        Review::Harmed(Some(harm)) => by(Grade::Harmful, Reason::HarmedTogether(harm.clone())),
        Review::LockedOut(case, outcome) => by(Grade::Broken, Reason::LockedOut(case.clone(), outcome.clone())),
        Review::Handled { acknowledged, lost } if lost.is_empty() => {
            Graded::by_collector(Grade::Met, Reason::AllHandled(*acknowledged))
        }
        Review::Handled { acknowledged, lost } => {
            Graded::by_collector(Grade::Broken, Reason::Lost { acknowledged: *acknowledged, lost: lost.clone() })
        }
        Review::TokenInResponses(cases) if cases.is_empty() => by(Grade::Met, Reason::TokenNotSeen),
        Review::TokenInResponses(cases) => by(Grade::Broken, Reason::TokenInResponses(cases.clone())),
        Review::TokenInOutput(seen) => {
            let graded = match seen {
                None => by(Grade::Met, Reason::TokenNotSeen),
                Some(line) => by(Grade::Broken, Reason::TokenInOutput(line.clone())),
            };
            Graded { oracle: Oracle::Output, ..graded }
        }
        Review::Https { https: true, .. } => by(Grade::Met, Reason::Https),
        Review::Https { local: true, .. } => by(Grade::Skipped, Reason::NotHttps),
        Review::Https { .. } => by(Grade::Broken, Reason::NotHttps),
        Review::Certificate(None) => by(Grade::Met, Reason::GoodCertificate),
        Review::Certificate(Some(problem)) => by(Grade::Broken, Reason::BadCertificate(problem.clone())),
    }
}
