//! The tasks that run a service on events, each on one event after the other.
//!
//! They are kept: to make a task for each event costs more than what many a handler does.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::super::store::{Claimed, Lease, Settlement};

/// As many tasks as have been at work at a time. Dropped, it stops them where they are.
pub(super) struct Pool {
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

impl Pool {
    pub(super) fn new() -> Self {
        let (sender, ended) = mpsc::unbounded_channel();
        Self { tasks: JoinSet::new(), desks: Vec::new(), leases: Vec::new(), idle: Vec::new(), ended, sender }
    }

    /// How many events are being worked on, or have ended unnoticed.
    pub(super) fn running(&self) -> usize {
        self.desks.len() - self.idle.len()
    }

    /// Begins to work on an event: at a desk that is free, or in a new task, which does with each event what `work` makes.
    /// That is not to panic.
    pub(super) fn begin<F, Fut>(&mut self, claimed: Claimed, work: impl FnOnce() -> F)
    where
        F: FnMut(Claimed) -> Fut + Send + 'static,
        Fut: Future<Output = Settlement> + Send,
    {
        let desk = self.idle.pop().unwrap_or_else(|| self.hire(work()));
        self.leases[desk] = Some(claimed.lease);
        self.desks[desk].fill(claimed);
    }

    fn hire<F, Fut>(&mut self, mut work: F) -> usize
    where
        F: FnMut(Claimed) -> Fut + Send + 'static,
        Fut: Future<Output = Settlement> + Send,
    {
        let (number, desk, ended) = (self.desks.len(), Arc::<Desk>::default(), self.sender.clone());
        self.desks.push(Arc::clone(&desk));
        self.leases.push(None);
        self.tasks.spawn(async move {
            // Where nobody listens any more the pool is gone, and this task is about to be.
            while ended.send((number, work(desk.clear().await).await)).is_ok() {}
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
    fn work() -> impl FnMut(Claimed) -> std::pin::Pin<Box<dyn Future<Output = Settlement> + Send>> + Send {
        |claimed| {
            if claimed.lease.id % 2 == 1 { Box::pin(std::future::ready(Settlement::Done)) } else { Box::pin(pending()) }
        }
    }

    #[tokio::test]
    async fn tasks_are_used_again_and_there_are_no_more_than_work() {
        let mut pool = Pool::new();
        for id in [1, 3, 5] {
            pool.begin(claimed(id), work);
            assert_eq!(pool.running(), 1);
            assert_eq!(pool.ended().await, Some((claimed(id).lease, Settlement::Done)));
            assert_eq!(pool.running(), 0);
        }
        assert_eq!(pool.tasks.len(), 1);
        for id in [2, 7, 4] {
            pool.begin(claimed(id), work);
        }
        assert_eq!(pool.ended().await, Some((claimed(7).lease, Settlement::Done)));
        assert_eq!((pool.tasks.len(), pool.running()), (3, 2));
    }

    #[tokio::test]
    async fn what_was_stopped_and_what_had_ended_unnoticed_are_told_apart() {
        let mut pool = Pool::new();
        for id in [2, 7, 4] {
            pool.begin(claimed(id), work);
        }
        tokio::task::yield_now().await;
        let (ended, stopped) = pool.stop().await;
        assert_eq!(ended, [(claimed(7).lease, Settlement::Done)]);
        assert_eq!(stopped, [claimed(2).lease, claimed(4).lease]);
        assert_eq!(pool.try_ended(), None);
    }
}
