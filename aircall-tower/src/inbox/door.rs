//! Group commit, above any engine: whatever waits is put in one call.
//!
//! There is no timer. While one batch is being made durable the next one gathers, so a lone event waits for nobody and
//! a crowd shares the cost.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Event;
use super::store::{DynStore, Received, StoreError, StoreErrorKind};
use crate::deadline::Deadline;

/// How long a store is given to make an event durable: a client of a frozen server hangs for ever.
pub(super) const PUT_LIMIT: Duration = Duration::from_secs(3);

/// How many events, and how many bytes of bodies, may wait for one store.
const WAITING: usize = 4096;
const WAITING_BYTES: usize = 64 * 1024 * 1024;

/// How many events, and about how many bytes of bodies, are put in one call at most.
const BATCH: usize = 512;
pub(super) const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// How often those who are about to come get their turn, as long as somebody comes.
const TURNS: usize = 16;

/// The way into one store.
pub(super) struct Door {
    store: Arc<dyn DynStore>,
    usher: Mutex<Option<Usher>>,
    closed: AtomicBool,
    down: AtomicBool,
    waiting_bytes: Arc<AtomicUsize>,
}

/// The task that puts what waits, and the queue in front of it.
struct Usher {
    queue: mpsc::Sender<Waiting>,
    task: JoinHandle<()>,
}

struct Waiting {
    event: Event,
    answer: Answer,
}

type Answered = oneshot::Receiver<Result<Received, StoreError>>;

/// Who waits for an event to be stored, and the room that it takes until then.
struct Answer {
    sender: oneshot::Sender<Result<Received, StoreError>>,
    _room: Room,
}

/// A part of the bytes that may wait, given back when dropped.
struct Room {
    waiting: Arc<AtomicUsize>,
    bytes: usize,
}

impl Room {
    fn take(waiting: &Arc<AtomicUsize>, bytes: usize) -> Option<Self> {
        let more = |held: usize| held.checked_add(bytes).filter(|held| *held <= WAITING_BYTES);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self { waiting: Arc::clone(waiting), bytes })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Door {
    pub(super) fn new(store: Arc<dyn DynStore>) -> Arc<Self> {
        Arc::new(Self {
            store,
            usher: Mutex::default(),
            closed: AtomicBool::new(false),
            down: AtomicBool::new(false),
            waiting_bytes: Arc::default(),
        })
    }

    pub(super) fn store(&self) -> &Arc<dyn DynStore> {
        &self.store
    }

    /// Returns true if the store did not do its work when last asked.
    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    pub(super) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// Stores an event, which joins the queue at once.
    ///
    /// An event that is given up at the deadline may be stored all the same.
    pub(super) fn put(self: &Arc<Self>, event: Event, deadline: Instant) -> Put {
        let deadline = Deadline::new(deadline.min(Instant::now() + PUT_LIMIT));
        Put { door: Arc::clone(self), answered: self.enqueue(event), deadline }
    }

    fn enqueue(&self, event: Event) -> Result<Answered, StoreError> {
        let (sender, answered) = oneshot::channel();
        let room = Room::take(&self.waiting_bytes, event.body.len()).ok_or_else(|| {
            StoreError::new(StoreErrorKind::Busy, format!("{WAITING_BYTES} bytes wait to be stored, which is the most"))
        })?;
        self.queue()?.try_send(Waiting { event, answer: Answer { sender, _room: room } }).map_err(|refused| {
            match refused {
                mpsc::error::TrySendError::Full(_) => StoreError::new(
                    StoreErrorKind::Busy,
                    format!("{WAITING} events wait to be stored, which is the most"),
                ),
                mpsc::error::TrySendError::Closed(_) => closed(),
            }
        })?;
        Ok(answered)
    }

    /// Takes in nothing more, sees through what waits, and closes the store.
    pub(super) async fn close(&self) {
        let usher = {
            let mut usher = self.usher.lock().unwrap_or_else(PoisonError::into_inner);
            self.closed.store(true, Ordering::SeqCst);
            usher.take()
        };
        if let Some(Usher { queue, task }) = usher {
            drop(queue);
            // It ends once everybody who holds a place in the queue has an answer. If it panicked, they have one too.
            let _ = task.await;
        }
        self.store.close().await;
    }

    /// The queue, with somebody who serves it: the first one to come calls for that, in the runtime where there is one.
    fn queue(&self) -> Result<mpsc::Sender<Waiting>, StoreError> {
        let mut usher = self.usher.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closed.load(Ordering::SeqCst) {
            return Err(closed());
        }
        if let Some(usher) = &*usher
            && !usher.queue.is_closed()
        {
            return Ok(usher.queue.clone());
        }
        let (queue, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(serve(Arc::clone(&self.store), waiting));
        *usher = Some(Usher { queue: queue.clone(), task });
        Ok(queue)
    }
}

pin_project! {
    /// Waits for an event to be stored. `Ok` means that it is durable.
    ///
    /// Written out, and the event is not in it: each event that waits has one of these in its box.
    pub(super) struct Put {
        door: Arc<Door>,
        answered: Result<Answered, StoreError>,
        #[pin]
        deadline: Deadline,
    }
}

impl Future for Put {
    type Output = Result<Received, StoreError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answered = match this.answered {
            Ok(answered) => answered,
            Err(refused) => return Poll::Ready(Err(refused.clone())),
        };
        let unavailable = |what| Err(StoreError::new(StoreErrorKind::Unavailable, what));
        let result = match Pin::new(answered).poll(cx) {
            Poll::Ready(Ok(result)) => result,
            Poll::Ready(Err(_)) => unavailable("the store, or the runtime, ended without an answer"),
            Poll::Pending => {
                ready!(this.deadline.poll(cx));
                unavailable("the store gave no answer in time")
            }
        };
        match &result {
            Ok(_) => this.door.set_down(false),
            // One that is busy will have room in a moment; the others are best left alone until they have been seen to work.
            Err(error) => this.door.set_down(error.kind() != StoreErrorKind::Busy),
        }
        Poll::Ready(result)
    }
}

async fn serve(store: Arc<dyn DynStore>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut gathered = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut gathered, BATCH).await > 0 {
        gather(&mut gathered, &mut waiting).await;
        while !gathered.is_empty() {
            let (batch, answers) = batch(&mut gathered);
            if batch.is_empty() {
                continue;
            }
            let result = tokio::time::timeout(PUT_LIMIT, store.put(batch)).await.unwrap_or_else(|_| Err(no_answer()));
            match result {
                Ok(received) => {
                    // An engine that answers for fewer than it was given has not said that the rest is durable: those
                    // answers are dropped, which their owners take for no answer.
                    for (answer, received) in answers.into_iter().zip(received) {
                        let _ = answer.sender.send(Ok(received));
                    }
                }
                Err(error) => answers.into_iter().for_each(|answer| drop(answer.sender.send(Err(error.clone())))),
            }
        }
    }
}

/// Lets everybody come who is on the way: the first of a crowd wakes the usher before the others have had their turn,
/// and would otherwise be put alone while they all wait for the disk twice. Whoever is alone waits for nobody.
async fn gather(gathered: &mut Vec<Waiting>, waiting: &mut mpsc::Receiver<Waiting>) {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
        let before = gathered.len();
        while gathered.len() < BATCH
            && let Ok(more) = waiting.try_recv()
        {
            gathered.push(more);
        }
        if gathered.len() == before {
            break;
        }
    }
}

/// Takes as many as fit one call, without those that nobody waits for any more: their senders have been told no.
fn batch(gathered: &mut Vec<Waiting>) -> (Vec<Event>, Vec<Answer>) {
    let mut bytes = 0;
    let fit = gathered.iter().position(|waiting| {
        let before = bytes;
        bytes += waiting.event.body.len();
        before >= BATCH_BYTES
    });
    gathered
        .drain(..fit.unwrap_or(gathered.len()))
        .filter(|waiting| !waiting.answer.sender.is_closed())
        .map(|waiting| (waiting.event, waiting.answer))
        .unzip()
}

pub(super) fn no_answer() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "the store gave no answer within 3 s")
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "the inbox has been closed")
}
