//! The second store: what the first does not take goes there, and comes back.

use std::time::Duration;

use aircall_tower::OutcomeKind::{NotStored, Stored};
use aircall_tower::inbox::sqlite::SqliteOptions;
use aircall_tower::inbox::{Filter, Inbox, Operate, State};
use tokio::time::Instant;

use super::road::{Place, numbered};
use super::scripted::{Mood, Scripted};
use crate::support::{Calls, TOKEN, body, eventually, layer, post};

#[tokio::test]
async fn the_spill_takes_what_the_store_does_not_and_gives_it_back_later() {
    let place = Place::new();
    let (main, spill) = (Scripted::new(Mood::Failing), place.open());
    let inbox = Inbox::new(main.clone()).with_spill(spill.clone());
    let layer = layer().inbox(&inbox);
    let calls = Calls::default();
    for number in 0..20 {
        main.set(if number < 10 { Mood::Failing } else { Mood::Mute });
        let answer = post(&layer, &calls, numbered(number)).await;
        assert_eq!((answer.status, answer.kind), (200, Stored));
    }
    assert!(main.keys().is_empty() && inbox.is_down());
    let counts = async || spill.operator().counts().await.unwrap();
    // Meanwhile they are offered to the store, which is no reason to let go of them.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(counts().await.done, 0);
    main.set(Mood::Well);
    eventually("all are in the store", || main.keys().len() == 20).await;
    for _ in 0..100 {
        if counts().await.done == 20 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((counts().await.done, inbox.is_down()), (20, false));
    // Back to the straight way.
    assert_eq!(post(&layer, &calls, numbered(99)).await.kind, Stored);
    assert_eq!((main.keys().len(), counts().await.done), (21, 20));
    inbox.close().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_frozen_store_where_there_is_a_spill() {
    let inbox = Inbox::new(Scripted::new(Mood::Frozen)).with_spill(Scripted::new(Mood::Well));
    let layer = layer().inbox(&inbox);
    let calls = Calls::default();
    for (number, seconds) in [(1, 1), (2, 0), (3, 0)] {
        let begun = Instant::now();
        assert_eq!(post(&layer, &calls, numbered(number)).await.kind, Stored);
        assert_eq!(begun.elapsed().as_secs(), seconds);
    }
    inbox.close().await;
}

#[tokio::test]
async fn what_an_earlier_process_left_in_the_spill_is_not_forgotten() {
    let place = Place::new();
    {
        let inbox = Inbox::new(Scripted::new(Mood::Failing)).with_spill(place.open());
        assert_eq!(post(&layer().inbox(&inbox), &Calls::default(), numbered(1)).await.kind, Stored);
        inbox.close().await;
    }
    let main = Scripted::new(Mood::Well);
    let inbox = Inbox::new(main.clone()).with_spill(place.open());
    eventually("it is in the store", || main.keys().len() == 1).await;
    inbox.close().await;
}

#[tokio::test]
async fn a_spill_that_is_broken_does_not_keep_events_from_a_store_that_works_again() {
    let (main, spill) = (Scripted::new(Mood::Failing), Scripted::new(Mood::Failing));
    let inbox = Inbox::new(main.clone()).with_spill(spill);
    let layer = layer().inbox(&inbox);
    let calls = Calls::default();
    assert_eq!(post(&layer, &calls, numbered(1)).await.kind, NotStored);
    main.set(Mood::Well);
    assert_eq!(post(&layer, &calls, numbered(2)).await.kind, Stored);
    assert_eq!((main.keys().len(), inbox.is_down()), (1, false));
    inbox.close().await;
}

#[tokio::test]
async fn what_is_large_is_moved_out_of_the_spill_in_pieces() {
    let place = Place::new();
    let main = Scripted::new(Mood::Failing);
    let inbox = Inbox::new(main.clone()).with_spill(place.open());
    let layer = layer().inbox(&inbox);
    let calls = Calls::default();
    for number in 0..24 {
        let large = body(TOKEN, &format!(r#"{{"id":{number},"text":"{}"}}"#, "x".repeat(1_000_000)));
        assert_eq!(post(&layer, &calls, large).await.kind, Stored);
    }
    main.set(Mood::Well);
    eventually("all are in the store", || main.keys().len() == 24).await;
    assert!(main.batches().iter().all(|events| *events <= 9), "{:?}", main.batches());
    inbox.close().await;
}

#[tokio::test]
async fn an_inbox_that_is_dropped_lets_go_of_its_stores() {
    let (place, other) = (Place::new(), Place::new());
    let inbox = Inbox::new(place.open()).with_spill(other.open());
    assert_eq!(post(&layer().inbox(&inbox), &Calls::default(), numbered(1)).await.kind, Stored);
    drop(inbox);
    tokio::time::sleep(Duration::from_millis(100)).await;
    for place in [place, other] {
        SqliteOptions::new().open(place.path()).unwrap();
    }
}

#[tokio::test]
async fn nobody_moves_anything_once_the_inbox_was_closed() {
    let spill = Scripted::new(Mood::Well);
    let inbox = Inbox::new(Scripted::new(Mood::Well)).with_spill(spill.clone());
    eventually("somebody looks into the spill", || spill.claims() == 1).await;
    inbox.close().await;
    let answer = post(&layer().inbox(&inbox), &Calls::default(), numbered(1)).await;
    assert_eq!((answer.status, answer.kind), (503, NotStored));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(spill.claims(), 1);
}

#[tokio::test]
async fn an_event_that_the_store_never_takes_lets_the_others_go_ahead() {
    let (place, calls) = (Place::new(), Calls::default());
    let spill = place.open();
    let filling = layer().inbox(&Inbox::new(spill.clone()));
    for number in 0..20 {
        assert_eq!(post(&filling, &calls, numbered(number)).await.kind, Stored);
    }
    // All are there when they begin to be moved.
    let main = Scripted::new(Mood::Without(0));
    let inbox = Inbox::new(main.clone()).with_spill(spill.clone());
    eventually("all others are in the store", || main.keys().len() == 19).await;
    let ready = Filter { state: Some(State::Ready), ..Filter::default() };
    let left = spill.operator().list(ready).await.unwrap();
    let [left] = &left[..] else { panic!("{left:?}") };
    assert_eq!(left.subject.as_deref(), Some("call/0"));
    assert!(
        left.last_error.as_deref().is_some_and(|why| why.contains("not for me") || why.contains("down")),
        "{left:?}"
    );
    inbox.close().await;
}

#[tokio::test(start_paused = true)]
async fn however_little_time_is_left_the_spill_gets_some_of_it() {
    let inbox = Inbox::new(Scripted::new(Mood::Frozen)).with_spill(Scripted::new(Mood::Well));
    let layer = layer().with_deadline(Duration::from_millis(500)).inbox(&inbox);
    let calls = Calls::default();
    for number in 0..3 {
        assert_eq!(post(&layer, &calls, numbered(number)).await.kind, Stored);
    }
    // And the store, where the spill hangs.
    let (main, spill) = (Scripted::new(Mood::Failing), Scripted::new(Mood::Frozen));
    let inbox = Inbox::new(main.clone()).with_spill(spill);
    let layer = layer.clone().inbox(&inbox);
    assert_eq!(post(&layer, &calls, numbered(1)).await.kind, NotStored);
    main.set(Mood::Well);
    assert_eq!(post(&layer, &calls, numbered(2)).await.kind, Stored);
}
