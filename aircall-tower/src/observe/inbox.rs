//! What a worker and its store are seen to do.

use std::time::Duration;

use crate::inbox::{Settlement, StoreError};

/// Takes note of how a run of the service on an event ended.
pub(crate) fn run_ended(event: &str, attempt: u32, settlement: &Settlement, took: Duration) {
    #[cfg(feature = "tracing")]
    {
        const TARGET: &str = super::tracing::TARGET;
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match settlement {
            Settlement::Done => ::tracing::debug!(target: TARGET, event, attempt, took_ms, "the event is done"),
            Settlement::Retry { after, reason } => {
                ::tracing::warn!(target: TARGET, event, attempt, took_ms, ?after, reason, "the event is going to be tried again");
            }
            Settlement::Dead { reason } => {
                ::tracing::error!(target: TARGET, event, attempt, took_ms, reason, "the event is a dead letter");
            }
        }
    }
    #[cfg(feature = "metrics")]
    {
        let result = match settlement {
            Settlement::Done => "done",
            Settlement::Retry { .. } => "retry",
            Settlement::Dead { .. } => "dead",
        };
        // A label whose values are bounded in number, whatever a sender calls its events.
        let label = crate::extension::EventName::from(event).label().to_owned();
        ::metrics::counter!("aircall_inbox_runs_total", "event" => label.clone(), "result" => result).increment(1);
        ::metrics::histogram!("aircall_inbox_run_seconds", "event" => label, "result" => result)
            .record(took.as_secs_f64());
    }
    #[cfg(not(any(feature = "tracing", feature = "metrics")))]
    let _ = (event, attempt, settlement, took);
    #[cfg(not(feature = "tracing"))]
    let _ = attempt;
}

/// Takes note that a store did not do what it was asked for, outside of an attempt to deliver something.
pub(crate) fn store_failed(who: &'static str, error: &StoreError) {
    #[cfg(feature = "tracing")]
    ::tracing::error!(target: super::tracing::TARGET, %error, "the store of the inbox did not do what {who} asked");
    #[cfg(feature = "metrics")]
    ::metrics::counter!("aircall_inbox_store_errors_total").increment(1);
    #[cfg(not(feature = "tracing"))]
    let _ = (who, error);
}
