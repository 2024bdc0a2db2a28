//! What a worker does with what is stored.

mod ends;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, pending};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aircall_tower::inbox::sqlite::SqliteStore;
use aircall_tower::inbox::{DoNotRetry, Event, Filter, Inbox, Operate, Retries, Run, State, Summary, Worker};
use aircall_tower::{Delivery, RequestBody};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::Service;

use super::road::Place;
use crate::support::{Calls, TOKEN, body, call, eventually, handler, layer, post, request, status};

/// A worker at work, until it is told to stop.
struct Working {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Summary>,
}

impl Working {
    fn start<S>(worker: Worker<S>) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(worker.run(async { drop(stopped.await) }));
        Self { stop, task }
    }

    async fn stop(self) -> Summary {
        drop(self.stop);
        self.task.await.unwrap()
    }
}

fn quick() -> Retries {
    Retries::default().with_pauses(Duration::from_millis(20), Duration::from_millis(40))
}

/// A handler that is told which event and run it has.
fn handles<F, Fut>(
    work: F,
) -> impl Service<Request<RequestBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone + Send
where
    F: Fn(Delivery, Run) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    tower::service_fn(move |request: Request<RequestBody>| {
        let (delivery, run) =
            (request.extensions().get::<Delivery>().cloned(), request.extensions().get::<Run>().copied());
        let work = work(delivery.unwrap(), run.unwrap());
        async move { Ok(work.await) }
    })
}

async fn put(inbox: &Inbox, data: &[&str]) {
    for data in data {
        let answer = post(&layer().inbox(inbox), &Calls::default(), body(TOKEN, data)).await;
        assert_eq!(answer.status, 200);
    }
}

async fn states(store: &SqliteStore) -> Vec<(State, u32, Option<String>)> {
    let entries = store.operator().list(Filter::default()).await.unwrap();
    entries.into_iter().rev().map(|entry| (entry.state, entry.attempts, entry.last_error)).collect()
}

async fn until_state(store: &SqliteStore, state: State, count: usize) {
    for _ in 0..1000 {
        if states(store).await.iter().filter(|(is, ..)| *is == state).count() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to {count} events that are {state:?}: {:?}", states(store).await);
}

#[tokio::test]
async fn the_handler_gets_the_request_that_arrived() {
    let place = Place::new();
    let inbox = Inbox::new(place.open());
    let sent = body(TOKEN, r#"{"id":1,"odd":"\ud800 naïve ☎"}"#);
    let mut request = request(Full::new(Bytes::from(sent.clone())));
    *request.uri_mut() = "/hook?a=1".parse().unwrap();
    request.headers_mut().insert("aircall-origin", "webhooks".parse().unwrap());
    request.headers_mut().insert("content-length", sent.len().into());
    let before = SystemTime::now() - Duration::from_millis(1);
    let unused = handler::<Full<Bytes>, _, _, Infallible>(pending);
    call(tower::Layer::layer(&layer().inbox(&inbox), unused), request).await;

    tokio::time::sleep(Duration::from_millis(20)).await;
    let got = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&got);
    let service = tower::service_fn(move |request: Request<RequestBody>| {
        let seen = Arc::clone(&seen);
        async move {
            let (parts, body) = request.into_parts();
            *seen.lock().unwrap() = Some((parts, body.collect().await.unwrap().to_bytes()));
            Ok::<_, Infallible>(status(204))
        }
    });
    let working = Working::start(inbox.worker(service));
    eventually("it is handled", || got.lock().unwrap().is_some()).await;
    assert_eq!(working.stop().await.done, 1);
    let (parts, bytes) = got.lock().unwrap().take().unwrap();
    let without = sent.replace(TOKEN, "");
    assert_eq!((parts.method.as_str(), parts.uri.to_string().as_str()), ("POST", "/hook?a=1"));
    assert_eq!(parts.headers["aircall-origin"], "webhooks");
    assert_eq!(parts.headers["content-length"], without.len().to_string().as_str());
    assert_eq!(bytes, without);
    let delivery: &Delivery = parts.extensions.get().unwrap();
    let run: &Run = parts.extensions.get().unwrap();
    assert_eq!(
        (delivery.event().as_str(), delivery.raw_data()),
        ("call.created", r#"{"id":1,"odd":"\ud800 naïve ☎"}"#)
    );
    assert_eq!((run.attempt(), run.is_last()), (1, false));
    assert!(run.received_at() >= before && run.received_at() < SystemTime::now() - Duration::from_millis(15));
    assert_eq!(delivery.received_at(), run.received_at());
    assert_eq!(delivery.dedup_key().to_string(), super::road::events(&place_store(&inbox, &place).await).await[0].key);
}

/// The store of an inbox that is not needed any more.
async fn place_store(inbox: &Inbox, place: &Place) -> SqliteStore {
    inbox.close().await;
    place.open()
}

#[tokio::test]
async fn an_event_is_tried_until_it_is_done() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    put(&inbox, &[r#"{"id":1}"#]).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let service = handles(move |_, run| {
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        assert_eq!(run.attempt() as usize, number);
        async move {
            match number {
                1 => status(503),
                2 => panic!("on purpose"),
                3 => pending().await,
                _ => status(201),
            }
        }
    });
    let worker = inbox.worker(service).with_retries(quick()).with_time_limit(Duration::from_millis(50));
    let working = Working::start(worker);
    until_state(&store, State::Done, 1).await;
    let summary = working.stop().await;
    assert_eq!((summary.done, summary.retried, summary.dead, summary.stopped), (1, 3, 0, 0));
    assert_eq!(runs.load(Ordering::SeqCst), 4);
    assert_eq!(states(&store).await, [(State::Done, 4, Some("not done within 50ms".to_owned()))]);
}

#[tokio::test]
async fn what_is_never_done_ends_among_the_dead_letters_with_its_reason() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    put(&inbox, &[r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]).await;
    let last = Arc::new(AtomicUsize::new(0));
    let lasts = Arc::clone(&last);
    let service = handles(move |delivery, run| {
        lasts.fetch_add(usize::from(run.is_last()), Ordering::SeqCst);
        let given_up = delivery.raw_data() == r#"{"id":2}"#;
        let panics = delivery.raw_data() == r#"{"id":3}"#;
        async move {
            assert!(!panics, "the third");
            let mut response = status(422);
            if given_up {
                response.extensions_mut().insert(DoNotRetry);
            }
            response
        }
    });
    let working = Working::start(inbox.worker(service).with_retries(quick().with_attempts(3)));
    until_state(&store, State::Dead, 3).await;
    let summary = working.stop().await;
    assert_eq!((summary.done, summary.retried, summary.dead), (0, 4, 3));
    assert_eq!(last.load(Ordering::SeqCst), 2);
    let reason = |text: &str| Some(text.to_owned());
    assert_eq!(
        states(&store).await,
        [
            (State::Dead, 3, reason("status 422 Unprocessable Entity")),
            (State::Dead, 1, reason("status 422 Unprocessable Entity")),
            (State::Dead, 3, reason("panic: the third")),
        ]
    );
}

#[tokio::test]
async fn a_handler_that_says_when_it_will_be_ready_is_left_alone_until_then() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    put(&inbox, &["{}"]).await;
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    let service = handles(move |_, run| {
        noted.lock().unwrap().push(std::time::Instant::now());
        async move {
            let mut response = status(if run.attempt() == 1 { 429 } else { 200 });
            response.headers_mut().insert("retry-after", "1".parse().unwrap());
            response
        }
    });
    let working = Working::start(inbox.worker(service).with_retries(quick()));
    until_state(&store, State::Done, 1).await;
    working.stop().await;
    let times = times.lock().unwrap();
    assert!(times[1] - times[0] >= Duration::from_millis(950), "{:?}", times[1] - times[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_handlers_run_at_a_time_than_allowed_and_all_that_may() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    let data: Vec<String> = (0..40).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    put(&inbox, &data.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = (Arc::clone(&running), Arc::clone(&most));
    let service = handles(move |_, _| {
        let (running, most) = counted.clone();
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            status(200)
        }
    });
    let working = Working::start(inbox.worker(service).with_concurrency(5));
    until_state(&store, State::Done, 40).await;
    assert_eq!(working.stop().await.done, 40);
    assert_eq!(most.load(Ordering::SeqCst), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_call_come_one_after_the_other_if_so_wanted() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    let data: Vec<String> = (0..30).map(|number| format!(r#"{{"id":{},"step":{number}}}"#, number % 3)).collect();
    put(&inbox, &data.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let seen: Arc<Mutex<HashMap<String, Vec<u64>>>> = Arc::default();
    let failed = Arc::new(Mutex::new(std::collections::HashSet::new()));
    let noted = Arc::clone(&seen);
    let service = handles(move |delivery, _| {
        let (noted, failed) = (Arc::clone(&noted), Arc::clone(&failed));
        async move {
            let data: serde_json::Value = delivery.data().unwrap();
            let step = data["step"].as_u64().unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
            // Each fourth fails at first; what comes later has to wait for it.
            if step.is_multiple_of(4) && failed.lock().unwrap().insert(step) {
                return status(500);
            }
            noted.lock().unwrap().entry(data["id"].to_string()).or_default().push(step);
            status(200)
        }
    });
    let working = Working::start(inbox.worker(service).with_retries(quick()).in_order());
    until_state(&store, State::Done, 30).await;
    working.stop().await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    for (call, steps) in &*seen {
        assert!(steps.is_sorted() && steps.len() == 10, "{call}: {steps:?}");
    }
}

#[tokio::test]
async fn what_a_hand_has_spoiled_is_a_dead_letter_and_no_crash() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone()).with_redaction(|event: &mut Event| event.body = "no JSON".to_owned());
    put(&inbox, &["{}"]).await;
    let working = Working::start(inbox.worker(handles(|_, _| async { status(200) })));
    until_state(&store, State::Dead, 1).await;
    working.stop().await;
    let reason = states(&store).await.remove(0).2.unwrap();
    assert!(reason.starts_with("what is stored is no envelope: "), "{reason}");
}

#[tokio::test]
async fn dead_letters_can_be_replayed_and_discarded_while_the_process_runs() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    put(&inbox, &[r#"{"id":1}"#, r#"{"id":2}"#]).await;
    let well = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asked = Arc::clone(&well);
    let service = handles(move |_, _| {
        let well = asked.load(Ordering::SeqCst);
        async move { status(if well { 200 } else { 500 }) }
    });
    let working = Working::start(inbox.worker(service).with_retries(quick().with_attempts(1)));
    until_state(&store, State::Dead, 2).await;
    let operator = store.operator();
    well.store(true, Ordering::SeqCst);
    assert_eq!(operator.replay(vec![1, 77]).await.unwrap(), 1);
    until_state(&store, State::Done, 1).await;
    assert_eq!(operator.discard(vec![1, 2]).await.unwrap(), 1, "what is done cannot be discarded");
    let counts = operator.counts().await.unwrap();
    assert_eq!((counts.ready, counts.running, counts.done, counts.dead), (0, 0, 2, 0));
    // A duplicate does not bring back what was discarded.
    put(&inbox, &[r#"{"id":2}"#]).await;
    assert_eq!(states(&store).await.len(), 2);
    assert_eq!(operator.purge(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(operator.purge(Duration::ZERO).await.unwrap(), 2);
    assert_eq!(operator.get(1).await.unwrap(), None);
    working.stop().await;
}

#[tokio::test]
async fn events_that_are_alike_only_once_redacted_keep_their_own_keys_for_the_handler() {
    let place = Place::new();
    let inbox = Inbox::new(place.open()).with_redaction(|event| event.body = body("", r#"{"raw_digits":"***"}"#));
    put(&inbox, &[r#"{"raw_digits":"+33100000000"}"#, r#"{"raw_digits":"+33100000001"}"#]).await;
    let keys = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&keys);
    let working = Working::start(inbox.worker(handles(move |delivery, _| {
        seen.lock().unwrap().push(delivery.dedup_key().to_string());
        async { status(200) }
    })));
    eventually("both are handled", || keys.lock().unwrap().len() == 2).await;
    working.stop().await;
    let mut stored: Vec<String> =
        super::road::events(&place_store(&inbox, &place).await).await.into_iter().map(|event| event.key).collect();
    let mut keys = keys.lock().unwrap().clone();
    keys.sort();
    stored.sort();
    assert_eq!(keys, stored);
}

/// A worker is asked whether it is to stop in between, and that may take a while.
#[tokio::test]
async fn a_rest_that_is_over_between_two_looks_at_the_clock_ends_no_worker() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    inbox.close().await;
    let mut asked = 0;
    let shutdown = std::future::poll_fn(move |cx| {
        asked += 1;
        std::thread::sleep(Duration::from_millis(150));
        cx.waker().wake_by_ref();
        if asked < 8 { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    });
    let worker = inbox.worker(handles(|_, _| async { status(200) }));
    assert_eq!(tokio::spawn(worker.run(shutdown)).await.unwrap(), Summary::default());
}
