/// Ends when the user, or whoever runs CI, wants the run to end; then the receiver is stopped as well.
pub(crate) async fn interrupt() {
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        () = ended_by(Ending::Terminate) => {}
        () = ended_by(Ending::HangUp) => {}
        // A program that cannot be told so is ended by the system.
        else => std::future::pending().await,
    }
}

/// Ways to end a program that have no key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Terminate,
    /// The terminal was closed.
    HangUp,
}

#[cfg(unix)]
async fn ended_by(ending: Ending) {
    use tokio::signal::unix::{SignalKind, signal};
    let kind = match ending {
        Ending::Terminate => SignalKind::terminate(),
        // Started by `nohup`, which wants it to outlive the terminal: to listen for the signal would undo that.
        Ending::HangUp if is_ignored(SignalKind::hangup()) => return std::future::pending().await,
        Ending::HangUp => SignalKind::hangup(),
    };
    match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn ended_by(_: Ending) {
    std::future::pending().await
}

/// Tells whether this program was started with the signal ignored. Only Linux says so without unsafe code.
#[cfg(unix)]
fn is_ignored(signal: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal.as_raw_value() - 1) & 1 == 1)
}
