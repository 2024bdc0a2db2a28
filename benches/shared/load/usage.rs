//! What a process has used, as the kernel tells it.

use std::fs;
use std::time::Duration;

/// Returns the CPU time of a process, user and system, over all its threads, to the nanosecond.
///
/// `/proc/PID/stat` has the same sum in hundredths of a second, which is too coarse for turns of a second.
pub(crate) fn cpu(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|line| line.split_ascii_whitespace().next()?.parse().ok())
        .map(Duration::from_nanos)
        .sum()
}

/// Resident memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    /// The most that it ever was.
    pub(crate) peak: u64,
}

/// Returns `None` of a process that is not there any more.
pub(crate) fn memory(pid: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib * 1024)
    };
    Some(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// What a core has done since the machine was started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Core {
    pub(crate) busy: Duration,
    /// What the machine that this one runs on gave to others.
    pub(crate) stolen: Duration,
}

pub(crate) fn core(number: usize) -> Core {
    let name = format!("cpu{number} ");
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().find_map(|line| line.strip_prefix(&*name)).unwrap_or_default();
    // Always hundredths of a second on Linux, whatever the kernel counts in.
    let times: Vec<Duration> =
        line.split_ascii_whitespace().map(|ticks| Duration::from_millis(ticks.parse().unwrap_or(0) * 10)).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let [user, nice, system, _, _, irq, softirq, steal, ..] = times[..] else { return Core::default() };
    Core { busy: user + nice + system + irq + softirq, stolen: steal }
}

/// Returns the CPU time of all processes that this one has started and that have ended, to the hundredth of a second.
pub(crate) fn cpu_of_children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program may have spaces, and ends with the last parenthesis.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_ascii_whitespace();
    fields
        .skip(13)
        .take(2)
        .filter_map(|ticks| ticks.parse().ok())
        .map(|ticks: u64| Duration::from_millis(ticks * 10))
        .sum()
}
