//! What the store says of each event: from memory, after a hand has been at its row, and where many are changed in one go.

use std::time::Duration;

use aircall_tower::inbox::contract::event;
use aircall_tower::inbox::sqlite::SqliteOptions;
use aircall_tower::inbox::{Claim, Claimed, Filter, Lease, Operate, Settlement, State, Store};
use rusqlite::Connection;

use super::super::road::Place;
use super::{CLAIM, claim, done};

#[tokio::test]
async fn more_than_is_kept_in_memory_comes_out_whole_and_in_its_order() {
    let place = Place::new();
    let store = place.open();
    let events: Vec<_> = (1..=20)
        .map(|number| {
            let mut event = event(number);
            event.body = format!(r#"{{"data":"{}"}}"#, number.to_string().repeat(1024 * 512));
            event
        })
        .collect();
    for event in &events {
        store.put(vec![event.clone()]).await.unwrap();
    }
    let claimed: Vec<_> = claim(&store).await.into_iter().map(|claimed| claimed.event).collect();
    assert!(claimed == events, "{} events, or others than were put", claimed.len());
}

#[tokio::test]
async fn what_a_hand_has_done_to_a_new_event_counts() {
    let place = Place::new();
    let store = place.open();
    let operator = store.operator();
    store.put(vec![event(1), event(2), event(3)]).await.unwrap();
    let waits = operator.list(Filter::default()).await.unwrap();
    let id = |number: usize| waits.iter().map(|entry| entry.id).rev().nth(number - 1).unwrap();
    operator.discard(vec![id(1)]).await.unwrap();
    Connection::open(place.path()).unwrap().execute("DELETE FROM event_states WHERE id = ?", [id(2)]).unwrap();
    let keys = |claimed: &[Claimed]| claimed.iter().map(|claimed| claimed.event.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&claim(&store).await), [event(3).key]);
    operator.replay(vec![id(1)]).await.unwrap();
    store.put(vec![event(2)]).await.unwrap();
    let claimed = claim(&store).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.event.clone()).collect::<Vec<_>>(), [event(1), event(2)]);
}

#[tokio::test]
async fn what_a_hand_has_written_into_the_table_counts() {
    let place = Place::new();
    let store = place.open();
    let hand = Connection::open(place.path()).unwrap();
    store.put(vec![event(1), event(2)]).await.unwrap();
    hand.execute_batch(
        "UPDATE event_requests SET body = 'another' WHERE id = 1; UPDATE event_states SET tenant = 'theirs' WHERE id = 1;
         DELETE FROM event_requests WHERE id = 2",
    )
    .unwrap();
    let claimed = claim(&store).await;
    let seen = |claimed: &Claimed| (claimed.event.body.clone(), claimed.event.tenant.clone());
    assert_eq!(
        claimed.iter().map(seen).collect::<Vec<_>>(),
        [("another".to_owned(), Some("theirs".to_owned())), (String::new(), None)]
    );

    // Not even the numbers need be the same.
    store.put(vec![event(3), event(4), event(5)]).await.unwrap();
    hand.execute_batch("DELETE FROM event_states; DELETE FROM sqlite_sequence").unwrap();
    store.put(vec![event(11), event(12)]).await.unwrap();
    let keys: Vec<_> = claim(&store).await.into_iter().map(|claimed| (claimed.lease.id, claimed.event.key)).collect();
    assert_eq!(keys, [(1, event(11).key), (2, event(12).key)]);
}

#[tokio::test]
async fn a_row_that_a_hand_has_spoilt_holds_up_no_other() {
    let place = Place::new();
    let store = place.open();
    store.put((1..=4).map(event).collect()).await.unwrap();
    let many: Vec<_> = (0..40_000).map(|number| (format!("x-{number}"), "1")).collect();
    let hand = Connection::open(place.path()).unwrap();
    hand.execute_batch(
        "UPDATE event_states SET attempts = 9223372036854775807, fence = 9223372036854775807, interrupted = -5 WHERE id = 1;
         UPDATE event_requests SET body = CAST(x'ff' AS TEXT), uri = 'no uri', headers = '{}' WHERE id = 2",
    )
    .unwrap();
    let many = serde_json::to_string(&many).unwrap();
    hand.execute("UPDATE event_requests SET headers = ? WHERE id = 3", [many]).unwrap();
    let claimed = claim(&store).await;
    assert_eq!(claimed.len(), 4);
    assert_eq!((claimed[0].attempt, claimed[0].interrupted), (u32::MAX, 0));
    assert_eq!((claimed[1].event.body.as_str(), claimed[1].event.headers.len()), ("\u{FFFD}", 0));
    assert_eq!(claimed[3].event, event(4));
    done(&store, claimed).await;
    assert_eq!(store.operator().counts().await.unwrap().done, 4);
    assert_eq!(store.operator().get(3).await.unwrap().unwrap().0.attempts, 1);
}

#[tokio::test]
async fn whoever_had_an_event_before_it_was_replayed_settles_nothing_any_more() {
    let place = Place::new();
    let store = place.open();
    let operator = store.operator();
    store.put(vec![event(1)]).await.unwrap();
    let before = claim(&store).await.remove(0);
    store.settle(vec![(before.lease, Settlement::Dead { reason: "a test".to_owned() })]).await.unwrap();
    assert_eq!(operator.replay(vec![before.lease.id]).await.unwrap(), 1);
    let again = claim(&store).await.remove(0);
    assert_eq!((again.lease.id, again.attempt), (before.lease.id, 1));
    store.settle(vec![(before.lease, Settlement::Done)]).await.unwrap();
    assert_eq!(operator.counts().await.unwrap().running, 1);
    store.settle(vec![(again.lease, Settlement::Done)]).await.unwrap();
    assert_eq!(operator.counts().await.unwrap().done, 1);
}

#[tokio::test]
async fn what_is_claimed_and_settled_in_one_go_is_still_of_each_event() {
    claimed_and_settled(SqliteOptions::new(), true).await;
    claimed_and_settled(SqliteOptions::new().forget_bodies(), false).await;
}

async fn claimed_and_settled(options: SqliteOptions, keeps_bodies: bool) {
    let place = Place::new();
    let store = options.open(place.path()).unwrap();
    store.put((1..=9).map(event).collect()).await.unwrap();
    let retry = || Settlement::Retry { after: Duration::ZERO, reason: "a test".to_owned() };
    let before = store.claim(Claim { max: 3, ..CLAIM }).await.unwrap();
    store.settle(before.iter().map(|one| (one.lease, retry())).collect()).await.unwrap();
    let hand = Connection::open(place.path()).unwrap();
    hand.execute_batch("UPDATE event_states SET state = 'dead' WHERE id = 5").unwrap();

    let claimed = claim(&store).await;
    let told: Vec<_> = claimed.iter().map(|one| (one.lease.id, one.lease.fence, one.attempt)).collect();
    assert_eq!(told, [(1, 2, 2), (2, 2, 2), (3, 2, 2), (4, 1, 1), (6, 1, 1), (7, 1, 1), (8, 1, 1), (9, 1, 1)]);
    assert!(claimed.iter().all(|one| one.event == event(one.lease.id as u32)));

    let dead = || Settlement::Dead { reason: "a test".to_owned() };
    let ended = claimed.iter().filter(|one| one.lease.id != 6).map(|Claimed { lease, .. }| match lease.id {
        3 => (*lease, retry()),
        // As if somebody else had it by now.
        8 => (Lease { fence: 0, ..*lease }, Settlement::Done),
        9 => (*lease, dead()),
        _ => (*lease, Settlement::Done),
    });
    // In no order, and behind a lease that ended before.
    store.settle([(before[0].lease, dead())].into_iter().chain(ended.rev()).collect()).await.unwrap();
    let operator = store.operator();
    let mut states = Vec::new();
    for one in &claimed {
        let (entry, event) = operator.get(one.lease.id).await.unwrap().unwrap();
        assert_eq!(event.body.is_empty(), entry.state == Done && !keeps_bodies, "{entry:?}");
        states.push(entry.state);
    }
    use State::{Dead, Done, Ready, Running};
    assert_eq!(states, [Done, Done, Ready, Done, Running, Done, Running, Dead]);
    assert_eq!(operator.get(5).await.unwrap().unwrap().0.state, Dead);
}

#[tokio::test]
async fn a_lease_that_has_ended_takes_nothing_from_an_event_and_the_first_word_on_one_counts() {
    let place = Place::new();
    let store = SqliteOptions::new().forget_bodies().open(place.path()).unwrap();
    store.put(vec![event(1), event(2)]).await.unwrap();
    let dead = || Settlement::Dead { reason: "a test".to_owned() };
    let claimed = claim(&store).await;
    let [first, second] = [claimed[0].lease, claimed[1].lease];
    store.settle(vec![(first, dead()), (second, Settlement::Done), (second, dead())]).await.unwrap();
    let operator = store.operator();
    assert_eq!(operator.discard(vec![first.id]).await.unwrap(), 1);
    store.settle(vec![(first, Settlement::Done)]).await.unwrap();
    let [discarded, settled] = [operator.get(1).await.unwrap().unwrap(), operator.get(2).await.unwrap().unwrap()];
    assert_eq!((discarded.0.state, discarded.1.body), (State::Done, event(1).body));
    assert_eq!((settled.0.state, settled.1.body.as_str()), (State::Done, ""));

    // There is no number behind the last one.
    let place = Place::new();
    let store = place.open();
    let last = Lease { id: i64::MAX, fence: 1 };
    store.settle(vec![(last, Settlement::Done), (last, Settlement::Done)]).await.unwrap();
    store.put(vec![event(3)]).await.unwrap();
}
