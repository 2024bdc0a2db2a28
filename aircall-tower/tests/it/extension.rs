//! What a handler finds.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use aircall_fixtures::events;
use aircall_tower::{Delivery, OutcomeKind, Tenant, Token, Tokens, WebhookLayer};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::routing::post;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::support::{self, Calls, TOKEN, body, layer};

async fn through(app: Router, text: impl Into<Body>) -> (StatusCode, String) {
    let request = Request::post("/").header("content-type", "application/json").body(text.into()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let status = response.status();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(text.to_vec()).unwrap())
}

#[tokio::test]
async fn extractors_that_read_the_body_go_on_working() {
    let json = post(|delivery: Delivery, axum::Json(value): axum::Json<serde_json::Value>| async move {
        format!("{} {}", delivery.event(), value["data"]["id"])
    });
    let app = Router::new().route("/", json.layer(layer()));
    assert_eq!(through(app, body(TOKEN, r#"{"id":7}"#)).await, (StatusCode::OK, "call.created 7".into()));

    let bytes = post(|bytes: Bytes| async move { bytes.len().to_string() });
    let app = Router::new().route("/", bytes.layer(layer()));
    let whole = body(TOKEN, "{}");
    assert_eq!(through(app, whole.clone()).await, (StatusCode::OK, whole.len().to_string()));
}

#[tokio::test]
async fn the_tenant_is_an_extractor_too() {
    let tokens = Tokens::new([(Token::new(TOKEN).unwrap(), Tenant::new("acme").unwrap())]).unwrap();
    let app = || Router::new().route("/", post(|tenant: Tenant| async move { tenant.to_string() }));
    assert_eq!(
        through(app().layer(WebhookLayer::new(tokens)), body(TOKEN, "{}")).await,
        (StatusCode::OK, "acme".into())
    );

    // No tenant was configured: the handler's rejection is its own affair, the delivery is acknowledged.
    assert_eq!(through(app().layer(layer()), body(TOKEN, "{}")).await, (StatusCode::OK, String::new()));

    let optional = post(|tenant: Option<Tenant>, delivery: Option<Delivery>| async move {
        format!("{tenant:?} {}", delivery.is_some())
    });
    let app = Router::new().route("/", optional);
    assert_eq!(through(app.clone().layer(layer()), body(TOKEN, "{}")).await.1, "None true");
    assert_eq!(through(app, body(TOKEN, "{}")).await.1, "None false");
}

#[tokio::test]
async fn a_handler_without_the_layer_says_nothing_to_strangers() {
    let app = Router::new().route("/", post(|_: Delivery| async {}));
    assert_eq!(through(app, body(TOKEN, "{}")).await, (StatusCode::INTERNAL_SERVER_ERROR, String::new()));
    let parts = &mut Request::new(()).into_parts().0;
    let missing = <Delivery as FromRequestParts<()>>::from_request_parts(parts, &()).await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the request has no `Delivery` in its extensions, expected a `WebhookLayer` on this route"
    );
}

async fn delivered(text: impl Into<Bytes>) -> Delivery {
    let calls = Calls::default();
    let answer = support::post(&layer(), &calls, text).await;
    assert_eq!(answer.kind, OutcomeKind::Handled, "{:?}", answer.reason);
    calls.only().0
}

#[tokio::test]
async fn a_retry_has_the_same_key_and_every_other_event_another() {
    let mut keys = HashMap::new();
    for event in events() {
        let key = delivered(event.body).await.dedup_key();
        assert_eq!(delivered(event.body).await.dedup_key(), key, "{}: the same bytes again", event.name);
        if let Some(other) = keys.insert(key, event) {
            assert_eq!(other.body, event.body, "{} and {} are different events", other.name, event.name);
        }
    }
    // The look-alikes: one event, call and second for two agents; one user closed twice.
    for lookalikes in ["call.ringing_on_agent", "user.closed.v2"] {
        let bodies: Vec<_> = events().iter().filter(|event| event.event == lookalikes).collect();
        assert!(bodies.len() >= 2, "{lookalikes} has {} fixtures", bodies.len());
    }
}

#[tokio::test]
async fn the_key_ignores_the_token_and_nothing_else() {
    let tokens = Tokens::new([Token::new("one").unwrap(), Token::new("longer").unwrap()]).unwrap();
    let layer = WebhookLayer::new(tokens);
    let mut keys = Vec::new();
    for text in
        [body("one", "{}"), body("longer", "{}"), body("one", "{ }"), body("one", "{}").replace("call\"", "Call\"")]
    {
        let calls = Calls::default();
        support::post(&layer, &calls, text).await;
        keys.push(calls.only().0.dedup_key());
    }
    assert_eq!(keys[0], keys[1]);
    assert!(keys[0] != keys[2] && keys[0] != keys[3] && keys[2] != keys[3]);
    // Stored keys outlive versions, so the value is part of the contract.
    assert_eq!(keys[0].to_string(), "01a0c4506c009f00740ebddef86304cc");
    assert_eq!(keys[0].to_bytes().len(), 16);
}

#[tokio::test]
async fn keys_are_in_the_order_of_the_time_in_the_envelope() {
    let at = async |time: &str| {
        let text = body(TOKEN, "{}").replace("1790000000", time);
        delivered(text).await.dedup_key()
    };
    let mut keys = Vec::new();
    for time in ["-5", "0", "1790000000", "1790000001", "9007199254740991"] {
        keys.push(at(time).await);
    }
    assert!(keys[2..].is_sorted(), "{keys:?}");
    let times: Vec<_> = keys.iter().map(|key| key.to_string()[..12].to_owned()).collect();
    assert_eq!(times, ["000000000000", "000000000000", "01a0c4506c00", "01a0c4506fe8", "ffffffffffff"]);
    assert_ne!(keys[0], keys[1], "what has no place among the times still differs");
}

#[tokio::test]
async fn a_delivery_knows_when_it_came_and_reads_its_data_as_asked() {
    #[derive(serde::Deserialize)]
    struct Call<'a> {
        id: u64,
        status: &'a str,
    }
    let before = SystemTime::now();
    let delivery = delivered(body(TOKEN, r#"{"id":4294967400,"status":"done"}"#)).await;
    let call: Call<'_> = delivery.data().unwrap();
    assert_eq!((call.id, call.status), (4_294_967_400, "done"));
    assert!(delivery.data::<u64>().is_err());
    assert!(delivery.received_at() >= before && delivery.received_at() <= before + Duration::from_secs(60));
    assert_eq!(delivery.clone().timestamp().unix_seconds(), 1_790_000_000);
}

#[tokio::test]
async fn a_compact_delivery_holds_nothing_but_its_body() {
    /// The memory of a server, of which a request is but a part.
    struct ReadBuffer(Vec<u8>, Arc<AtomicBool>);
    impl AsRef<[u8]> for ReadBuffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    impl Drop for ReadBuffer {
        fn drop(&mut self) {
            self.1.store(true, Ordering::SeqCst);
        }
    }
    let text = body(TOKEN, r#"{"id":7}"#);
    let freed = Arc::new(AtomicBool::new(false));
    let mut read = vec![b' '; 400 * 1024];
    read.splice(1000..1000, text.bytes());
    let received = Bytes::from_owner(ReadBuffer(read, Arc::clone(&freed))).slice(1000..1000 + text.len());
    let place = received.as_ptr();

    let delivery = delivered(received).await;
    assert_eq!(delivery.body().as_ptr(), place, "as it came, it is not copied");
    assert!(!freed.load(Ordering::SeqCst));
    let key = delivery.dedup_key();
    let kept = delivery.compact();
    assert!(freed.load(Ordering::SeqCst), "nothing of the server's is held any more");
    assert_ne!(kept.body().as_ptr(), place);
    assert_eq!((kept.body(), kept.raw_data(), kept.dedup_key()), (&Bytes::from(text), r#"{"id":7}"#, key));
    assert_eq!(kept.raw_data_bytes().as_ptr(), kept.raw_data().as_ptr(), "its parts share its own");
}
