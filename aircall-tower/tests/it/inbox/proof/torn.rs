//! Torn writes: a log that ends anywhere opens cleanly, with everything that was acknowledged by then.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::sqlite::{SqliteOperator, SqliteOptions, SqliteStore};
use aircall_tower::inbox::{Claim, Filter, Inbox, Operate, Received, Settlement, State, Store};
use tokio::time::{Instant, sleep};

/// A page with its head, as it is in the log.
const FRAME: u64 = 24 + 4096;

/// A store as a process leaves it that is killed: the file, the log, and how long that was when each event was acknowledged.
struct Remains {
    directory: tempfile::TempDir,
    file: Vec<u8>,
    log: Vec<u8>,
    acknowledged: Vec<(u32, u64)>,
}

impl Remains {
    async fn new(events: u32) -> Self {
        // Nothing here is about what is on disk, so it need not get there.
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = directory.path().join("killed.sqlite");
        let store = open(&path);
        let mut acknowledged = Vec::new();
        for number in 1..=events {
            assert_eq!(store.put(vec![event(number)]).await.unwrap(), [Received::New]);
            acknowledged.push((number, fs::metadata(beside(&path, "-wal")).unwrap().len()));
            // Between what is acknowledged there is what is not: attempts that begin, and how they end.
            if number % 2 == 0 && number < events {
                let claim = Claim { max: 1, lease: Duration::from_secs(60), in_order: false };
                let claimed = store.claim(claim).await.unwrap();
                store.settle(vec![(claimed[0].lease, Settlement::Done)]).await.unwrap();
            }
        }
        let (file, log) = (fs::read(&path).unwrap(), fs::read(beside(&path, "-wal")).unwrap());
        assert_eq!(acknowledged.last().unwrap().1, log.len() as u64, "the last event is the last record");
        store.close().await;
        Self { directory, file, log, acknowledged }
    }

    /// Puts them where they can be opened, with this log.
    fn lay_out(&self, log: &[u8]) -> PathBuf {
        let path = self.directory.path().join("opened.sqlite");
        fs::write(&path, &self.file).unwrap();
        fs::write(beside(&path, "-wal"), log).unwrap();
        let _ = fs::remove_file(beside(&path, "-shm"));
        path
    }

    /// What had been acknowledged by the time the log was so long.
    fn by(&self, length: u64) -> BTreeSet<String> {
        self.acknowledged.iter().filter(|(_, then)| *then <= length).map(|(number, _)| subject(*number)).collect()
    }

    /// Where the last records begin, in bytes of the log.
    fn last(&self, records: usize) -> u64 {
        self.acknowledged[self.acknowledged.len() - 1 - records].1
    }
}

fn open(path: &Path) -> SqliteStore {
    SqliteOptions::new().with_free_space(0).open(path).unwrap()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    path.with_extension(format!("sqlite{ending}"))
}

/// Whether there is time for every byte.
fn everywhere() -> bool {
    std::env::var_os("AIRCALL_ROUNDS").is_some()
}

fn subject(number: u32) -> String {
    format!("call/{number}")
}

async fn listed(path: &Path, state: Option<State>) -> BTreeSet<String> {
    let filter = Filter { limit: usize::MAX, state, ..Filter::default() };
    let entries = SqliteOperator::new(path).list(filter).await.unwrap();
    entries.into_iter().map(|entry| entry.subject.unwrap()).collect()
}

/// Opens what is left with this log, and returns what is in it.
async fn opened(remains: &Remains, log: &[u8]) -> BTreeSet<String> {
    let path = remains.lay_out(log);
    let store = open(&path);
    let stored = listed(&path, None).await;
    // It takes new events as ever.
    assert_eq!(store.put(vec![event(999)]).await.unwrap(), [Received::New]);
    store.close().await;
    stored
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_ends_anywhere_holds_what_was_acknowledged_by_then() {
    let remains = Remains::new(10).await;
    let (begin, end) = (remains.last(2), remains.log.len() as u64);
    // At every byte, if there is time for it: else where a frame begins, and here and there between.
    let mut cuts = 0;
    for cut in begin..=end {
        let in_frame = (cut - 32) % FRAME;
        if !(everywhere() || in_frame <= 25 || in_frame >= FRAME - 2 || cut % 331 == 0) {
            continue;
        }
        let kept = usize::try_from(cut).unwrap();
        let expected = remains.by(cut);
        assert_eq!(opened(&remains, &remains.log[..kept]).await, expected, "cut at byte {cut} of {end}");
        // The length of a file may be on disk before its content is.
        let mut zeros = remains.log.clone();
        zeros[kept..].fill(0);
        let found = opened(&remains, &zeros).await;
        assert!(expected.is_subset(&found), "zeros from byte {cut} of {end}: {found:?}");
        // And a sector that was being written holds anything.
        let mut garbage = remains.log.clone();
        garbage[kept..].iter_mut().zip(1_u8..=255).for_each(|(byte, noise)| *byte ^= noise);
        let found = opened(&remains, &garbage).await;
        assert!(expected.is_subset(&found), "garbage from byte {cut} of {end}: {found:?}");
        cuts += 1;
    }
    println!("{cuts} cuts in {} bytes of the log, three ways each: 0 lost", end - begin);
    assert!(cuts > 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spill_whose_log_ends_anywhere_hands_over_what_was_acknowledged_by_then() {
    let remains = Remains::new(6).await;
    let (begin, end) = (remains.last(2), remains.log.len() as u64);
    let mut cuts = 0;
    for cut in (begin..=end).step_by(if everywhere() { 101 } else { 1733 }).chain([end]) {
        let spill = remains.lay_out(&remains.log[..usize::try_from(cut).unwrap()]);
        // What is done in a spill has been moved; the rest is owed.
        let owed: BTreeSet<_> = remains.by(cut).difference(&listed(&spill, Some(State::Done)).await).cloned().collect();
        let path = remains.directory.path().join(format!("store-{cuts}.sqlite"));
        let inbox = Inbox::new(open(&path)).with_spill(open(&spill));
        let until = Instant::now() + Duration::from_secs(10);
        while !owed.is_subset(&listed(&path, None).await) {
            assert!(Instant::now() < until, "cut at byte {cut} of {end}: {owed:?} have not all been moved");
            sleep(Duration::from_millis(2)).await;
        }
        inbox.close().await;
        cuts += 1;
    }
    println!("{cuts} cuts in {} bytes of the log of a spill: 0 lost", end - begin);
    assert!(cuts > 10);
}
