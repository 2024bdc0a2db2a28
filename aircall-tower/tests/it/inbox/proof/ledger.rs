//! What the senders were told, and what the handler did: the two sides of every promise.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::support::{TOKEN, body};

/// For how long nothing at all may happen before what is missing is called lost.
const SILENCE: Duration = Duration::from_secs(15);

/// How long it may take until there is work again. A broker takes its time on a busy machine, and is then left alone for up to 5 s at a time.
#[cfg(any(feature = "postgres", feature = "amqp"))]
const RECOVERY: Duration = Duration::from_secs(120);

/// What the senders know.
#[derive(Default)]
pub(super) struct Ledger(Mutex<Sent>);

#[derive(Default)]
struct Sent {
    next: u64,
    /// What was sent and not acknowledged: it is sent again, as Aircall does.
    open: Vec<u64>,
    acknowledged: BTreeSet<u64>,
    statuses: BTreeMap<u16, u64>,
}

impl Ledger {
    /// The next event to be sent: one that is owed, or a new one.
    pub(super) fn next(&self) -> u64 {
        let mut sent = self.0.lock().unwrap();
        sent.open.pop().unwrap_or_else(|| {
            sent.next += 1;
            sent.next
        })
    }

    /// One that has been sent before and never acknowledged.
    pub(super) fn next_owed(&self) -> Option<u64> {
        self.0.lock().unwrap().open.pop()
    }

    /// Takes down what came back, or that nothing did.
    pub(super) fn answered(&self, id: u64, status: Option<u16>) {
        let mut sent = self.0.lock().unwrap();
        *sent.statuses.entry(status.unwrap_or(0)).or_default() += 1;
        match status {
            Some(200..=299) => drop(sent.acknowledged.insert(id)),
            _ => sent.open.push(id),
        }
    }

    pub(super) fn acknowledged(&self) -> BTreeSet<u64> {
        self.0.lock().unwrap().acknowledged.clone()
    }

    /// Waits until so many more have been acknowledged, however slow the machine is.
    pub(super) async fn acknowledges(&self, more: usize) {
        let (enough, end) = (self.count() + more, Instant::now() + SILENCE);
        while self.count() < enough {
            assert!(Instant::now() < end, "{more} events are not acknowledged within {SILENCE:?}");
            sleep(Duration::from_millis(1)).await;
        }
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().acknowledged.len()
    }

    /// How often each status came back; 0 is no answer.
    pub(super) fn statuses(&self) -> BTreeMap<u16, u64> {
        self.0.lock().unwrap().statuses.clone()
    }
}

/// The body of an event: the same to the byte each time it is sent.
pub(super) fn event(id: u64, task: &str) -> String {
    // Some are so large that they do not fit one page, or one frame of the log.
    let size = if id.is_multiple_of(61) { 40_000 } else { 200 + usize::try_from(id % 97).unwrap() };
    body(TOKEN, &format!(r#"{{"id":{id},{task}"note":"{}"}}"#, "n".repeat(size)))
}

/// A run of the handler: which start of the receiver it was in, and which attempt it was told it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Run {
    pub(super) boot: u32,
    pub(super) attempt: u32,
}

/// What the handler wrote down.
pub(super) struct Log {
    path: PathBuf,
    read: u64,
    begun: HashMap<u64, Vec<Run>>,
    failed: HashMap<u64, HashSet<Run>>,
    done: HashMap<u64, Vec<Run>>,
}

impl Log {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), read: 0, begun: HashMap::new(), failed: HashMap::new(), done: HashMap::new() }
    }

    /// Reads what has been written since.
    pub(super) fn read(&mut self) {
        let Ok(mut file) = File::open(&self.path) else { return };
        let mut text = String::new();
        file.seek(SeekFrom::Start(self.read)).unwrap();
        file.read_to_string(&mut text).unwrap();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        for line in text[..whole].lines() {
            let words: Vec<_> = line.split(' ').collect();
            let [id, boot, attempt, what] = words[..] else { panic!("a torn line: {line:?}") };
            let (id, run) =
                (id.parse().unwrap(), Run { boot: boot.parse().unwrap(), attempt: attempt.parse().unwrap() });
            match what {
                "begun" => self.begun.entry(id).or_default().push(run),
                "failed" => drop(self.failed.entry(id).or_default().insert(run)),
                "done" => self.done.entry(id).or_default().push(run),
                _ => panic!("an unknown line: {line:?}"),
            }
        }
    }

    pub(super) fn is_done(&self, id: u64) -> bool {
        self.done.contains_key(&id)
    }

    pub(super) fn begun(&self, id: u64) -> &[Run] {
        self.begun.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Waits until so many more are done than when this was last read.
    #[cfg(any(feature = "postgres", feature = "amqp"))]
    pub(super) async fn handles(&mut self, more: usize) {
        let (enough, end) = (self.done.len() + more, Instant::now() + RECOVERY);
        while self.done.len() < enough {
            assert!(Instant::now() < end, "{more} events are not handled within {RECOVERY:?}");
            sleep(Duration::from_millis(1)).await;
            self.read();
        }
    }

    /// Waits until all of them are done, or nothing happens any more, and returns those that are not.
    pub(super) async fn wait_for(&mut self, ids: &BTreeSet<u64>) -> Vec<u64> {
        let mut changed = Instant::now();
        loop {
            let before = self.read;
            self.read();
            let missing: Vec<_> = ids.iter().copied().filter(|id| !self.is_done(*id)).collect();
            if self.read != before {
                changed = Instant::now();
            }
            if missing.is_empty() || changed.elapsed() > SILENCE {
                return missing;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Counts, and looks for runs that nothing explains.
    pub(super) fn account(&self) -> Account {
        let mut account = Account { handled: self.done.len(), ..Account::default() };
        for (id, done) in &self.done {
            account.twice += usize::from(done.len() > 1);
            let boots: HashSet<_> = done.iter().map(|run| run.boot).collect();
            if boots.len() < done.len() {
                account.unexplained.push(format!("event {id} was done twice by one process: {done:?}"));
            }
        }
        for (id, begun) in &self.begun {
            account.runs += begun.len();
            let mut attempts: Vec<_> = begun.iter().map(|run| run.attempt).collect();
            attempts.sort_unstable();
            attempts.dedup();
            if attempts.len() < begun.len() {
                account.same_attempt.push(format!("event {id} had one attempt more than once: {begun:?}"));
            }
            // Within the life of one process an event is begun again only after it has failed.
            for pair in begun.windows(2) {
                let failed = self.failed.get(id).is_some_and(|failed| failed.contains(&pair[0]));
                if pair[0].boot == pair[1].boot && !failed {
                    account.unexplained.push(format!("event {id} was begun again for no reason: {begun:?}"));
                }
            }
        }
        account
    }
}

/// What became of everything.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) runs: usize,
    pub(super) handled: usize,
    /// Events whose handler came to its end more than once: the process died before that was noted.
    pub(super) twice: usize,
    /// Runs that no retry and no death of a process explains.
    pub(super) unexplained: Vec<String>,
    /// Attempts that were not counted before they began.
    pub(super) same_attempt: Vec<String>,
}
