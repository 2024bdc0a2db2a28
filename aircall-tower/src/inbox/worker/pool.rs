//! The tasks that run a service on events, each on one event after the other.
//!
//! They are kept: to make a task for each event costs more than what many a handler does.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::super::store::{Claimed, Lease, Settlement};

/// What each task does with one event after the other.
pub(super) trait Work: Clone + Send + 'static {
    /// Does it, and does not panic: nobody would hear of that event any more.
    fn run(&mut self, claimed: Claimed) -> impl Future<Output = Settlement> + Send;
}

/// As many tasks as have been at work at a time. Dropped, it stops them where they are.
pub(super) struct Pool<W> {
    work: W,
    tasks: JoinSet<()>,
    desks: Vec<Arc<Desk>>,
    /// What is worked on at each desk.
    leases: Vec<Option<Lease>>,
    idle: Vec<usize>,
    /// What has ended, and at which desk.
    ended: mpsc::UnboundedReceiver<(usize, Settlement)>,
    sender: mpsc::UnboundedSender<(usize, Settlement)>,
}

/// Where a task finds its next event.
#[derive(Default)]
struct Desk {
    next: Mutex<Option<Claimed>>,
    filled: Notify,
}

impl Desk {
    fn fill(&self, claimed: Claimed) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(claimed);
        self.filled.notify_one();
    }

    async fn clear(&self) -> Claimed {
        loop {
            self.filled.notified().await;
            if let Some(claimed) = self.next.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return claimed;
            }
        }
    }
}

impl<W: Work> Pool<W> {
    pub(super) fn new(work: W) -> Self {
        let (sender, ended) = mpsc::unbounded_channel();
        Self { work, tasks: JoinSet::new(), desks: Vec::new(), leases: Vec::new(), idle: Vec::new(), ended, sender }
    }

    /// How many events are being worked on, or have ended unnoticed.
    pub(super) fn running(&self) -> usize {
        self.desks.len() - self.idle.len()
    }

    /// Begins to work on an event, in a new task if all are at work.
    pub(super) fn begin(&mut self, claimed: Claimed) {
        let desk = self.idle.pop().unwrap_or_else(|| self.hire());
        self.leases[desk] = Some(claimed.lease);
        self.desks[desk].fill(claimed);
    }

    fn hire(&mut self) -> usize {
        let (mut work, desk, ended) = (self.work.clone(), Arc::<Desk>::default(), self.sender.clone());
        let number = self.desks.len();
        self.desks.push(Arc::clone(&desk));
        self.leases.push(None);
        self.tasks.spawn(async move {
            // Where nobody listens any more the pool is gone, and this task is about to be.
            while ended.send((number, work.run(desk.clear().await).await)).is_ok() {}
        });
        number
    }

    /// What has ended and has not been noticed, if there is any.
    pub(super) fn try_ended(&mut self) -> Option<(Lease, Settlement)> {
        let ended = self.ended.try_recv().ok()?;
        self.noticed(ended)
    }

    /// Waits for that. Never ready if nothing runs.
    pub(super) async fn ended(&mut self) -> Option<(Lease, Settlement)> {
        let ended = self.ended.recv().await?;
        self.noticed(ended)
    }

    fn noticed(&mut self, (desk, settlement): (usize, Settlement)) -> Option<(Lease, Settlement)> {
        self.idle.push(desk);
        Some((self.leases[desk].take()?, settlement))
    }

    /// Stops all tasks. Returns what had ended by then, and the leases of what was stopped.
    pub(super) async fn stop(&mut self) -> (Vec<(Lease, Settlement)>, Vec<Lease>) {
        self.tasks.shutdown().await;
        let mut ended = Vec::new();
        while let Some(one) = self.try_ended() {
            ended.push(one);
        }
        (ended, self.leases.iter_mut().filter_map(Option::take).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::super::super::contract::event;
    use super::*;

    fn claimed(id: i64) -> Claimed {
        Claimed { lease: Lease { id, fence: 1 }, event: event(1), attempt: 1, interrupted: 0 }
    }

    /// Is done at once with events of odd numbers, and never with others.
    #[derive(Clone)]
    struct Odd;

    impl Work for Odd {
        async fn run(&mut self, claimed: Claimed) -> Settlement {
            if claimed.lease.id % 2 == 1 { Settlement::Done } else { pending().await }
        }
    }

    #[tokio::test]
    async fn tasks_are_used_again_and_there_are_no_more_than_work() {
        let mut pool = Pool::new(Odd);
        for id in [1, 3, 5] {
            pool.begin(claimed(id));
            assert_eq!(pool.running(), 1);
            assert_eq!(pool.ended().await, Some((claimed(id).lease, Settlement::Done)));
            assert_eq!(pool.running(), 0);
        }
        assert_eq!(pool.tasks.len(), 1);
        for id in [2, 7, 4] {
            pool.begin(claimed(id));
        }
        assert_eq!(pool.ended().await, Some((claimed(7).lease, Settlement::Done)));
        assert_eq!((pool.tasks.len(), pool.running()), (3, 2));
    }

    #[tokio::test]
    async fn what_was_stopped_and_what_had_ended_unnoticed_are_told_apart() {
        let mut pool = Pool::new(Odd);
        for id in [2, 7, 4] {
            pool.begin(claimed(id));
        }
        tokio::task::yield_now().await;
        let (ended, stopped) = pool.stop().await;
        assert_eq!(ended, [(claimed(7).lease, Settlement::Done)]);
        assert_eq!(stopped, [claimed(2).lease, claimed(4).lease]);
        assert_eq!(pool.try_ended(), None);
    }
}
