use crate::{
    case::Expectation,
    catalogue::PLAIN_EVENT_CASE,
    observation::{Observation, Outcome},
    report::CaseResult,
    verdict::{Judgement, Reason, Verdict},
};

impl CaseResult {
    /// Returns what it costs the user of the receiver: that of the case, unless what was found is something else.
    #[must_use]
    pub fn cost(&self) -> &'static str {
        match self.judgement.reason {
            Reason::Harmed(_) if self.case.is_hostile() && !self.case.wants_acknowledgement() => {
                "Anyone who finds the URL can make the receiver deaf with a single request: the events that come until it \
                 is well again are refused or lost, and enough of them switch the webhook off."
            }
            Reason::BrokeInstead | Reason::HungUpInstead => {
                "Nobody is let in, but an error that nobody foresaw can be caused by anybody: it fills the log, wakes \
                 people, and hides the errors of honest events."
            }
            _ => self.case.cost,
        }
    }

    /// Returns what is to be done. When the plain event is refused, nobody can see further until that is mended, so the
    /// advice goes by what came back.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match (self.observation(), &self.judgement) {
            (Some(observation), Judgement { verdict: Verdict::Fail, .. }) if self.case.id == PLAIN_EVENT_CASE => {
                diagnose(observation).unwrap_or(self.case.remedy)
            }
            (_, Judgement { reason: Reason::Harmed(_), .. })
                if self.case.is_hostile() && !self.case.wants_acknowledgement() =>
            {
                "Look into the receiver's log for what this request did to it. Catch what goes wrong while a request is read, \
                 parsed and checked, answer it with a 4xx, and keep nothing of it: no lock, no half-read connection."
            }
            (_, Judgement { reason: Reason::BrokeInstead | Reason::HungUpInstead, .. })
                if self.case.section() == "token" =>
            {
                "Refuse it on purpose: check that the body is an object and its `token` a string before either is used, and \
                 answer 400 or 401."
            }
            (Some(observation), _) if observation.response().is_some_and(|response| response.status == 429) => {
                "Take the route out of rate limits: Aircall sends as many events as there are, and counts each 429 as a \
                 failure. To see past the limit now, run this again with `--rate`."
            }
            (_, Judgement { reason: Reason::Dropped, .. })
                if self.case.expectation == Expectation::Acknowledge && self.case.section() == "payload" =>
            {
                "Look into the receiver's log: it ended the connection instead of answering. Take every field of `data` as \
                 optional, null or of another type, and let nothing in there decide about the answer."
            }
            _ => self.case.remedy,
        }
    }
}

fn diagnose(observation: &Observation) -> Option<&'static str> {
    let status = match &observation.outcome {
        Outcome::Answered(response) => response.status,
        Outcome::TimedOut(_) => {
            return Some(
                "Store the event and answer; do the work afterwards. If even the empty work takes that long, look what \
                 the receiver waits for.",
            );
        }
        Outcome::Dropped(_) => {
            return Some(
                "Look into the receiver's log: it ended the connection instead of answering an ordinary event.",
            );
        }
        _ => return None,
    };
    Some(match status {
        300..=399 => {
            "Give the URL that the redirect leads to; look at a slash at the end, at `http` instead of `https`, and at a \
             login page in front of the route."
        }
        401 | 403 => {
            "See to it that this run and the receiver have the same token. If they have, look where the receiver looks: \
             Aircall puts the token into the body's field `token`, and sends no signature and no token in any header. \
             Take logins and checks against forged requests (CSRF) off the route."
        }
        404 => "Check the path of the URL: nothing is there that takes the event.",
        405 => "Check the path of the URL, and route it for POST.",
        400 | 422 => {
            "Look into the receiver's log for what it misses: the event has the keys that real ones have, and no others. A \
             check of the time that it bears should allow for twelve hours, for which Aircall sends a failed event again."
        }
        411 | 413 => {
            "Check the limits of the receiver and of the proxy before it: the event is small, and says its length."
        }
        415 => "Take `application/json` for the content type, which Aircall sends without a charset.",
        429 => "Take the route out of rate limits: Aircall does not come again more slowly.",
        500..=599 => "Look into the receiver's log: it broke on an ordinary event.",
        _ => return None,
    })
}
