//! One core for the server, the other for whoever loads it, so that neither pays for the other.

/// Where servers run.
pub(crate) const SERVER: usize = 0;

/// Where the load is made.
pub(crate) const CLIENT: usize = 1;

/// Keeps this thread, and the processes and threads that it starts from now on, on one core. Says so if it cannot.
pub(crate) fn pin(core: usize) {
    if let Err(reason) = try_pin(core) {
        eprintln!("NOT PINNED to core {core}: {reason}; the figures are worth less");
    }
}

#[cfg(target_os = "linux")]
fn try_pin(core: usize) -> Result<(), String> {
    let mut set = rustix::thread::CpuSet::new();
    set.set(core);
    rustix::thread::sched_setaffinity(None, &set).map_err(|error| error.to_string())
}

#[cfg(not(target_os = "linux"))]
fn try_pin(_: usize) -> Result<(), String> {
    Err("not on Linux".to_owned())
}

/// Lets the other threads on this core go before this one, a little. Without effect where that cannot be said of one
/// thread.
pub(crate) fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(5);
}
