//! Which status answers which outcome.

use http::StatusCode;

use super::OutcomeKind;
use crate::error::{ConfigError, Problem};

/// The rule that turns an outcome into the status its sender is answered.
///
/// | outcome | [`authentic`](Self::authentic) (default) | [`always`](Self::always) |
/// |---|---|---|
/// | `MethodNotAllowed` | 405 | 405 |
/// | `UnsupportedCoding` | 415 | 200 |
/// | `WrongUrlSecret`, `Unauthenticated` | 401 | 200 |
/// | `TooLarge` | 413 | 200 |
/// | `Overloaded` | 429 | 200 |
/// | `ReadTimeout` | 408 | 200 |
/// | `Incomplete`, `Malformed` | 400 | 200 |
/// | `ResolverFailed` | 503 within the failure budget, then 200 | 200 |
/// | `NotStored` | 503 within the failure budget, then 200 | 200 |
/// | `Interrupted` | 408 within the failure budget, then 200 | 200 |
/// | `Stored`, `Duplicate`, `Oversized`, `Unreadable`, `Rejected`, `Failed`, `Panicked`, `Deferred` | 200 | 200 |
/// | `Handled` | the handler's own response | the handler's own response |
///
/// The body of every answer but the last is empty.
///
/// # Failure budget
///
/// A refusal makes Aircall send the event again, which helps when it could not be taken in now; ten refusals switch
/// the webhook off. So outcomes can be refused **within a budget**: at most so many times in a row, then they are
/// acknowledged all the same, and only the hook still knows of them. The default budget is 4: the smallest threshold
/// that the vendor gives is 10 failed requests, and where deliveries overlap, two rows can reach Aircall as one. Other
/// pages of the vendor say 50.
///
/// Rows are counted for each token, since Aircall counts for each webhook, and a 2xx ends a row. Aircall may not see it
/// so: its tutorial does not say whether it counts consecutive failures or all of them. Where tokens could not be looked
/// up, nobody knows whose they are: those refusals make one row of their own, which ends when a lookup finds a tenant.
///
/// ```
/// use aircall_tower::{OutcomeKind, Policy};
/// use http::StatusCode;
///
/// // Let Aircall send again what the handler could not take, three times in a row at most.
/// let policy = Policy::authentic()
///     .with_failure_budget(3)
///     .retry(OutcomeKind::Rejected, StatusCode::SERVICE_UNAVAILABLE)?
///     .retry(OutcomeKind::Failed, StatusCode::SERVICE_UNAVAILABLE)?;
/// # Ok::<(), aircall_tower::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    answers: Vec<Answer>,
    failure_budget: u32,
}

/// How many refusals in a row are dared by default: twice as many stay under ten.
const FAILURE_BUDGET: u32 = 4;

/// What a policy says about one outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Status(StatusCode),
    WithinBudget(StatusCode),
}

impl Policy {
    /// Acknowledges what carries a valid token and refuses everything else with a 4xx.
    #[must_use]
    pub fn authentic() -> Self {
        Self::from_fn(|kind| match kind {
            OutcomeKind::MethodNotAllowed => Answer::Status(StatusCode::METHOD_NOT_ALLOWED),
            OutcomeKind::UnsupportedCoding => Answer::Status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            OutcomeKind::WrongUrlSecret | OutcomeKind::Unauthenticated => Answer::Status(StatusCode::UNAUTHORIZED),
            OutcomeKind::TooLarge => Answer::Status(StatusCode::PAYLOAD_TOO_LARGE),
            OutcomeKind::Overloaded => Answer::Status(StatusCode::TOO_MANY_REQUESTS),
            OutcomeKind::ReadTimeout => Answer::Status(StatusCode::REQUEST_TIMEOUT),
            OutcomeKind::Incomplete | OutcomeKind::Malformed => Answer::Status(StatusCode::BAD_REQUEST),
            OutcomeKind::ResolverFailed | OutcomeKind::NotStored => {
                Answer::WithinBudget(StatusCode::SERVICE_UNAVAILABLE)
            }
            OutcomeKind::Interrupted => Answer::WithinBudget(StatusCode::REQUEST_TIMEOUT),
            _ => Answer::Status(StatusCode::OK),
        })
    }

    /// Acknowledges every `POST`.
    ///
    /// No webhook that points here is ever switched off, also not a stale one whose token nobody knows any more. The
    /// price is that a wrong configuration does not show at Aircall, only in the outcomes.
    #[must_use]
    pub fn always() -> Self {
        Self::from_fn(|kind| match kind {
            OutcomeKind::MethodNotAllowed => Answer::Status(StatusCode::METHOD_NOT_ALLOWED),
            _ => Answer::Status(StatusCode::OK),
        })
    }

    /// Answers an outcome with this status, always.
    ///
    /// # Errors
    ///
    /// Returns an error if the status is a 1xx, or the outcome is one that no policy answers: `Handled` has the
    /// handler's response, and with `HungUp` and `Lost` nobody is there to be answered.
    pub fn with_status(mut self, kind: OutcomeKind, status: StatusCode) -> Result<Self, ConfigError> {
        *self.place(kind, status)? = Answer::Status(status);
        Ok(self)
    }

    /// Answers an outcome with this status so that the event is sent again, within the failure budget, and then with
    /// 200.
    ///
    /// # Errors
    ///
    /// As [`with_status`](Self::with_status), if the status is a 2xx, which Aircall would not answer by sending again,
    /// and if the outcome is a stranger's: such refusals are no failures of the webhook, and have no budget.
    pub fn retry(mut self, kind: OutcomeKind, status: StatusCode) -> Result<Self, ConfigError> {
        if status.is_success() {
            return Err(Problem::RetryWithSuccess(status.as_u16()).into());
        }
        let place = self.place(kind, status)?;
        if !kind.is_authentic() && kind != OutcomeKind::ResolverFailed {
            return Err(Problem::RetryForStranger(kind.as_str()).into());
        }
        *place = Answer::WithinBudget(status);
        Ok(self)
    }

    /// Sets how many refusals in a row the failure budget allows, over all outcomes that are refused within it.
    ///
    /// With 0 they are acknowledged at once.
    #[must_use]
    pub fn with_failure_budget(mut self, refusals: u32) -> Self {
        self.failure_budget = refusals;
        self
    }

    pub(crate) fn answer(&self, kind: OutcomeKind) -> Answer {
        self.answers[kind as usize]
    }

    pub(crate) fn failure_budget(&self) -> u32 {
        self.failure_budget
    }

    fn from_fn(answer: impl Fn(OutcomeKind) -> Answer) -> Self {
        Self { answers: OutcomeKind::ALL.iter().copied().map(answer).collect(), failure_budget: FAILURE_BUDGET }
    }

    fn place(&mut self, kind: OutcomeKind, status: StatusCode) -> Result<&mut Answer, ConfigError> {
        if status.is_informational() {
            return Err(Problem::InformationalStatus(status.as_u16()).into());
        }
        match kind {
            OutcomeKind::Handled | OutcomeKind::HungUp | OutcomeKind::Lost => {
                Err(Problem::Unanswerable(kind.as_str()).into())
            }
            _ => Ok(&mut self.answers[kind as usize]),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::authentic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authentic_policy_acknowledges_the_authentic_and_refuses_strangers() {
        for &kind in OutcomeKind::ALL {
            match Policy::authentic().answer(kind) {
                Answer::Status(status) if kind.is_authentic() => assert!(status.is_success(), "{kind}"),
                Answer::Status(status) => assert!(status.is_client_error(), "{kind}"),
                Answer::WithinBudget(_) => {
                    let again = [OutcomeKind::Interrupted, OutcomeKind::NotStored, OutcomeKind::ResolverFailed];
                    assert!(again.contains(&kind), "{kind}");
                }
            }
        }
    }

    #[test]
    fn the_always_policy_acknowledges_every_post() {
        for &kind in OutcomeKind::ALL {
            let expected = if kind == OutcomeKind::MethodNotAllowed { 405 } else { 200 };
            assert_eq!(
                Policy::always().answer(kind),
                Answer::Status(StatusCode::from_u16(expected).unwrap()),
                "{kind}"
            );
        }
    }

    #[test]
    fn answers_that_could_not_work_are_refused() {
        let error = |result: Result<Policy, ConfigError>| result.unwrap_err().to_string();
        assert_eq!(
            error(Policy::authentic().with_status(OutcomeKind::Failed, StatusCode::CONTINUE)),
            "the answer's status is 100, expected a final one (200 to 599)"
        );
        assert_eq!(
            error(Policy::authentic().with_status(OutcomeKind::Handled, StatusCode::OK)),
            "the outcome `handled` is never answered by a policy, expected another one"
        );
        assert_eq!(
            error(Policy::authentic().retry(OutcomeKind::Failed, StatusCode::OK)),
            "the status for a retry is 200, expected one that is no 2xx: Aircall takes any 2xx for success and does not send again"
        );
        assert_eq!(
            error(Policy::authentic().retry(OutcomeKind::Malformed, StatusCode::SERVICE_UNAVAILABLE)),
            "the outcome `malformed` is a stranger's and has no failure budget, expected one that carried a valid token, or `resolver_failed`"
        );
    }
}
