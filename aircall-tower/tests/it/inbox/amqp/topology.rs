//! What is in which queue, and what is refused.

use std::time::Duration;

use aircall_tower::inbox::amqp::{AmqpOptions, AmqpStore, Memory};
use aircall_tower::inbox::{
    Claim, Claimed, Counts, Filter, Operate, Settlement, State, Store, StoreErrorKind, contract,
};
use lapin::BasicProperties;
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use tokio::time::{Instant, sleep, timeout};

use super::broker::Broker;

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_queue_is_refused() {
    let Some(broker) = Broker::find() else { return };
    let queue = broker.queue();
    let (_connection, channel) = broker.channel().await;
    channel.queue_declare(queue.as_str().into(), QueueDeclareOptions::durable(), FieldTable::default()).await.unwrap();
    let error = AmqpOptions::new(Memory::process()).with_queue(queue).open(broker.uri()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unusable, "{error}");
    // Whichever of the arguments it looks at first.
    assert!(error.to_string().contains("inequivalent arg"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_queue_is_not_acknowledged_and_the_queue_is_made_anew() {
    let Some(broker) = Broker::find() else { return };
    let queue = broker.queue();
    let store = open(&broker, &queue).await;
    let (_connection, channel) = broker.channel().await;
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    let error = store.put(vec![contract::event(1)]).await.unwrap_err();
    assert_eq!(error.to_string(), "the broker returned a message, expected a queue for it where one was declared");
    let end = Instant::now() + Duration::from_secs(30);
    while let Err(error) = store.put(vec![contract::event(1)]).await {
        assert!(Instant::now() < end, "{error}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_spent_in_a_queue_that_outlives_the_process() {
    let Some(broker) = Broker::find() else { return };
    let queue = broker.queue();
    let store = open(&broker, &queue).await;
    store.put(vec![contract::event(1)]).await.unwrap();
    let claimed = until_claimed(&store).await;
    let retry = Settlement::Retry { after: Duration::from_secs(100), reason: "status 500".to_owned() };
    store.settle(vec![(claimed.lease, retry)]).await.unwrap();
    let (_connection, channel) = broker.channel().await;
    let waits = format!("{queue}.delay.64s");
    let message = channel.basic_get(waits.as_str().into(), BasicGetOptions::default()).await.unwrap().unwrap();
    let headers = format!("{:?}", message.properties.headers());
    for header in [
        "aircall-wait-ms\"): LongLongInt(36000",
        "aircall-attempts\"): LongLongInt(1",
        "aircall-turn\"): LongLongInt(1",
    ] {
        assert!(headers.contains(header), "{header} in {headers}");
    }
    assert_eq!(store.operator().counts().await.unwrap().running, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_seen_brought_back_and_let_go() {
    let Some(broker) = Broker::find() else { return };
    let store = open(&broker, &broker.queue()).await;
    store.put(vec![contract::event(1), contract::event(2)]).await.unwrap();
    for _ in 0..2 {
        let claimed = until_claimed(&store).await;
        store.settle(vec![(claimed.lease, Settlement::Dead { reason: "a test".to_owned() })]).await.unwrap();
    }
    let operator = store.operator();
    let expected = Counts { dead: 2, ..Counts::default() };
    assert_eq!(operator.counts().await.unwrap(), expected);
    let entries = operator.list(Filter::default()).await.unwrap();
    let seen: Vec<_> = entries.iter().map(|entry| (entry.state, entry.attempts, entry.last_error.as_deref())).collect();
    assert_eq!(seen, [(State::Dead, 1, Some("a test")); 2]);
    let ready = Filter { state: Some(State::Ready), ..Filter::default() };
    operator.list(ready).await.unwrap_err();
    let (_, event) = operator.get(entries[0].id).await.unwrap().unwrap();
    assert_eq!(event, contract::event(2));

    assert_eq!(operator.replay(vec![entries[1].id, 12345]).await.unwrap(), 1);
    let claimed = until_claimed(&store).await;
    assert_eq!((claimed.event.key, claimed.attempt, claimed.interrupted), (contract::event(1).key, 1, 0));
    store.settle(vec![(claimed.lease, Settlement::Done)]).await.unwrap();
    assert_eq!(operator.discard(vec![entries[0].id]).await.unwrap(), 1);
    assert_eq!(operator.counts().await.unwrap(), Counts { done: 1, ..Counts::default() });
    // The keys of both are kept.
    store.put(vec![contract::event(1), contract::event(2)]).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    assert_eq!(store.claim(claim()).await.unwrap(), []);
    // Until they are forgotten by hand.
    assert_eq!(operator.purge(Duration::ZERO).await.unwrap(), 1);
    store.put(vec![contract::event(1)]).await.unwrap();
    assert_eq!(until_claimed(&store).await.event.key, contract::event(1).key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_moved_back_by_other_means_is_handled() {
    let Some(broker) = Broker::find() else { return };
    let queue = broker.queue();
    let store = open(&broker, &queue).await;
    store.put(vec![contract::event(1)]).await.unwrap();
    let claimed = until_claimed(&store).await;
    store.settle(vec![(claimed.lease, Settlement::Dead { reason: "a test".to_owned() })]).await.unwrap();
    let (_connection, channel) = broker.channel().await;
    let dead = format!("{queue}.dead");
    let letter = channel.basic_get(dead.as_str().into(), BasicGetOptions { no_ack: true }).await.unwrap().unwrap();
    let (options, properties) = (BasicPublishOptions::default(), letter.properties.clone());
    channel.basic_publish("".into(), queue.as_str().into(), options, &letter.data, properties).await.unwrap();
    let claimed = until_claimed(&store).await;
    assert_eq!((claimed.attempt, claimed.interrupted), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_no_event_goes_to_the_dead_letters_of_the_broker() {
    let Some(broker) = Broker::find() else { return };
    let queue = broker.queue();
    let store = open(&broker, &queue).await;
    let (_connection, channel) = broker.channel().await;
    let options = BasicPublishOptions::default();
    channel
        .basic_publish("".into(), queue.as_str().into(), options, b"hello", BasicProperties::default())
        .await
        .unwrap();
    store.put(vec![contract::event(1)]).await.unwrap();
    assert_eq!(until_claimed(&store).await.event.key, contract::event(1).key);
    let end = Instant::now() + Duration::from_secs(30);
    while store.operator().counts().await.unwrap().dead < 1 {
        assert!(Instant::now() < end, "it is not among the dead letters");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_subjects_is_not_promised() {
    let Some(broker) = Broker::find() else { return };
    let store = open(&broker, &broker.queue()).await;
    let error = store.claim(Claim { in_order: true, ..claim() }).await.unwrap_err();
    assert_eq!(error.to_string(), "a queue does not keep the order of each subject, expected a claim without");
}

#[tokio::test]
async fn a_wrong_uri_is_refused_without_being_told() {
    let error = AmqpOptions::new(Memory::process()).open_later("http://user:secret@host/").unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unusable);
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = AmqpOptions::new(Memory::process()).with_queue("").open_later("amqp://localhost/").unwrap_err();
    assert_eq!(error.to_string(), "the name of the queue has 0 bytes, expected 1 to 243");
    let store = AmqpOptions::new(Memory::process()).open_later("amqp://user:secret@127.0.0.1:1/").unwrap();
    assert!(!format!("{store:?} {:?}", store.operator()).contains("secret"));
    let error = store.put(vec![contract::event(1)]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

async fn open(broker: &Broker, queue: &str) -> AmqpStore {
    AmqpOptions::new(Memory::process())
        .with_queue(queue)
        .open(broker.uri())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

fn claim() -> Claim {
    Claim { max: 1, lease: Duration::from_secs(60), in_order: false }
}

async fn until_claimed(store: &AmqpStore) -> Claimed {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(claimed) = store.claim(claim()).await.unwrap().pop() {
            return claimed;
        }
        assert!(Instant::now() < end, "nothing could be claimed");
        let _ = timeout(Duration::from_millis(200), store.wait_due()).await;
    }
}
