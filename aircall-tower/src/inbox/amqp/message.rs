//! An event as a message: the event itself is the body, and what is known about its way rides in headers.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use sha2::{Digest, Sha256};

use super::super::Event;

const TURN: &str = "aircall-turn";
const ATTEMPTS: &str = "aircall-attempts";
const WAIT: &str = "aircall-wait-ms";
const REASON: &str = "aircall-reason";
const DEAD: &str = "aircall-dead";

/// Tells duplicates: the same for the same key and tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) [u8; 16]);

/// Tells an event that was put from a duplicate of it, which has the same [`Key`]. It stays with the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Copy(pub(super) [u8; 16]);

/// An event on its way through the queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) event: Event,
    pub(super) copy: Copy,
    /// How often it has been published because of how an attempt ended. Of two messages the one with less is stale.
    pub(super) turn: u32,
    /// How many attempts there had been when it was published.
    pub(super) attempts: u32,
    /// How long it still has to wait when it arrives.
    pub(super) wait: Duration,
    /// Why the latest attempt was not the last, or why it was.
    pub(super) reason: Option<String>,
    /// It was published as a dead letter.
    pub(super) dead: bool,
    /// How often the broker has handed this message out in vain.
    pub(super) redeliveries: u32,
}

impl Message {
    pub(super) fn new(event: Event) -> Self {
        Self {
            event,
            copy: Copy::random(),
            turn: 0,
            attempts: 0,
            wait: Duration::ZERO,
            reason: None,
            dead: false,
            redeliveries: 0,
        }
    }

    /// Reads a message, or says why it is none of ours.
    pub(super) fn read(delivery: &Delivery) -> Result<Self, String> {
        let event: Event = serde_json::from_slice(&delivery.data).map_err(|error| error.to_string())?;
        let headers = delivery.properties.headers().as_ref().map(FieldTable::inner);
        let number = |name: &str| headers.and_then(|headers| as_number(headers.get(name)?)).unwrap_or(0);
        let small = |name: &str| u32::try_from(number(name)).unwrap_or(u32::MAX);
        let text = |name: &str| headers.and_then(|headers| as_text(headers.get(name)?));
        let copy = delivery.properties.message_id().as_ref().and_then(|id| Copy::parse(id.as_str()));
        Ok(Self {
            event,
            copy: copy.ok_or("its message id is not 32 hex digits")?,
            turn: small(TURN),
            attempts: small(ATTEMPTS),
            wait: Duration::from_millis(number(WAIT)),
            reason: text(REASON),
            dead: text(DEAD).is_some(),
            redeliveries: small("x-delivery-count"),
        })
    }

    pub(super) fn key(&self) -> Key {
        Key::of(&self.event)
    }

    pub(super) fn body(&self) -> Vec<u8> {
        // What is made of strings and numbers can always be written.
        serde_json::to_vec(&self.event).unwrap_or_default()
    }

    pub(super) fn properties(&self) -> BasicProperties {
        let mut headers = BTreeMap::new();
        let mut text = |name: &str, value: &str| {
            headers.insert(ShortString::from(name), AMQPValue::LongString(value.into()));
        };
        // For people, who see these before the body.
        text("aircall-key", &self.event.key);
        text("aircall-event", &cut(&self.event.event));
        if let Some(subject) = &self.event.subject {
            text("aircall-subject", &cut(subject));
        }
        if let Some(tenant) = &self.event.tenant {
            text("aircall-tenant", &cut(tenant));
        }
        if let Some(reason) = &self.reason {
            text(REASON, &cut(reason));
        }
        if self.dead {
            text(DEAD, "yes");
        }
        let mut number = |name: &str, value: u64| {
            if value > 0 {
                headers.insert(name.into(), AMQPValue::LongLongInt(i64::try_from(value).unwrap_or(i64::MAX)));
            }
        };
        number(TURN, self.turn.into());
        number(ATTEMPTS, self.attempts.into());
        number(WAIT, u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX));
        BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(2)
            .with_message_id(self.copy.to_string().into())
            .with_timestamp(u64::try_from(self.event.received_at_ms / 1000).unwrap_or(0))
            .with_headers(headers.into())
    }
}

impl Key {
    fn of(event: &Event) -> Self {
        let mut hash = Sha256::new();
        // The length in front keeps one tenant's end from being another one's beginning.
        let tenant = event.tenant.as_deref().unwrap_or_default();
        hash.update((tenant.len() as u64).to_le_bytes());
        hash.update(tenant);
        hash.update(&event.key);
        Self(std::array::from_fn({
            let digest = hash.finalize();
            move |at| digest[at]
        }))
    }

    /// The number of the event, the same wherever and whenever it is met.
    pub(super) fn id(&self) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        i64::from_le_bytes([a, b, c, d, e, f, g, h]) & i64::MAX
    }
}

impl Copy {
    fn random() -> Self {
        // Each `RandomState` has keys of its own, from the system's randomness.
        let half = || RandomState::new().hash_one(std::process::id()).to_le_bytes();
        let (first, second) = (half(), half());
        Self(std::array::from_fn(|at| if at < 8 { first[at] } else { second[at - 8] }))
    }

    fn parse(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl std::fmt::Display for Copy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

fn as_number(value: &AMQPValue) -> Option<u64> {
    match value {
        AMQPValue::LongLongInt(number) => u64::try_from(*number).ok(),
        AMQPValue::LongInt(number) => u64::try_from(*number).ok(),
        AMQPValue::LongUInt(number) => Some((*number).into()),
        AMQPValue::ShortInt(number) => u64::try_from(*number).ok(),
        AMQPValue::ShortUInt(number) => Some((*number).into()),
        AMQPValue::ShortShortInt(number) => u64::try_from(*number).ok(),
        AMQPValue::ShortShortUInt(number) => Some((*number).into()),
        _ => None,
    }
}

fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

/// The headers of a message have to fit one frame.
fn cut(reason: &str) -> String {
    reason.chars().take(1000).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::contract;
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let mut message = Message::new(contract::event(1));
        let read = |message: &Message| {
            let mut delivery = Delivery::mock(1, "".into(), "q".into(), false, message.body());
            delivery.properties = message.properties();
            Message::read(&delivery)
        };
        assert_eq!(read(&message), Ok(message.clone()));
        message.turn = 3;
        message.attempts = 7;
        message.wait = Duration::from_millis(1500);
        message.reason = Some("status 500".to_owned());
        message.dead = true;
        message.event.tenant = Some("a tenant".to_owned());
        assert_eq!(read(&message), Ok(message));
        let stranger = Delivery::mock(1, "".into(), "q".into(), false, b"hello".to_vec());
        assert!(Message::read(&stranger).is_err());
    }

    #[test]
    fn copies_differ_and_keys_are_of_key_and_tenant() {
        let event = contract::event(1);
        assert_ne!(Message::new(event.clone()).copy, Message::new(event.clone()).copy);
        let mut other = event.clone();
        other.tenant = Some("another".to_owned());
        assert_ne!(Key::of(&event), Key::of(&other));
        other.tenant = None;
        other.body.clear();
        assert_eq!(Key::of(&event), Key::of(&other));
    }
}
