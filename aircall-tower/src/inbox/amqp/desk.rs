//! What has come in and is not handed out yet, what is leased, and which of it may be handed out next.
//!
//! Nothing here waits or asks anybody. The caller writes to the memory what is going to be true before it makes it so.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use lapin::Acker;
use tokio::time::Instant;

use super::super::store::{Claim, Claimed, Lease};
use super::consumer::Arrived;
use super::memory::{Trace, TraceState};
use super::message::{Copy, Key, Message};
use super::topology::shortest_delay;

/// Longer than any lease.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How many keys are known without asking the memory.
const KNOWN: usize = 8192;

#[derive(Debug, Default)]
pub(super) struct Desk {
    session: u64,
    buffer: VecDeque<Waiting>,
    leases: HashMap<i64, Held>,
    known: HashMap<Key, Option<Trace>>,
    /// What was here and not handed out when its connection ended, and how often that has been so.
    innocent: HashMap<Copy, u32>,
    fence: i64,
    /// The memory goes back to before this process: what it does not know has never been handed out.
    pub(super) remembers: bool,
}

/// A message that has not been handed out.
#[derive(Debug)]
struct Waiting {
    arrived: Arrived,
    key: Key,
    /// How many of its redeliveries were due to connections that this process lost.
    explained: u32,
}

/// An event that is handed out.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) key: Key,
    pub(super) trace: Trace,
    lease: Lease,
    until: Instant,
    arrived: Arrived,
}

/// What is to be done with a message.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is a duplicate, or stale.
    Drop,
    /// What becomes of it hangs on what becomes of another.
    Leave,
    /// It is that of a lease whose connection has ended.
    Rejoin,
    /// It can be handed out, and this is what will be true then.
    Hand(Trace),
}

/// What a look at the desk came to.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// To be acknowledged.
    pub(super) dropped: Vec<Acker>,
    /// To be sent on to wait elsewhere.
    pub(super) sent_on: Vec<Arrived>,
    /// To be handed out, once the memory has it, by [`Desk::hand_out`].
    pub(super) chosen: Vec<(usize, Key, Trace)>,
    /// When there may be more.
    pub(super) next_due: Option<Instant>,
}

impl Desk {
    pub(super) fn new(first_fence: i64) -> Self {
        Self { fence: first_fence, ..Self::default() }
    }

    /// Takes in what has arrived. What is left of another connection than this one is going to arrive again.
    pub(super) fn take_in(&mut self, session: u64, arrived: VecDeque<Arrived>) {
        // There may be a later one by now than the caller knew of.
        let session = arrived.iter().map(|arrived| arrived.session).fold(session.max(self.session), u64::max);
        if session != self.session {
            self.session = session;
            let innocent = &mut self.innocent;
            innocent.clear();
            self.buffer.retain(|waiting| {
                if waiting.arrived.session != session {
                    innocent.insert(waiting.arrived.message.copy, waiting.explained + 1);
                }
                waiting.arrived.session == session
            });
        }
        for arrived in arrived {
            let explained = self.innocent.get(&arrived.message.copy).copied().unwrap_or(0);
            if arrived.session == session {
                self.buffer.push_back(Waiting { key: arrived.message.key(), explained, arrived });
            } else {
                self.innocent.insert(arrived.message.copy, explained + 1);
            }
        }
    }

    /// The keys that the memory has to be asked about.
    pub(super) fn unknown(&mut self) -> Vec<Key> {
        if self.known.len() > KNOWN {
            self.known.clear();
        }
        self.buffer.iter().map(|waiting| waiting.key).filter(|key| !self.known.contains_key(key)).collect()
    }

    pub(super) fn learn(&mut self, traces: Vec<(Key, Option<Trace>)>) {
        self.known.extend(traces);
    }

    /// Has the memory asked again about everything.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Which leases are over, and what will be true then.
    pub(super) fn ended(&self, now: Instant, now_ms: i64) -> Vec<(Key, Trace)> {
        let ended = self.leases.values().filter(|held| held.until <= now);
        ended
            .map(|held| (held.key, Trace { state: TraceState::Waiting, interrupted: 0, at_ms: now_ms, ..held.trace }))
            .collect()
    }

    /// Ends leases that are over. Their messages are the first to be handed out again.
    pub(super) fn end(&mut self, ended: &[(Key, Trace)]) {
        for (key, trace) in ended {
            self.known.insert(*key, Some(*trace));
            if let Some(mut held) = self.leases.remove(&key.id()) {
                held.arrived.message.wait = Duration::ZERO;
                if held.arrived.session == self.session {
                    self.buffer.push_front(Waiting { arrived: held.arrived, key: *key, explained: 0 });
                }
            }
        }
    }

    /// Looks through what has arrived, and chooses what is to be handed out.
    pub(super) fn sort(&mut self, claim: Claim, now: Instant, now_ms: i64) -> Sorted {
        let mut sorted = Sorted { next_due: self.leases.values().map(|held| held.until).min(), ..Sorted::default() };
        let mut due = Vec::new();
        let mut chosen_ids = std::collections::HashSet::new();
        for waiting in std::mem::take(&mut self.buffer) {
            match self.judge(&waiting, now_ms) {
                Verdict::Drop => sorted.dropped.push(waiting.arrived.acker),
                Verdict::Leave => self.buffer.push_back(waiting),
                Verdict::Rejoin => {
                    if let Some(held) = self.leases.get_mut(&waiting.key.id()) {
                        held.arrived = waiting.arrived;
                    }
                }
                Verdict::Hand(_) if waiting.arrived.message.wait >= shortest_delay() => {
                    sorted.sent_on.push(waiting.arrived);
                }
                Verdict::Hand(trace) => {
                    let due_at = waiting.arrived.at + waiting.arrived.message.wait;
                    if due_at > now {
                        sorted.next_due = Some(sorted.next_due.map_or(due_at, |next| next.min(due_at)));
                    } else if chosen_ids.insert(waiting.key.id()) {
                        due.push((self.buffer.len(), waiting.key, trace));
                    }
                    self.buffer.push_back(waiting);
                }
            }
        }
        sorted.chosen = self.choose(claim.max, due);
        sorted
    }

    /// One that is suspected is handed out alone, and holds up everything else until it is settled.
    fn choose(&self, max: usize, mut due: Vec<(usize, Key, Trace)>) -> Vec<(usize, Key, Trace)> {
        let suspect = due.iter().filter(|(.., trace)| is_suspect(trace)).min_by_key(|(.., trace)| trace.interrupted);
        match suspect {
            _ if max == 0 || self.leases.values().any(|held| is_suspect(&held.trace)) => Vec::new(),
            Some(_) if !self.leases.is_empty() => Vec::new(),
            Some(suspect) => vec![*suspect],
            None => {
                due.truncate(max);
                due
            }
        }
    }

    /// Hands out what was chosen. The desk must not have changed since.
    pub(super) fn hand_out(&mut self, chosen: &[(usize, Key, Trace)], claim: Claim, now: Instant) -> Vec<Claimed> {
        let until = now.checked_add(claim.lease).unwrap_or(now + FAR);
        let mut claimed = Vec::with_capacity(chosen.len());
        // From behind, so that the places before stay where they are.
        for (place, key, trace) in chosen.iter().rev() {
            let Some(Waiting { arrived, .. }) = self.buffer.remove(*place) else { continue };
            self.fence += 1;
            let lease = Lease { id: key.id(), fence: self.fence };
            self.known.insert(*key, Some(*trace));
            claimed.push(Claimed {
                lease,
                event: arrived.message.event.clone(),
                attempt: trace.attempts,
                interrupted: trace.interrupted,
            });
            self.leases.insert(lease.id, Held { key: *key, trace: *trace, lease, until, arrived });
        }
        claimed.reverse();
        claimed
    }

    /// The lease, unless it has ended.
    pub(super) fn held(&self, lease: Lease) -> Option<&Held> {
        self.leases.get(&lease.id).filter(|held| held.lease == lease)
    }

    /// Ends a lease, and returns what settles its message where that still can be.
    pub(super) fn settle(&mut self, lease: Lease, trace: Trace) -> Option<Acker> {
        self.held(lease)?;
        let held = self.leases.remove(&lease.id)?;
        self.known.insert(held.key, Some(trace));
        (held.arrived.session == self.session).then_some(held.arrived.acker)
    }

    pub(super) fn leases(&self) -> usize {
        self.leases.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.buffer.len()
    }

    fn judge(&self, waiting: &Waiting, now_ms: i64) -> Verdict {
        let message = &waiting.arrived.message;
        if let Some(held) = self.leases.get(&waiting.key.id()) {
            return judge_held(message, waiting.key, held, self.session);
        }
        let known = self.known.get(&waiting.key).copied().flatten();
        judge_free(message, known, self.remembers, waiting.explained, now_ms)
    }
}

impl Held {
    pub(super) fn message(&self) -> &Message {
        &self.arrived.message
    }
}

/// Once may be a deployment.
fn is_suspect(trace: &Trace) -> bool {
    trace.interrupted > 1
}

/// What becomes of a message while an event of its number is handed out.
fn judge_held(message: &Message, key: Key, held: &Held, session: u64) -> Verdict {
    match message.turn.cmp(&held.trace.turn) {
        // Another event whose number is the same by chance.
        _ if key != held.key => Verdict::Leave,
        _ if message.copy != held.trace.copy => Verdict::Drop,
        std::cmp::Ordering::Less => Verdict::Drop,
        // It was published because this lease is being settled. Until that is done, this may be all there is.
        std::cmp::Ordering::Greater => Verdict::Leave,
        // The broker has two of the same, and the other one is in hand.
        std::cmp::Ordering::Equal if held.arrived.session == session => Verdict::Drop,
        std::cmp::Ordering::Equal => Verdict::Rejoin,
    }
}

/// What becomes of a message when nothing of its key is handed out.
fn judge_free(message: &Message, known: Option<Trace>, remembers: bool, explained: u32, now_ms: i64) -> Verdict {
    let hand = |attempts: u32, interrupted| {
        Verdict::Hand(Trace {
            copy: message.copy,
            turn: message.turn,
            attempts: attempts.saturating_add(1),
            interrupted,
            state: TraceState::Running,
            at_ms: now_ms,
        })
    };
    // Whoever brings a dead letter back wants it tried as often as before.
    let before = |attempts: u32| if message.dead { 0 } else { attempts.max(message.attempts) };
    match known {
        None => {
            let interrupted = if remembers { 0 } else { message.redeliveries.saturating_sub(explained) };
            hand(before(0).saturating_add(interrupted), interrupted)
        }
        Some(trace) if trace.copy != message.copy => Verdict::Drop,
        Some(trace) if trace.state == TraceState::Done || message.turn < trace.turn => Verdict::Drop,
        Some(trace) if trace.state == TraceState::Dead => hand(0, 0),
        // It was published, and then the process died before it noted that; or it was brought back.
        Some(trace) if message.turn > trace.turn => hand(before(trace.attempts), 0),
        Some(trace) if trace.state == TraceState::Running => hand(trace.attempts, trace.interrupted.saturating_add(1)),
        Some(trace) => hand(trace.attempts, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::contract;
    use super::*;

    fn trace(message: &Message, turn: u32, state: TraceState) -> Trace {
        Trace { copy: message.copy, turn, attempts: 3, interrupted: 1, state, at_ms: 0 }
    }

    /// The attempt and how often it was interrupted, if it is handed out.
    fn handed(message: &Message, known: Option<Trace>, remembers: bool) -> Option<(u32, u32)> {
        match judge_free(message, known, remembers, 0, 0) {
            Verdict::Hand(trace) => Some((trace.attempts, trace.interrupted)),
            Verdict::Drop => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_memory_knows_decides() {
        let mut message = Message::new(contract::event(1));
        let mut duplicate = Message::new(contract::event(1));
        message.turn = 2;
        duplicate.turn = 2;
        let original = message.clone();
        let known = |turn, state| Some(trace(&original, turn, state));
        for state in [TraceState::Running, TraceState::Waiting, TraceState::Done, TraceState::Dead] {
            assert_eq!(handed(&duplicate, known(2, state), true), None, "a duplicate, {state:?}");
            assert_eq!(handed(&message, known(3, state), true), None, "stale, {state:?}");
        }
        assert_eq!(handed(&message, known(2, TraceState::Running), true), Some((4, 2)), "its process died");
        assert_eq!(handed(&message, known(2, TraceState::Waiting), true), Some((4, 0)), "it is tried again");
        assert_eq!(handed(&message, known(2, TraceState::Done), true), None, "it is done");
        assert_eq!(handed(&message, known(2, TraceState::Dead), true), Some((1, 0)), "somebody brought it back");
        assert_eq!(handed(&message, known(1, TraceState::Running), true), Some((4, 0)), "the note of it is missing");
        message.dead = true;
        assert_eq!(handed(&message, known(1, TraceState::Running), true), Some((1, 0)), "it was brought back");
        assert_eq!(handed(&message, known(2, TraceState::Running), true), Some((4, 2)), "and its process died");
    }

    #[test]
    fn without_a_memory_the_broker_is_believed() {
        let mut message = Message::new(contract::event(1));
        message.attempts = 5;
        message.redeliveries = 2;
        assert_eq!(handed(&message, None, true), Some((6, 0)), "nobody had it in hand");
        assert_eq!(handed(&message, None, false), Some((8, 2)), "somebody may have had it");
        message.dead = true;
        assert_eq!(handed(&message, None, true), Some((1, 0)), "somebody brought it back");
    }
}
