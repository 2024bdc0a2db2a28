//! What becomes of events whose handlers are stopped, or panic where nobody expects it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aircall_tower::inbox::{Inbox, Retries, State};

use super::super::road::Place;
use super::{Working, handles, put, quick, states, until_state};
use crate::support::{eventually, status};

#[tokio::test]
async fn at_the_end_handlers_get_their_grace_and_what_outlasts_it_is_due_again() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    put(&inbox, &[r#"{"id":1}"#, r#"{"id":2}"#]).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let service = handles(move |delivery, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        let quick = delivery.raw_data() == r#"{"id":1}"#;
        async move {
            tokio::time::sleep(if quick { Duration::from_millis(100) } else { Duration::from_secs(3600) }).await;
            status(200)
        }
    });
    let working = Working::start(inbox.worker(service).with_grace(Duration::from_millis(500)).with_concurrency(2));
    eventually("both run", || begun.load(Ordering::SeqCst) == 2).await;
    put(&inbox, &[r#"{"id":3}"#]).await;
    let summary = working.stop().await;
    assert_eq!((summary.done, summary.retried, summary.stopped), (1, 1, 1));
    inbox.close().await;
    let store = place.open();
    let found = states(&store).await;
    assert_eq!(found[0], (State::Done, 1, None));
    assert_eq!(found[1], (State::Ready, 1, Some("the worker was stopped".to_owned())));
    assert_eq!(found[2], (State::Ready, 0, None), "nothing is begun after the end");
}

#[tokio::test]
async fn a_grace_without_an_end_is_one() {
    let place = Place::new();
    let inbox = Inbox::new(place.open());
    put(&inbox, &["{}"]).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let worker = inbox.worker(handles(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            status(200)
        }
    }));
    let working = Working::start(worker.with_grace(Duration::MAX));
    eventually("it runs", || begun.load(Ordering::SeqCst) == 1).await;
    assert_eq!(working.stop().await.done, 1);
}

#[tokio::test]
async fn a_last_attempt_that_is_stopped_is_called_what_it_is() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    put(&inbox, &["{}"]).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let service = handles(move |_, run| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            if run.is_last() {
                pending::<()>().await;
            }
            status(500)
        }
    });
    let worker = || inbox.worker(service.clone()).with_retries(quick().with_attempts(2)).with_grace(Duration::ZERO);
    let working = Working::start(worker());
    eventually("the last one runs", || begun.load(Ordering::SeqCst) == 2).await;
    assert_eq!(working.stop().await.stopped, 1);
    let working = Working::start(worker());
    until_state(&store, State::Dead, 1).await;
    working.stop().await;
    assert_eq!(states(&store).await[0].2.as_deref(), Some("2 attempts have been begun, expected at most 2"));
}

#[tokio::test]
async fn a_handler_that_panics_when_it_is_dropped_is_tried_again_after_a_pause() {
    struct Explosive;
    impl Drop for Explosive {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "on purpose, at the end");
        }
    }

    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    put(&inbox, &["{}"]).await;
    let service = handles(|_, run| async move {
        if run.attempt() == 1 {
            let _explosive = Explosive;
            pending::<()>().await;
        }
        status(200)
    });
    let retries = Retries::default().with_pauses(Duration::from_millis(600), Duration::from_millis(600));
    let begun = std::time::Instant::now();
    let working =
        Working::start(inbox.worker(service).with_time_limit(Duration::from_millis(20)).with_retries(retries));
    until_state(&store, State::Done, 1).await;
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    working.stop().await;
    assert_eq!(states(&store).await[0].1, 2);
}

#[tokio::test]
async fn a_service_that_panics_when_it_is_cloned_holds_up_nobody() {
    #[derive(Default)]
    struct Clones(Arc<AtomicUsize>);
    impl Clone for Clones {
        fn clone(&self) -> Self {
            // Two for the worker and its one task, then one for each run: the second event is at its last by the third.
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            assert!(![3, 5].contains(&number), "on purpose, at the second event");
            Self(Arc::clone(&self.0))
        }
    }

    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    put(&inbox, &["1", "2", "3"]).await;
    let clones = Clones::default();
    let service = handles(move |_, _| {
        let _ = &clones;
        std::future::ready(status(200))
    });
    let retries = quick().with_attempts(2);
    let working = Working::start(inbox.worker(service).with_concurrency(1).with_retries(retries));
    until_state(&store, State::Done, 2).await;
    until_state(&store, State::Dead, 1).await;
    let summary = working.stop().await;
    assert_eq!((summary.done, summary.retried, summary.dead, summary.stopped), (2, 1, 1, 0));
    let error = Some("a panic before or after the attempt: on purpose, at the second event".to_owned());
    assert_eq!(states(&store).await[1], (State::Dead, 2, error));
}
