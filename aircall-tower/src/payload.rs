//! The objects that events are about, typed, without losing anything that stands in them.
//!
//! [`Delivery::payload`](crate::Delivery::payload) reads `data` as the object that its event is known to hold. Every key
//! that any source names has a [`Field`] of its own, whose documentation says how well it is known:
//!
//! - *observed*: seen in real deliveries;
//! - *documented*: the vendor says so;
//! - *third-party*: only others say so;
//! - *inferred*: we conclude it.
//!
//! Real bodies differ from all documentation, so nothing here is a reason to refuse one. A missing key, `null`, `{}` and
//! `[]` are told apart; a value of an unexpected type is kept as JSON and spoils no other; an unknown word of an
//! enumeration is its `Unknown`; unknown keys are in `others`.
//!
//! What was read is written back as the same JSON: nothing dropped, nothing renamed, no number rounded. Key order may
//! change. So a payload can be stored, and read again with [`Payload::new`].
//!
//! ```
//! use aircall_tower::EventName;
//! use aircall_tower::payload::{Payload, Time};
//!
//! let data = r#"{"id":4223501188,"direction":"inbound","status":"done","started_at":1790000000,"answered_at":null,
//!     "ended_at":1790000017,"raw_digits":"+44 20 7946 0123","user":{},"duration":"17 s","weather":"fine"}"#;
//! let Payload::Call(call) = Payload::new(&EventName::CallEnded, data.parse()?) else { unreachable!() };
//! assert!(call.is_missed());
//! assert_eq!(call.other_party().as_deref(), Some("+442079460123"));
//! assert_eq!(call.ended_at.get().map(Time::to_string).as_deref(), Some("2026-09-21T14:13:37.000Z"));
//! // No agent, a duration that is no number of seconds, and a key that nobody has heard of:
//! assert!(call.agent().is_none());
//! assert_eq!(call.duration.get(), None);
//! assert_eq!(call.duration.other().unwrap().get(), r#""17 s""#);
//! assert_eq!(call.others.get("weather").unwrap().get(), r#""fine""#);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! The types here are made for `serde_json`. Other formats, and `serde`'s own buffers behind `flatten` and `untagged`,
//! cannot carry JSON that stays as it is.

// What values are made of.
mod checked;
mod raw;
mod text;
mod id;
mod decimal;
mod time;
mod field;
mod list;
mod members;

// What objects are made of.
mod object;
mod word;
#[cfg(feature = "schema")]
mod schema;
mod phone;
mod media;

// The objects.
mod call;
mod contact;
mod number;
mod user;
mod team;
mod message;
mod group_message;
mod integration;
mod intelligence;
mod realtime;
mod voice_agent;
mod analytics;
mod campaign;

// The one that an event holds.
mod kind;

pub use self::analytics::{Analytics, ReportStatus};
pub use self::call::{
    Call, CallParticipant, CallParticipantKind, CallStatus, Comment, Direction, IvrOption, MissedCallReason, Tag,
};
pub use self::campaign::OutboundCampaign;
pub(crate) use self::checked::{Checked, FromChecked};
pub use self::contact::{Contact, ContactEntry};
pub use self::decimal::Decimal;
pub use self::field::Field;
pub use self::group_message::GroupMessage;
pub use self::id::Id;
pub use self::integration::Integration;
pub use self::intelligence::{
    Content, Intelligence, IntelligenceParticipant, ParticipantKind, Playbook, PlaybookTopic, Sentiment, Transcript,
    Utterance,
};
pub use self::kind::Payload;
pub use self::list::List;
pub use self::media::{MediaKind, MediaLink, presigned_until};
pub use self::members::Members;
pub use self::message::{
    Attachment, Message, MessageChannel, MessageStatus, WhatsappMessageCategory, WhatsappMessageType,
};
pub use self::number::{Number, NumberAvailability, NumberMessages};
pub use self::phone::e164;
pub use self::raw::RawJson;
pub use self::realtime::{RealtimeCall, RealtimeContent, RealtimeTranscription, RealtimeUtterance};
pub use self::team::Team;
pub use self::text::Text;
pub use self::time::Time;
pub use self::user::{Substatus, User, UserAvailability, UserV1};
pub use self::voice_agent::{AiVoiceAgent, CallEndReason, ExtractedData};
