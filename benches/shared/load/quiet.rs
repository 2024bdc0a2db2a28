//! Whether anybody else was at work while something was measured, and waiting until nobody is.

use std::time::{Duration, Instant};

use super::cores;
use super::usage;

/// The beginning of a turn: what the two cores, and the two processes that belong there, have used up to then.
#[derive(Debug)]
pub(crate) struct Watch {
    server: u32,
    begun: Instant,
    cores: [usage::Core; 2],
    processes: [Duration; 2],
}

/// What one turn has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) time: Duration,
    /// CPU time of the server.
    pub(crate) server: Duration,
    /// CPU time of whoever loads it.
    pub(crate) client: Duration,
    /// The part of the time of either core, whichever is more, that went to anybody else or was stolen.
    pub(crate) others: f64,
}

impl Watch {
    pub(crate) fn begin(server: u32) -> Self {
        Self { server, begun: Instant::now(), cores: used_cores(), processes: processes(server) }
    }

    pub(crate) fn end(&self) -> Used {
        let (cores, [server, client]) = (used_cores(), processes(self.server));
        let time = self.begun.elapsed();
        let [server, client] = [server.saturating_sub(self.processes[0]), client.saturating_sub(self.processes[1])];
        let others = [server, client].into_iter().enumerate().map(|(core, ours)| {
            let busy = cores[core].busy.saturating_sub(self.cores[core].busy).saturating_sub(ours);
            let stolen = cores[core].stolen.saturating_sub(self.cores[core].stolen);
            (busy + stolen).as_secs_f64() / time.as_secs_f64()
        });
        Used { time, server, client, others: others.fold(0.0, f64::max) }
    }
}

impl Used {
    /// The kernel counts in hundredths of a second, by sampling, so a little means nothing.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.others > MOST
    }
}

/// Waits, at most so long, until nobody works on either core.
pub(crate) fn wait(at_most: Duration) {
    const SAMPLE: Duration = Duration::from_millis(300);
    let begun = Instant::now();
    while begun.elapsed() < at_most {
        let before = used_cores();
        std::thread::sleep(SAMPLE);
        let after = used_cores();
        let busy = |core: usize| (after[core].busy.saturating_sub(before[core].busy)).as_secs_f64();
        if busy(0).max(busy(1)) / SAMPLE.as_secs_f64() <= MOST {
            return;
        }
    }
}

/// How much of a core may go to others.
const MOST: f64 = 0.06;

fn used_cores() -> [usage::Core; 2] {
    [cores::SERVER, cores::CLIENT].map(usage::core)
}

fn processes(server: u32) -> [Duration; 2] {
    [server, std::process::id()].map(usage::cpu)
}
