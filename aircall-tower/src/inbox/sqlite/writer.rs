//! The one thread that writes to the file and moves its log into it.
//!
//! Everything that has been asked for by the time it looks goes into one transaction.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::super::Event;
use super::super::store::{Claim, Claimed, Lease, Received, Settlement, StoreError, StoreErrorKind};
use super::clock::Clock;
use super::file::{self, Lock, Synchronous};
use super::fresh::Fresh;
use super::identity::Identity;
use super::leases::Leases;
use super::log::{CALM, Log};
use super::statements::Begun;
use super::{SqliteOptions, Wake, statements};

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the thread is asked to do.
pub(super) enum Command {
    Put(Vec<Event>, Answer<Vec<Received>>),
    Claim(Claim, Answer<Vec<Claimed>>),
    Settle(Vec<(Lease, Settlement)>, Answer<()>),
    Close(oneshot::Sender<()>),
}

/// What has been done for a command, and holds once it is committed.
enum Done {
    /// The numbers of those that were new.
    Put(Vec<Option<i64>>),
    Claim(Vec<Claimed>),
    Settle,
    Nothing,
}

/// How many commands go into one transaction at most.
const COMMANDS: usize = 256;

/// How often it is looked whether there is something to forget, and how much of that is done in one step.
const PRUNE_EVERY: Duration = Duration::from_secs(1);
const PRUNE_STEP: usize = 500;

/// How long a file is left alone that turned out to be damaged or gone, before it is opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    path: PathBuf,
    options: SqliteOptions,
    identity: Identity,
    connection: Result<Connection, StoreError>,
    synchronous: Option<Synchronous>,
    failed_at: Instant,
    clock: Clock,
    leases: Leases,
    fresh: Fresh,
    log: Log,
    prune_at: Instant,
    wake: Arc<Wake>,
    _lock: Lock,
}

impl Writer {
    /// Opens the file and starts the thread. It ends when told to close, or when nobody can tell it anything any more.
    pub(super) fn start(
        path: &Path,
        options: SqliteOptions,
        commands: mpsc::Receiver<Command>,
        wake: Arc<Wake>,
    ) -> Result<(), StoreError> {
        let path = file::make(path)?;
        let lock = Lock::take(&path)?;
        let connection = file::open(&path)?;
        let clock = Clock::new();
        statements::recover(&connection, clock.now()).map_err(|error| file::explain(&path, &error))?;
        let identity = Identity::of(&path)?;
        let now = Instant::now();
        let writer = Self {
            path,
            options,
            identity,
            connection: Ok(connection),
            synchronous: Some(Synchronous::Full),
            failed_at: now,
            clock,
            leases: Leases::default(),
            fresh: Fresh::default(),
            log: Log::new(),
            prune_at: now,
            wake,
            _lock: lock,
        };
        let started = thread::Builder::new().name("aircall-inbox".to_owned()).spawn(move || writer.work(commands));
        started.map(drop).map_err(|error| {
            StoreError::new(
                StoreErrorKind::Unavailable,
                format!("the thread that writes could not be started: {error}"),
            )
        })
    }

    fn work(mut self, mut received: mpsc::Receiver<Command>) {
        let mut closing = Vec::new();
        let mut done = Instant::now();
        while closing.is_empty()
            && let Some(first) = received.blocking_recv()
        {
            let calm = done.elapsed() >= CALM;
            let mut commands = vec![first];
            while commands.len() < COMMANDS
                && let Ok(command) = received.try_recv()
            {
                commands.push(command);
            }
            closing.extend(commands.extract_if(.., |command| matches!(command, Command::Close(_))));
            self.transact(commands);
            self.checkpoint(calm);
            while self.prune() && received.is_empty() {}
            done = Instant::now();
        }
        received.close();
        // The last one to close a file moves its log into it and removes that.
        drop(self);
        for command in closing {
            if let Command::Close(answer) = command {
                let _ = answer.send(());
            }
        }
    }

    /// Does what is asked for in one transaction, and answers once that is committed.
    fn transact(&mut self, commands: Vec<Command>) {
        if commands.is_empty() {
            return;
        }
        let leases = self.leases.clone();
        match self.attempt(&commands) {
            Ok(done) => {
                for (command, done) in commands.into_iter().zip(done) {
                    self.answer(command, done);
                }
            }
            Err(error) => {
                self.leases = leases;
                let (puts, others): (Vec<_>, Vec<_>) =
                    commands.into_iter().partition(|command| matches!(command, Command::Put(..)));
                // Where there is no room for what is new, there may be some for noting what has become of the old.
                let again = error.kind() == StoreErrorKind::Full && !puts.is_empty();
                puts.into_iter().for_each(|command| refuse(command, &error));
                if again {
                    self.transact(others);
                } else {
                    others.into_iter().for_each(|command| refuse(command, &error));
                }
            }
        }
    }

    fn attempt(&mut self, commands: &[Command]) -> Result<Vec<Done>, StoreError> {
        self.reopen()?;
        let waits = commands.iter().any(|command| matches!(command, Command::Put(..)));
        if waits {
            // Nobody would find again what is written to a file that has been moved or removed.
            self.identity.same_files(&self.path).inspect_err(|error| self.failed(error))?;
            self.has_room()?;
        }
        // What a batch without new events says can be found out again after a power cut.
        let result = self.set_synchronous(if waits { Synchronous::Full } else { Synchronous::Normal }).and_then(|()| {
            self.execute("BEGIN IMMEDIATE")?;
            let version = statements::data_version(self.connection()?).map_err(|error| self.explain(&error))?;
            self.fresh.is_of(version);
            let done = commands.iter().map(|command| self.apply(command)).collect::<Result<Vec<_>, _>>()?;
            self.execute("COMMIT")?;
            Ok(done)
        });
        result.inspect_err(|error| self.failed(error))
    }

    fn apply(&mut self, command: &Command) -> Result<Done, StoreError> {
        let now = self.clock.now();
        match command {
            Command::Put(batch, _) => {
                let put = statements::put(self.connection()?, batch, now);
                put.map(Done::Put).map_err(|error| self.explain(&error))
            }
            // Whoever has given up would not get them, and nobody else could before the leases are over.
            Command::Claim(_, answer) if answer.is_closed() => Ok(Done::Nothing),
            Command::Claim(claim, _) => self.claim(*claim, now).map(Done::Claim),
            Command::Settle(batch, _) => {
                let settled = statements::settle(self.connection()?, batch, self.options.keep_bodies, now);
                settled.map_err(|error| self.explain(&error))?;
                batch.iter().for_each(|(lease, _)| self.leases.end(*lease));
                Ok(Done::Settle)
            }
            Command::Close(_) => Ok(Done::Nothing),
        }
    }

    fn claim(&mut self, claim: Claim, now: i64) -> Result<Vec<Claimed>, StoreError> {
        let instant = Instant::now();
        let over = self.leases.over(instant);
        let connection = self.connection()?;
        let asked = (|| {
            if claim.in_order {
                statements::keep_open(connection)?;
            }
            for lease in &over {
                statements::release(connection, *lease, now)?;
            }
            match statements::suspect(connection, claim.in_order, now)? {
                _ if self.leases.suspect_runs(instant) => Ok(Vec::new()),
                Some(_) if self.leases.len() > over.len() => Ok(Vec::new()),
                Some(id) => statements::claim_one(connection, id, now),
                None => statements::claim(connection, claim.max, claim.in_order, now),
            }
        })();
        let begun = asked.map_err(|error| self.explain(&error))?;
        if begun.len() < claim.max {
            let next = statements::next_due(connection, now).map_err(|error| self.explain(&error))?;
            self.wake.set_next_due(
                next.map(|due| tokio::time::Instant::now() + Duration::from_millis((due - now).unsigned_abs())),
            );
        }
        over.into_iter().for_each(|lease| self.leases.end(lease));
        begun.iter().for_each(|begun| self.leases.begin(begun, instant, claim.lease));
        begun.into_iter().map(|begun| self.claimed(begun)).collect()
    }

    fn claimed(&mut self, Begun { lease, attempt, interrupted }: Begun) -> Result<Claimed, StoreError> {
        let event = match self.fresh.take(lease.id) {
            Some(event) => event,
            None => statements::read(self.connection()?, lease.id).map_err(|error| self.explain(&error))?,
        };
        Ok(Claimed { lease, event, attempt, interrupted })
    }

    fn answer(&mut self, command: Command, done: Done) {
        match (command, done) {
            (Command::Put(batch, answer), Done::Put(ids)) => {
                let received = |id: &Option<i64>| if id.is_some() { Received::New } else { Received::Duplicate };
                let _ = answer.send(Ok(ids.iter().map(received).collect()));
                if ids.iter().any(Option::is_some) {
                    self.wake.news.notify_one();
                }
                for (id, event) in ids.into_iter().zip(batch) {
                    if let Some(id) = id
                        && !self.leases.is_held(id)
                    {
                        self.fresh.keep(id, event);
                    }
                }
            }
            (Command::Claim(_, answer), Done::Claim(claimed)) => {
                // Whoever asked may have gone; then its leases run out.
                let _ = answer.send(Ok(claimed));
            }
            (Command::Settle(_, answer), _) => drop(answer.send(Ok(()))),
            _ => {}
        }
    }

    /// Forgets some of what has been done for long enough. Returns true if there is more of it.
    fn prune(&mut self) -> bool {
        let now = Instant::now();
        if now < self.prune_at {
            return false;
        }
        let keep = i64::try_from(self.options.keep_done.as_millis()).unwrap_or(i64::MAX);
        let before = self.clock.now().saturating_sub(keep);
        let pruned = self.set_synchronous(Synchronous::Normal).and_then(|()| {
            statements::prune(self.connection()?, before, PRUNE_STEP).map_err(|error| self.explain(&error))
        });
        if let Err(error) = &pruned {
            self.failed(error);
        }
        let more = pruned.is_ok_and(|pruned| pruned == PRUNE_STEP);
        if !more {
            self.prune_at = now + PRUNE_EVERY;
        }
        more
    }

    /// Moves the log into the file if it is time for that.
    fn checkpoint(&mut self, calm: bool) {
        let begun = Instant::now();
        let moved = self.connection().and_then(|connection| {
            let pages = statements::log(connection).map_err(|error| self.explain(&error))?;
            if !self.log.is_to_be_moved(pages, calm, self.options.free_space) {
                return Ok(None);
            }
            let left = statements::checkpoint(connection).map_err(|error| self.explain(&error))?;
            Ok(Some(pages.saturating_sub(left)))
        });
        match moved {
            Ok(Some(pages)) => self.log.moved(pages, begun.elapsed()),
            Ok(None) => {}
            Err(error) => self.failed(&error),
        }
    }

    /// Refuses what is new where the disk or the file has no room for it.
    fn has_room(&self) -> Result<(), StoreError> {
        // A file system that does not say how much is free is found out to be full when it is.
        let free = fs4::available_space(&self.path).unwrap_or(u64::MAX);
        let full =
            |what: String| Err(StoreError::new(StoreErrorKind::Full, format!("{}: {what}", self.path.display())));
        if free < self.options.free_space {
            return full(format!("{free} bytes of the disk are free, expected at least {}", self.options.free_space));
        }
        let used = statements::used(self.connection()?).map_err(|error| self.explain(&error))?;
        if used >= self.options.capacity {
            return full(format!("{used} bytes are in use, expected less than {}", self.options.capacity));
        }
        Ok(())
    }

    fn set_synchronous(&mut self, level: Synchronous) -> Result<(), StoreError> {
        let level = level.min(self.options.synchronous);
        if self.synchronous != Some(level) {
            file::set_synchronous(self.connection()?, level).map_err(|error| self.explain(&error))?;
            self.synchronous = Some(level);
        }
        Ok(())
    }

    /// Takes note that something failed. A file that is full or held by somebody is still good; any other is not used
    /// again before it has been looked through.
    fn failed(&mut self, error: &StoreError) {
        let Ok(connection) = &self.connection else { return };
        let rolled_back = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        if !(rolled_back && matches!(error.kind(), StoreErrorKind::Full | StoreErrorKind::Unavailable)) {
            self.connection = Err(error.clone());
            self.synchronous = None;
            self.failed_at = Instant::now();
        }
    }

    /// Opens the file anew if it had to be given up, but not all the time.
    fn reopen(&mut self) -> Result<(), StoreError> {
        if let Err(error) = &self.connection {
            if self.failed_at.elapsed() < REOPEN_AFTER {
                return Err(error.clone());
            }
            self.failed_at = Instant::now();
            self.fresh = Fresh::default();
            self.connection = self.identity.same_file(&self.path).and_then(|()| {
                let opened = file::open(&self.path)?;
                file::check(&self.path, &opened)?;
                self.identity = Identity::of(&self.path)?;
                // A commit that failed may be there all the same, and in it claims that nobody was told of.
                statements::regain(&opened, &self.leases.held(), self.clock.now())
                    .map_err(|error| self.explain(&error))?;
                Ok(opened)
            });
            self.synchronous = None;
        }
        Ok(())
    }

    fn execute(&self, statement: &str) -> Result<(), StoreError> {
        let executed = self.connection()?.prepare_cached(statement).and_then(|mut statement| statement.execute(()));
        executed.map(drop).map_err(|error| self.explain(&error))
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().map_err(Clone::clone)
    }

    fn explain(&self, error: &rusqlite::Error) -> StoreError {
        file::explain(&self.path, error)
    }
}

fn refuse(command: Command, error: &StoreError) {
    match command {
        Command::Put(_, answer) => drop(answer.send(Err(error.clone()))),
        Command::Claim(_, answer) => drop(answer.send(Err(error.clone()))),
        Command::Settle(_, answer) => drop(answer.send(Err(error.clone()))),
        Command::Close(answer) => drop(answer.send(())),
    }
}
