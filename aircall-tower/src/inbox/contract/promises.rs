//! The promises, one function each.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderValue;
use tokio::time::{Instant, sleep, timeout};

use super::super::store::{Claim, Claimed, Lease, Received, Settlement, Store, StoreError, StoreErrorKind};
use super::{Broken, Testbed, event, gone};

type Kept = Result<(), String>;

/// Long enough for anything that is to happen at once, on a machine that is busy.
const SOON: Duration = Duration::from_secs(10);

/// Long enough not to run out in the middle of a check.
const LEASE: Duration = Duration::from_secs(60);

macro_rules! promises {
    ($testbed:ident, $($promise:literal => $check:expr;)*) => {
        $(
            let kept: Kept = timeout(Duration::from_secs(120), $check).await.unwrap_or_else(|_| Err("no end within 120 s".to_owned()));
            kept.map_err(|found| Broken { promise: $promise, found })?;
        )*
    };
}

pub(super) async fn check<T: Testbed>(testbed: &T) -> Result<(), Broken> {
    promises! { testbed,
        "an event comes out as it was put" => comes_out_as_it_was_put(testbed);
        "a duplicate is not handed out again, whatever has become of the first" => duplicates(testbed);
        "look-alikes and events of other tenants are no duplicates" => look_alikes(testbed);
        "a claim returns what has waited longest, and no more than was asked for" => oldest_first(testbed);
        "what is leased is leased to one" => leased_to_one(testbed);
        "a lease that runs out is due again, and its holder settles nothing any more" => lease_runs_out(testbed);
        "what is to be tried again is due when it was said to be" => retries(testbed);
        "what is done or dead is not handed out again, settled once or twice" => done_and_dead(testbed);
        "events of one subject come one after the other if that is asked for" => order(testbed);
        "what was put is there after a crash" => survives(testbed);
        "what was running is due at once after a crash, and after a second one alone" => suspects(testbed);
        "one that is suspected of having caused a crash keeps its place in the order of its subject" => suspects_in_order(testbed);
        "who waits is told of what is put, and of what becomes due" => wakes(testbed);
        "many at once get each event once" => many_at_once(testbed);
        "a store that was closed refuses" => closes(testbed);
        "a batch of nothing is no error" => nothing(testbed);
    }
    Ok(())
}

async fn comes_out_as_it_was_put<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    let mut events = [event(1), event(2), event(3)];
    events[1].tenant = Some("a tenant".to_owned());
    events[1].resource = None;
    events[1].subject = None;
    events[2].headers.clear();
    events[1].headers.append("x-name", HeaderValue::from_bytes("Zoë".as_bytes()).map_err(|error| error.to_string())?);
    events[2].body = format!(r#"{{"data":"{}"}}"#, "x".repeat(1024 * 1024));
    put(&store, events.to_vec(), &[Received::New; 3]).await?;
    let as_it_was_put = |mut claimed: Vec<Claimed>, attempt, interrupted| {
        claimed.sort_by_key(|claimed| claimed.event.received_at_ms);
        for (claimed, event) in claimed.iter().zip(&events) {
            same(&claimed.event, event)?;
            same(&(claimed.attempt, claimed.interrupted), &(attempt, interrupted))?;
        }
        Ok::<_, String>(())
    };
    as_it_was_put(claim_all(&store, 3).await?, 1, 0)?;
    // What came out may have been in memory still.
    let store = testbed.reopen(store).await;
    as_it_was_put(claim_all(&store, 3).await?, 2, 1)
}

async fn duplicates<T: Testbed>(testbed: &T) -> Kept {
    let knows = |received| if T::PUT_KNOWS_DUPLICATES { received } else { Received::New };
    let duplicate = knows(Received::Duplicate);
    let store = testbed.fresh().await;
    // In one batch, while the first waits, while it runs, once it is done, once it is dead, and after a crash.
    put(
        &store,
        vec![event(1), event(1), event(2), event(3)],
        &[Received::New, duplicate, Received::New, Received::New],
    )
    .await?;
    put(&store, vec![event(1)], &[duplicate]).await?;
    let claimed = claim_all(&store, 3).await?;
    put(&store, vec![event(1), event(2)], &[duplicate; 2]).await?;
    for claimed in &claimed {
        let settlement = match claimed.event.key.as_str() {
            key if key == event(1).key => Settlement::Done,
            key if key == event(2).key => Settlement::Dead { reason: "a test".to_owned() },
            _ => Settlement::Retry { after: LEASE, reason: "a test".to_owned() },
        };
        settle(&store, claimed.lease, settlement).await?;
    }
    put(&store, vec![event(3), event(2), event(1)], &[duplicate; 3]).await?;
    none_is_due(&store).await?;
    let store = testbed.reopen(store).await;
    put(&store, vec![event(1), event(2), event(3)], &[duplicate; 3]).await?;
    none_is_due(&store).await
}

async fn look_alikes<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    let mut events = [event(1), event(1), event(1)];
    events[1].tenant = Some("another".to_owned());
    events[2].key = event(2).key;
    put(&store, events.to_vec(), &[Received::New; 3]).await?;
    claim_all(&store, 3).await.map(drop)
}

async fn oldest_first<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    for number in 1..=5 {
        put(&store, vec![event(number)], &[Received::New]).await?;
        // Stores need not tell moments apart that are nearer.
        sleep(Duration::from_millis(3)).await;
    }
    let mut keys = Vec::new();
    let end = Instant::now() + SOON;
    while keys.len() < 5 && Instant::now() < end {
        let claimed = claim(&store, 2, false).await?;
        if claimed.len() > 2 {
            return Err(format!("2 were asked for, and {} came", claimed.len()));
        }
        keys.extend(claimed.into_iter().map(|claimed| claimed.event.key));
    }
    same(&keys, &(1..=5).map(|number| event(number).key).collect())
}

async fn leased_to_one<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    put(&store, vec![event(1), event(2)], &[Received::New; 2]).await?;
    let claimed = claim_all(&store, 2).await?;
    same(&claimed.iter().map(|claimed| claimed.lease).collect::<HashSet<_>>().len(), &2)?;
    none_is_due(&store).await
}

async fn lease_runs_out<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    put(&store, vec![event(1)], &[Received::New]).await?;
    let short = Claim { max: 1, lease: Duration::from_millis(300), in_order: false };
    let first = until_claimed(&store, short).await?;
    let second = until_claimed(&store, Claim { lease: LEASE, ..short }).await?;
    same(&second.attempt, &2)?;
    settle(&store, first.lease, Settlement::Dead { reason: "too late".to_owned() }).await?;
    settle(&store, second.lease, retry(Duration::ZERO)).await?;
    same(&until_claimed(&store, Claim { lease: LEASE, ..short }).await?.attempt, &3)
}

async fn retries<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    put(&store, vec![event(1)], &[Received::New]).await?;
    let first = claim_all(&store, 1).await?.remove(0);
    // A store may count from when it was told, which is before it has answered.
    let told = Instant::now();
    settle(&store, first.lease, retry(Duration::from_millis(1500))).await?;
    none_is_due(&store).await?;
    let second = until_claimed(&store, Claim { max: 1, lease: LEASE, in_order: false }).await?;
    if told.elapsed() < Duration::from_millis(1400) {
        return Err(format!("1.5 s were asked for, and it was due after {:?}", told.elapsed()));
    }
    same(&second.attempt, &2)?;
    same(&second.event, &event(1))
}

async fn done_and_dead<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    put(&store, vec![event(1), event(2)], &[Received::New; 2]).await?;
    let claimed = claim_all(&store, 2).await?;
    let settlements = vec![
        (claimed[0].lease, Settlement::Done),
        (claimed[1].lease, Settlement::Dead { reason: "a test".to_owned() }),
    ];
    store.settle(settlements.clone()).await.map_err(|error| told(&error))?;
    store.settle(settlements).await.map_err(|error| told(&error))?;
    for claimed in &claimed {
        settle(&store, claimed.lease, retry(Duration::ZERO)).await?;
    }
    none_is_due(&store).await
}

async fn order<T: Testbed>(testbed: &T) -> Kept {
    if !T::KEEPS_ORDER {
        return Ok(());
    }
    let store = testbed.fresh().await;
    let mut events: Vec<_> = (1..=4).map(event).collect();
    events[1].subject = events[0].subject.clone();
    events[2].subject = None;
    for event in &events {
        put(&store, vec![event.clone()], &[Received::New]).await?;
        sleep(Duration::from_millis(3)).await;
    }
    let keys = |claimed: &[Claimed]| claimed.iter().map(|claimed| claimed.event.key.clone()).collect::<Vec<_>>();
    let first = claim(&store, 10, true).await?;
    same(&keys(&first), &vec![event(1).key, event(3).key, event(4).key])?;
    same(&claim(&store, 10, true).await?.len(), &0)?;
    // One that waits to be tried again holds up what is behind it; one that is dead does not.
    settle(&store, first[0].lease, retry(Duration::from_millis(500))).await?;
    same(&claim(&store, 10, true).await?.len(), &0)?;
    let again = until_claimed(&store, Claim { max: 10, lease: LEASE, in_order: true }).await?;
    same(&again.event.key, &event(1).key)?;
    settle(&store, again.lease, Settlement::Dead { reason: "a test".to_owned() }).await?;
    same(&keys(&claim(&store, 10, true).await?), &vec![event(2).key])
}

async fn survives<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    let events: Vec<_> = (1..=20).map(event).collect();
    put(&store, events.clone(), &[Received::New; 20]).await?;
    let store = testbed.reopen(store).await;
    let keys: HashSet<_> = claim_all(&store, 20).await?.into_iter().map(|claimed| claimed.event.key).collect();
    same(&keys, &events.into_iter().map(|event| event.key).collect())
}

async fn suspects<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    put(&store, vec![event(1), event(2)], &[Received::New; 2]).await?;
    claim_all(&store, 2).await?;
    let store = testbed.reopen(store).await;
    // Once may be a deployment, and nobody is held up for that.
    for claimed in claim_all(&store, 2).await? {
        same(&(claimed.attempt, claimed.interrupted), &(2, 1))?;
    }
    let store = testbed.reopen(store).await;
    put(&store, vec![event(3)], &[Received::New]).await?;
    let mut seen = HashSet::new();
    for _ in 0..2 {
        let suspect = until_claimed(&store, Claim { max: 10, lease: LEASE, in_order: false }).await?;
        same(&(suspect.attempt, suspect.interrupted), &(3, 2))?;
        same(&claim(&store, 10, false).await?.len(), &0)?;
        settle(&store, suspect.lease, Settlement::Done).await?;
        seen.insert(suspect.event.key);
    }
    same(&seen, &HashSet::from([event(1).key, event(2).key]))?;
    same(&claim_all(&store, 1).await?[0].interrupted, &0)
}

async fn suspects_in_order<T: Testbed>(testbed: &T) -> Kept {
    if !T::KEEPS_ORDER {
        return Ok(());
    }
    let store = testbed.fresh().await;
    let mut events = [event(1), event(2), event(3)];
    events[1].subject = events[0].subject.clone();
    put(&store, events.to_vec(), &[Received::New; 3]).await?;
    claim_all(&store, 3).await?;
    let store = testbed.reopen(store).await;
    claim_all(&store, 3).await?;
    let store = testbed.reopen(store).await;
    let in_order = Claim { max: 10, lease: LEASE, in_order: true };
    let first = until_claimed(&store, in_order).await?;
    same(&first.event.key, &event(1).key)?;
    settle(&store, first.lease, retry(LEASE)).await?;
    let of_another = until_claimed(&store, in_order).await?;
    same(&of_another.event.key, &event(3).key)?;
    settle(&store, of_another.lease, Settlement::Done).await?;
    same(&claim(&store, 10, true).await?.len(), &0)
}

async fn wakes<T: Testbed>(testbed: &T) -> Kept {
    let store = Arc::new(testbed.fresh().await);
    none_is_due(&*store).await?;
    let waiting = Arc::clone(&store);
    let told = tokio::spawn(async move {
        let claim = Claim { max: 1, lease: LEASE, in_order: false };
        until_claimed(&*waiting, claim).await.map(|claimed| (claimed, Instant::now()))
    });
    sleep(Duration::from_millis(100)).await;
    put(&*store, vec![event(1)], &[Received::New]).await?;
    let put_at = Instant::now();
    let (claimed, at) = told.await.map_err(|error| error.to_string())??;
    if at > put_at + Duration::from_secs(3) {
        return Err(format!("it took {:?} from the put to the claim", at - put_at));
    }
    settle(&*store, claimed.lease, Settlement::Done).await
}

async fn many_at_once<T: Testbed>(testbed: &T) -> Kept {
    const EVENTS: u32 = 200;
    let store = Arc::new(testbed.fresh().await);
    // Each is put by two.
    let putting = (0..8u32).map(|task| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut new = 0;
            for number in (0..EVENTS).filter(|number| number % 4 == task % 4) {
                let received = store.put(vec![event(number)]).await.map_err(|error| told(&error))?;
                new += u32::from(received == [Received::New]);
            }
            Ok::<_, String>(new)
        })
    });
    let mut new = 0;
    for task in putting.collect::<Vec<_>>() {
        new += task.await.map_err(|error| error.to_string())??;
    }
    if T::PUT_KNOWS_DUPLICATES {
        same(&new, &EVENTS)?;
    }
    let (came, end) = (Arc::new(AtomicUsize::new(0)), Instant::now() + SOON);
    let claiming = (0..4).map(|_| {
        let (store, came) = (Arc::clone(&store), Arc::clone(&came));
        tokio::spawn(async move {
            let mut keys = Vec::new();
            let mut empty = 0;
            // Until all have come, and no more do.
            while empty < 3 {
                let claimed = claim(&*store, 7, false).await?;
                let none = claimed.is_empty();
                let enough = came.fetch_add(claimed.len(), Ordering::Relaxed) >= EVENTS as usize;
                empty = if none && (enough || Instant::now() > end) { empty + 1 } else { 0 };
                for claimed in claimed {
                    settle(&*store, claimed.lease, Settlement::Done).await?;
                    keys.push(claimed.event.key);
                }
                if none {
                    let _ = timeout(Duration::from_millis(300), store.wait_due()).await;
                }
            }
            Ok::<_, String>(keys)
        })
    });
    let mut keys = Vec::new();
    for task in claiming.collect::<Vec<_>>() {
        keys.extend(task.await.map_err(|error| error.to_string())??);
    }
    same(&keys.len(), &(EVENTS as usize))?;
    same(&keys.into_iter().collect::<HashSet<_>>().len(), &(EVENTS as usize))
}

async fn closes<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    put(&store, vec![event(1)], &[Received::New]).await?;
    store.close().await;
    match store.put(vec![event(2)]).await {
        Err(error) if error.kind() == StoreErrorKind::Closed => {}
        other => return Err(format!("put: {other:?}")),
    }
    store.close().await;
    let store = testbed.reopen(store).await;
    let claimed = claim_all(&store, 1).await?;
    same(&(claimed[0].attempt, claimed[0].interrupted), &(1, 0))?;
    gone(store).await;
    Ok(())
}

async fn nothing<T: Testbed>(testbed: &T) -> Kept {
    let store = testbed.fresh().await;
    put(&store, Vec::new(), &[]).await?;
    store.settle(Vec::new()).await.map_err(|error| told(&error))
}

async fn put(store: &impl Store, batch: Vec<super::Event>, expected: &[Received]) -> Kept {
    let received = store.put(batch).await.map_err(|error| told(&error))?;
    same(&received.as_slice(), &expected)
}

async fn settle(store: &impl Store, lease: Lease, settlement: Settlement) -> Kept {
    store.settle(vec![(lease, settlement)]).await.map_err(|error| told(&error))
}

async fn claim(store: &impl Store, max: usize, in_order: bool) -> Result<Vec<Claimed>, String> {
    store.claim(Claim { max, lease: LEASE, in_order }).await.map_err(|error| told(&error))
}

/// Claims so many events, which may take a store with servers behind it more than one call, and sees that there are no more.
async fn claim_all(store: &impl Store, count: usize) -> Result<Vec<Claimed>, String> {
    let mut all = Vec::new();
    let end = Instant::now() + SOON;
    while all.len() < count && Instant::now() < end {
        all.extend(claim(store, count + 1, false).await?);
        if all.len() < count {
            let _ = timeout(Duration::from_millis(100), store.wait_due()).await;
        }
    }
    none_is_due(store).await?;
    if all.len() == count { Ok(all) } else { Err(format!("{count} were due, and {} came", all.len())) }
}

/// Claims one event, however long that takes.
async fn until_claimed(store: &impl Store, asked: Claim) -> Result<Claimed, String> {
    let end = Instant::now() + SOON;
    while Instant::now() < end {
        let mut claimed = store.claim(asked).await.map_err(|error| told(&error))?;
        match claimed.len() {
            0 => drop(timeout(SOON, store.wait_due()).await),
            1 => return Ok(claimed.remove(0)),
            more => return Err(format!("one event was due, and {more} came")),
        }
    }
    Err("one event was due, and none came".to_owned())
}

async fn none_is_due(store: &impl Store) -> Kept {
    for _ in 0..2 {
        let claimed = claim(store, 10, false).await?;
        if !claimed.is_empty() {
            return Err(format!("none was due, and {} came: {}", claimed.len(), claimed[0].event.key));
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn retry(after: Duration) -> Settlement {
    Settlement::Retry { after, reason: "a test".to_owned() }
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Kept {
    if found == expected { Ok(()) } else { Err(format!("found {found:.200?}, expected {expected:.200?}")) }
}

fn told(error: &StoreError) -> String {
    error.to_string()
}
