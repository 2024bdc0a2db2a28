use std::time::Duration;

use super::{Grade, Graded, Reason, Skip};
use crate::{
    case::Expectation,
    delivery::Mark,
    observation::{Dropped, Observation, Outcome},
};

/// What came of a case's own requests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trial {
    /// What came of each, in the order in which they were sent.
    pub exchanges: Vec<Exchange>,
    /// What became of the honest event right after, if it was not acknowledged.
    pub afterwards: Option<Outcome>,
}

/// One request of a case and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// What came back.
    pub observation: Observation,
    /// When it was sent, since the run began.
    pub at: Duration,
    /// Whether it is what an honest sender sends.
    pub is_honest: bool,
    /// How to know its event again.
    pub mark: Option<Mark>,
    /// How often its event was handled, if somebody was there to be told.
    pub handled: Option<usize>,
}

/// Grades what came of a case's own requests. `is_told` says that the receiver's statuses tell what it lets in.
pub(super) fn grade(expectation: Expectation, trial: &Trial, is_told: bool) -> Graded {
    if let Some(outcome) = &trial.afterwards {
        return Graded::by_answers(Grade::Harmful, Reason::Harmed(outcome.clone()));
    }
    let honest = || trial.exchanges.iter().enumerate().filter(|(_, exchange)| exchange.is_honest);
    let worst = |graded: &mut dyn Iterator<Item = Graded>| graded.min_by_key(|graded| graded.grade);
    let nothing = || Graded::by_answers(Grade::Open, Reason::TooOften);
    match expectation {
        Expectation::Acknowledge | Expectation::HandleOnce => {
            let mut graded = honest().map(|(at, exchange)| acknowledged(&exchange.observation).at(at));
            let graded = worst(&mut graded).unwrap_or_else(nothing);
            match graded.grade {
                Grade::Met if expectation == Expectation::HandleOnce => once(trial),
                Grade::Met => graded,
                _ => several(graded, trial),
            }
        }
        Expectation::Take(wanted) => limit(trial, wanted),
        _ => {
            let mut graded =
                trial.exchanges.iter().enumerate().map(|(at, exchange)| hostile(expectation, exchange, is_told).at(at));
            worst(&mut graded).unwrap_or_else(nothing)
        }
    }
}

fn acknowledged(observation: &Observation) -> Graded {
    let (grade, reason) = match &observation.outcome {
        Outcome::Answered(response) => match response.status {
            200..=299 => (Grade::Met, Reason::Acknowledged),
            300..=399 => (Grade::Broken, Reason::Redirected),
            _ => (Grade::Broken, Reason::Refused),
        },
        other => unanswered(other),
    };
    Graded::by_answers(grade, reason)
}

/// Says of how many a failure is one.
fn several(graded: Graded, trial: &Trial) -> Graded {
    let honest = trial.exchanges.iter().filter(|exchange| exchange.is_honest);
    let (failed, all) = honest.fold((0, 0), |(failed, all), exchange| {
        (failed + usize::from(!exchange.observation.is_acknowledged()), all + 1)
    });
    if all < 2 {
        return graded;
    }
    Graded { reason: Reason::Several { failed, all, first: Box::new(graded.reason) }, ..graded }
}

fn once(trial: &Trial) -> Graded {
    match trial.exchanges.iter().filter(|exchange| exchange.is_honest).filter_map(|exchange| exchange.handled).max() {
        None => Graded::by_answers(Grade::Skipped, Reason::Skipped(Skip::NoCollector)),
        Some(1) => Graded::by_collector(Grade::Met, Reason::HandledOnce),
        Some(times) => Graded::by_collector(Grade::Broken, Reason::HandledTimes(times)),
    }
}

fn limit(trial: &Trial, wanted: usize) -> Graded {
    let refused = trial.exchanges.iter().position(|exchange| !exchange.observation.is_acknowledged());
    let taken = |before: &[Exchange]| before.last().map_or(0, |exchange| exchange.observation.sent.bytes);
    let Some(at) = refused else {
        return Graded::by_answers(Grade::Met, Reason::Takes(taken(&trial.exchanges)));
    };
    let bytes = trial.exchanges[at].observation.sent.bytes;
    let grade = if bytes > wanted { Grade::Met } else { Grade::Broken };
    Graded::by_answers(grade, Reason::Limited { taken: taken(&trial.exchanges[..at]), refused: bytes }).at(at)
}

fn hostile(expectation: Expectation, exchange: &Exchange, is_told: bool) -> Graded {
    let refuses = matches!(expectation, Expectation::Refuse | Expectation::RefuseOrHangUp);
    match exchange.handled {
        Some(1..) if refuses => return Graded::by_collector(Grade::Broken, Reason::HandledInstead),
        Some(0) if refuses && exchange.observation.is_acknowledged() => {
            return Graded::by_collector(Grade::Met, Reason::NotHandled);
        }
        _ => {}
    }
    if is_told && expectation == Expectation::Refuse && exchange.observation.is_acknowledged() {
        return Graded::by_answers(Grade::Broken, Reason::LetIn);
    }
    let (grade, reason) = response(expectation, &exchange.observation);
    Graded::by_answers(grade, reason)
}

fn response(expectation: Expectation, observation: &Observation) -> (Grade, Reason) {
    let response = match &observation.outcome {
        _ if expectation == Expectation::LiveOn => return (Grade::Met, Reason::LivedOn),
        Outcome::Answered(response) => response,
        Outcome::Dropped(Dropped::Closed | Dropped::Reset) if expectation == Expectation::RefuseOrHangUp => {
            return (Grade::Met, Reason::HungUp);
        }
        // Nobody is let in, but the end of a connection looks the same as a crash.
        Outcome::Dropped(Dropped::Closed | Dropped::Reset) if expectation == Expectation::Refuse => {
            return (Grade::Weak, Reason::HungUpInstead);
        }
        other => return unanswered(other),
    };
    match (expectation, response.status) {
        (Expectation::Survive, 200..=299) => (Grade::Met, Reason::Survived),
        (Expectation::RefuseMethod, 200..=299) => (Grade::Weak, Reason::MethodAccepted),
        (Expectation::RefuseMethod, 501) => (Grade::Met, Reason::RefusedAsDue),
        (_, 200..=299) => (Grade::Open, Reason::MayBeHandled),

        // Who is sent away for coming too often has not been looked at.
        (_, 429) => (Grade::Open, Reason::TooOften),
        (_, 400..=499) => (Grade::Met, Reason::RefusedAsDue),
        (_, 300..=399) => (Grade::Weak, Reason::RedirectedInstead),
        // Refused, but by an accident: what follows shows whether it did harm.
        (_, _) => (Grade::Weak, Reason::BrokeInstead),
    }
}

fn unanswered(outcome: &Outcome) -> (Grade, Reason) {
    match outcome {
        Outcome::TimedOut(_) => (Grade::Broken, Reason::TimedOut),
        Outcome::Garbled(_) => (Grade::Broken, Reason::Garbled),
        Outcome::Unreachable(_) => (Grade::Broken, Reason::Unreachable),
        _ => (Grade::Broken, Reason::Dropped),
    }
}
