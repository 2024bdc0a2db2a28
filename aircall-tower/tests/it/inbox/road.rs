//! What the layer answers where there is an inbox.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use aircall_tower::OutcomeKind::{Duplicate, Handled, HungUp, NotStored, Stored};
use aircall_tower::inbox::sqlite::{SqliteOptions, SqliteStore};
use aircall_tower::inbox::{Event, Filter, Inbox, Operate, State};
use aircall_tower::{Tenant, Token, Tokens, WebhookLayer};
use bytes::Bytes;
use http_body_util::Full;
use tokio::time::Instant;
use tower::{Layer, Service};

use super::scripted::{Mood, Scripted};
use crate::support::{
    Calls, Reports, TOKEN, body, call, eventually, full, handler, layer, post, request, status, with_header,
};

/// A file for one test.
pub(super) struct Place(tempfile::TempDir);

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("aircall.sqlite")
    }

    pub(super) fn open(&self) -> SqliteStore {
        SqliteOptions::new().open(self.path()).unwrap()
    }
}

/// Everything in a store, oldest first.
pub(super) async fn events(store: &SqliteStore) -> Vec<Event> {
    let operator = store.operator();
    let mut events = Vec::new();
    for entry in operator.list(Filter { limit: 1000, ..Filter::default() }).await.unwrap() {
        events.insert(0, operator.get(entry.id).await.unwrap().unwrap().1);
    }
    events
}

pub(super) fn numbered(number: u32) -> String {
    body(TOKEN, &format!(r#"{{"id":{number}}}"#))
}

#[tokio::test]
async fn a_delivery_is_on_disk_before_it_is_acknowledged_and_no_handler_is_called() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone());
    let layer =
        layer().with_url_secret("key", Token::new("s3cret&more").unwrap()).unwrap().with_name("test").inbox(&inbox);
    let calls = Calls::default();
    let mut request = request(full(body(TOKEN, r#"{"id":4223501188,"note":"naïve ☎"}"#)));
    *request.uri_mut() = "/hook?a=1&key=s3cret%26more&b=2".parse().unwrap();
    for (name, value) in [
        ("user-agent", "axios/1.7.9"),
        ("authorization", "Basic c2VjcmV0"),
        ("cookie", "session=secret"),
        ("content-length", "150"),
        ("transfer-encoding", "chunked"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let mut sensitive = http::HeaderValue::from_static("secret");
    sensitive.set_sensitive(true);
    request.headers_mut().append("user-agent", sensitive);
    let answer = call(layer.layer(calls.handler()), request).await;
    assert_eq!((answer.status, answer.kind, answer.reason, answer.body.len()), (200, Stored, None, 0));
    assert_eq!(calls.count(), 0);

    let stored = events(&store).await;
    let [event] = &stored[..] else { panic!("{stored:?}") };
    let text = format!("{event:?}");
    assert!(!text.contains(TOKEN) && !text.to_lowercase().contains("secret"), "{text}");
    assert_eq!(event.body, body("", r#"{"id":4223501188,"note":"naïve ☎"}"#));
    assert_eq!((event.method.as_str(), event.uri.to_string().as_str()), ("POST", "/hook?a=1&b=2"));
    assert_eq!((event.headers.len(), event.headers["user-agent"].to_str().unwrap()), (1, "axios/1.7.9"));
    assert_eq!((event.event.as_str(), event.resource.as_deref()), ("call.created", Some("call")));
    assert_eq!(event.subject.as_deref(), Some("call/4223501188"));
    assert_eq!((event.token_fingerprint.len(), event.key.len()), (16, 32));
    for file in std::fs::read_dir(place.0.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(memchr::memmem::find(&bytes, TOKEN.as_bytes()).is_none(), "a token is on disk");
    }
}

#[tokio::test]
async fn credentials_that_stand_where_they_should_not_are_not_stored_either() {
    let place = Place::new();
    let store = place.open();
    let layer = layer().with_url_secret("key", Token::new("s3cret&more").unwrap()).unwrap();
    let layer = layer.inbox(&Inbox::new(store.clone()));
    let calls = Calls::default();
    let twice = body(TOKEN, &format!(r#"{{"id":1,"token":"{TOKEN}","url":"https://x.example/?t={TOKEN}"}}"#));
    let mut request = request(full(twice));
    *request.uri_mut() = "/hook?api_key=secret&key=s3cret%26more&page=1&X-Auth%5fToken=secret".parse().unwrap();
    for (name, value) in [
        ("user-agent", "axios/1.7.9"),
        ("referer", "https://hooks.example.com/hook?a=1&key=s3cret%26more"),
        ("x-original-uri", "/hook?key=%73%33cret%26more"),
        ("x-auth-token", "secret"),
        ("x-forwarded-access-token", "secret"),
        ("cf-access-jwt-assertion", "secret"),
        ("x-goog-iap-jwt-assertion", "secret"),
        ("x-vault-secret", "secret"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    assert_eq!(call(layer.layer(calls.handler()), request).await.kind, Stored);
    let event = events(&store).await.remove(0);
    let text = format!("{event:?}");
    assert!(!text.contains(TOKEN), "{text}");
    assert!(!text.contains("s3cret") && !text.contains("%73%33cret") && !text.contains(r#""secret""#), "{text}");
    assert_eq!(event.headers["user-agent"], "axios/1.7.9");
    assert_eq!(event.uri, "/hook?page=1");
    serde_json::from_str::<serde_json::Value>(&event.body).unwrap();
}

#[tokio::test]
async fn a_duplicate_is_acknowledged_and_not_stored_again_but_look_alikes_are() {
    let store = Place::new();
    let store = (store.open(), store);
    let other = "ffffffffffffffffffffffffffffffff";
    let tokens = Tokens::new([Token::new(TOKEN).unwrap(), Token::new(other).unwrap()]).unwrap();
    let layer = WebhookLayer::new(tokens).inbox(&Inbox::new(store.0.clone()));
    let calls = Calls::default();
    let kind = async |body: String| post(&layer, &calls, body).await.kind;
    assert_eq!(kind(numbered(1)).await, Stored);
    assert_eq!(kind(numbered(1)).await, Duplicate);
    // The same event by way of another webhook of the account.
    assert_eq!(kind(body(other, r#"{"id":1}"#)).await, Duplicate);
    // An agent of a ring group more: same event, call and second.
    assert_eq!(kind(body(TOKEN, r#"{"id":1,"user":{"id":2}}"#)).await, Stored);
    assert_eq!(events(&store.0).await.len(), 2);
}

#[tokio::test]
async fn each_tenant_gets_its_events() {
    let place = Place::new();
    let store = place.open();
    let other = "ffffffffffffffffffffffffffffffff";
    let tenant = |name: &str| Tenant::new(name).unwrap();
    let tokens =
        Tokens::new([(Token::new(TOKEN).unwrap(), tenant("paris")), (Token::new(other).unwrap(), tenant("lyon"))])
            .unwrap();
    let layer = WebhookLayer::new(tokens).inbox(&Inbox::new(store.clone()));
    let calls = Calls::default();
    for (token, kind) in [(TOKEN, Stored), (other, Stored), (TOKEN, Duplicate)] {
        assert_eq!(post(&layer, &calls, body(token, r#"{"id":1}"#)).await.kind, kind);
    }
    let tenants: Vec<_> = events(&store).await.into_iter().map(|event| event.tenant.unwrap()).collect();
    assert_eq!(tenants, ["paris", "lyon"]);
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_within_the_budget_and_reported_from_the_first_on() {
    let store = Scripted::new(Mood::Failing);
    let reports = Reports::default();
    let layer = reports.of(layer().inbox(&Inbox::new(store.clone())));
    let calls = Calls::default();
    let mut statuses = Vec::new();
    for number in 0..6 {
        let answer = post(&layer, &calls, numbered(number)).await;
        assert_eq!((answer.kind, answer.reason.as_deref()), (NotStored, Some("the broker is down")));
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [503, 503, 503, 503, 200, 503]);
    assert_eq!(layer.handle().failures_in_a_row(), 1);
    store.set(Mood::Well);
    assert_eq!(post(&layer, &calls, numbered(9)).await.status, 200);
    assert_eq!(layer.handle().failures_in_a_row(), 0);
    let length = Some(numbered(1).len());
    assert_eq!(reports.rows()[..6], [(NotStored, false, length); 6]);
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn what_cannot_be_stored_is_handled_inline_if_so_wanted() {
    let inbox = Inbox::new(Scripted::new(Mood::Failing)).with_inline_handling();
    let layer = layer().inbox(&inbox);
    let calls = Calls::default();
    let answer = post(&layer, &calls, numbered(1)).await;
    assert_eq!((answer.status, answer.kind, &answer.body[..]), (200, Handled, &b"done"[..]));
    assert_eq!(calls.only().0.body(), &numbered(1));

    let failing = handler::<Full<Bytes>, _, _, Infallible>(|| async { Ok(status(500)) });
    let answer = call(layer.layer(failing), request(full(numbered(2)))).await;
    assert_eq!((answer.status, answer.kind), (503, NotStored));
    let reason = answer.reason.unwrap();
    assert!(reason.contains("the broker is down") && reason.contains("status 500"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn an_inline_handler_that_is_not_done_is_no_acknowledgement_but_runs_on() {
    let inbox = Inbox::new(Scripted::new(Mood::Failing)).with_inline_handling();
    let reports = Reports::default();
    let layer = reports.of(layer().inbox(&inbox));
    let slow = handler::<Full<Bytes>, _, _, Infallible>(|| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        Ok(status(200))
    });
    let answer = call(layer.layer(slow), request(full(numbered(1)))).await;
    assert_eq!((answer.status, answer.kind), (503, NotStored));
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(reports.kinds(), [(NotStored, false), (Handled, true)]);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_store_is_not_waited_for_longer_than_the_sender_waits() {
    let layer = layer().inbox(&Inbox::new(Scripted::new(Mood::Frozen)));
    let calls = Calls::default();
    let begun = Instant::now();
    let answer = post(&layer, &calls, numbered(1)).await;
    assert_eq!((answer.status, answer.kind), (503, NotStored));
    assert_eq!(begun.elapsed().as_secs(), 3);
    // Also for those behind it, and where the deadline is nearer than the limit of the store.
    let near = layer.clone().with_deadline(Duration::from_secs(1));
    let (begun, (first, second)) =
        (Instant::now(), tokio::join!(post(&near, &calls, numbered(2)), post(&near, &calls, numbered(3))));
    assert_eq!((first.kind, second.kind), (NotStored, NotStored));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_hangs_up_while_the_event_is_being_stored_does_not_stop_that() {
    let store = Scripted::new(Mood::Waiting);
    let reports = Reports::default();
    let layer = reports.of(layer().inbox(&Inbox::new(store.clone())));
    let mut service = layer.layer(handler::<Full<Bytes>, _, _, Infallible>(|| async { Ok(status(200)) }));
    let answering = tokio::spawn(service.call(request(full(numbered(1)))));
    store.called().await;
    answering.abort();
    eventually("the hang-up is reported", || reports.kinds() == [(HungUp, false)]).await;
    assert_eq!(layer.handle().running(), 1, "`drained` waits for it");
    store.set(Mood::Well);
    eventually("the end is reported", || reports.kinds() == [(HungUp, false), (Stored, true)]).await;
    assert_eq!(store.keys().len(), 1);
}

#[tokio::test]
async fn a_crowd_shares_the_cost_of_being_durable() {
    let store = Scripted::new(Mood::Waiting);
    let layer = layer().inbox(&Inbox::new(store.clone()));
    let crowd: Vec<_> = (0..300)
        .map(|number| {
            let layer = layer.clone();
            tokio::spawn(async move { post(&layer, &Calls::default(), numbered(number)).await.kind })
        })
        .collect();
    store.called().await;
    // All others come to the queue while the first batch is under way.
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
    store.set(Mood::Well);
    for one in crowd {
        assert_eq!(one.await.unwrap(), Stored);
    }
    let batches = store.batches();
    assert_eq!(batches.iter().sum::<usize>(), 300);
    assert!(batches.len() <= 3, "{batches:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once() {
    let store = Scripted::new(Mood::Frozen);
    let inbox = Inbox::new(store.clone());
    let layer = layer().inbox(&inbox).with_policy(aircall_tower::Policy::authentic().with_failure_budget(u32::MAX));
    let crowd: Vec<_> = (0..5000)
        .map(|number| {
            let layer = layer.clone();
            tokio::spawn(async move { post(&layer, &Calls::default(), numbered(number)).await })
        })
        .collect();
    // All of them get their turn, and no time goes by.
    for _ in 0..20_000 {
        tokio::task::yield_now().await;
    }
    let mut busy = 0;
    for one in crowd {
        if !one.is_finished() {
            one.abort();
            continue;
        }
        let answer = one.await.unwrap();
        assert_eq!((answer.status, answer.kind), (503, NotStored));
        assert_eq!(answer.reason.unwrap(), "4096 events wait to be stored, which is the most");
        busy += 1;
    }
    // The others wait in the queue, or are in the one batch that the store has.
    assert!((5000 - 4096 - 512..=5000 - 4096).contains(&busy), "{busy}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_large_events_is_full_before_it_holds_too_much() {
    let layer = layer().inbox(&Inbox::new(Scripted::new(Mood::Frozen)));
    let large = |number: u32| body(TOKEN, &format!(r#"{{"id":{number},"x":"{}"}}"#, "x".repeat(1_000_000)));
    let crowd: Vec<_> = (0..80)
        .map(|number| {
            let (layer, body) = (layer.clone(), large(number));
            tokio::spawn(async move { post(&layer, &Calls::default(), body).await })
        })
        .collect();
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
    let mut busy = 0;
    for one in crowd {
        if !one.is_finished() {
            one.abort();
        } else {
            assert_eq!(one.await.unwrap().reason.unwrap(), "67108864 bytes wait to be stored, which is the most");
            busy += 1;
        }
    }
    assert_eq!(busy, 80 - 67);
    // What nobody waits for any more, or has its answer, makes room.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let next = tokio::spawn(async move { post(&layer, &Calls::default(), large(999)).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!next.is_finished(), "it waits like the first");
}

#[tokio::test]
async fn an_inbox_that_was_closed_refuses() {
    let place = Place::new();
    let inbox = Inbox::open(place.path()).unwrap();
    let layer = layer().inbox(&inbox);
    let calls = Calls::default();
    assert_eq!(post(&layer, &calls, numbered(1)).await.kind, Stored);
    inbox.close().await;
    let answer = post(&layer, &calls, numbered(2)).await;
    assert_eq!((answer.status, answer.kind), (503, NotStored));
    assert_eq!(answer.reason.unwrap(), "the inbox has been closed");
    let reopened = place.open();
    assert_eq!(events(&reopened).await.len(), 1);
}

#[tokio::test]
async fn more_can_be_redacted_before_it_is_stored() {
    let place = Place::new();
    let store = place.open();
    let inbox = Inbox::new(store.clone()).with_redaction(|event| {
        event.body = event.body.replace("+33100000000", "***");
        event.headers.clear();
    });
    let layer = layer().inbox(&inbox);
    let calls = Calls::default();
    let service = || layer.layer(calls.handler());
    let sent = || with_header(request(full(body(TOKEN, r#"{"id":1,"raw_digits":"+33100000000"}"#))), "x-trace", "1");
    assert_eq!(call(service(), sent()).await.kind, Stored);
    assert_eq!(call(service(), sent()).await.kind, Duplicate, "the key is that of what was delivered");
    let stored = events(&store).await;
    assert_eq!((stored[0].body.contains("+33"), stored[0].headers.len()), (false, 0));
}

#[tokio::test]
async fn strangers_leave_nothing_in_the_inbox() {
    let place = Place::new();
    let store = place.open();
    let layer = layer().inbox(&Inbox::new(store.clone()));
    let calls = Calls::default();
    for wrong in [body("0000000000000000000000000000000f", "{}"), "{}".to_owned(), format!(r#"{{"token":"{TOKEN}""#)] {
        let _ = post(&layer, &calls, wrong).await;
    }
    assert_eq!(store.operator().list(Filter { state: Some(State::Ready), ..Filter::default() }).await.unwrap(), []);
    // One who never ends does not hold the store up either.
    let never = request(crate::support::Pieces::new([numbered(1)[..20].to_owned()], crate::support::End::Never));
    let mut service = layer.layer(handler::<_, _, _, Infallible>(pending));
    let hanging = service.call(never);
    assert_eq!(post(&layer, &calls, numbered(2)).await.kind, Stored);
    drop(hanging);
}

#[tokio::test]
async fn events_of_one_call_have_one_subject_whatever_they_tell_of_it() {
    let place = Place::new();
    let store = place.open();
    let layer = layer().inbox(&Inbox::new(store.clone()));
    let calls = Calls::default();
    for (number, (resource, data, subject)) in [
        ("call", r#"{"id":7,"user":{"id":8},"call_id":9}"#, Some("call/7")),
        ("call", r#"{"call_id":9,"tags":[{"id":8}],"id":"7"}"#, Some("call/7")),
        ("call", r#"{"id":null,"call_id":9}"#, Some("call/9")),
        ("message", r#"{"id":"b1a8","\u0063all_id":9}"#, Some("call/9")),
        ("message", r#"{"direction":"{\"id\":1}","id":"b1a8","call_id":{}}"#, Some("message/b1a8")),
        ("user", r#"{"user":{"id":8}}"#, None),
        ("user", r#"[{"id":8}]"#, None),
        ("user", "7", None),
    ]
    .into_iter()
    .enumerate()
    {
        let told = body(TOKEN, data).replace(r#""resource":"call""#, &format!(r#""resource":"{resource}""#));
        assert_eq!(post(&layer, &calls, told).await.kind, Stored);
        assert_eq!(events(&store).await[number].subject.as_deref(), subject, "{data}");
    }
}

#[tokio::test]
async fn hooks_that_panic_take_no_answer_with_them_and_nothing_is_stored_that_was_not_redacted() {
    let place = Place::new();
    let store = place.open();
    let reports = Reports::default();
    let inbox = Inbox::new(store.clone()).with_subject(|_| panic!("an odd event"));
    let layer = reports.of(layer().inbox(&inbox));
    let calls = Calls::default();
    assert_eq!(post(&layer, &calls, numbered(1)).await.kind, Stored);
    assert_eq!(events(&store).await[0].subject, None);

    let layer = layer.clone().inbox(&inbox.with_redaction(|_| panic!("an odd event")));
    let answer = post(&layer, &calls, numbered(2)).await;
    assert_eq!((answer.status, answer.kind), (503, NotStored));
    assert_eq!(answer.reason.unwrap(), "the redaction panicked: an odd event");
    let length = Some(numbered(2).len());
    assert_eq!(reports.rows()[1..], [(NotStored, false, length)], "the hook can keep it");
    assert_eq!(events(&store).await.len(), 1);
}
