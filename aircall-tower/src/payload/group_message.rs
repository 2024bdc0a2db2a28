//! A message among several.

use super::object::object;
use super::{Direction, Field, Id, List, MessageStatus, Number, Text, Time, e164, phone};

object! {
    /// Describes a message of a group conversation. Its `resource` is `message` (third-party, from samples).
    pub struct GroupMessage {
        /// Identifies the message, a UUID. Third-party, from documentation samples.
        pub id: Field<Id>,
        /// Identifies the message, in the REST API. Documented.
        pub group_message_id: Field<Id>,
        /// Identifies the conversation, a UUID. Documented.
        pub group_conversation_id: Field<Id>,
        /// The others' numbers, without a plus in events (third-party), with one in the REST API (documented). See
        /// [`other_parties`](Self::other_parties).
        pub participants: Field<List<Text>>,
        /// The text. Documented; may be `null`.
        pub body: Field<Text>,
        /// How far it has come. Documented.
        pub status: Field<MessageStatus>,
        /// Who of the others wrote it, on `group_message.received`. Third-party.
        pub external_number: Field<Id>,
        /// When it was created: in ISO 8601, in milliseconds in the REST API. Documented.
        pub created_at: Field<Time>,
        /// When it last changed, in the REST API. Documented.
        pub updated_at: Field<Time>,
        /// When it was sent, in the REST API. Documented.
        pub sent_at: Field<Time>,
        /// Its address in the REST API. Documented.
        pub direct_link: Field<Text>,
        /// Who wrote to whom, in the REST API. Documented.
        pub direction: Field<Direction>,
        /// Links to attached files, in the REST API. Documented.
        pub media_url: Field<List<Text>>,
        /// Aircall's end, in the REST API. Documented.
        pub number: Field<Box<Number>>,
    }
}

impl GroupMessage {
    /// Returns the numbers of the others in E.164 form, with or without a plus on the wire, those that are numbers.
    pub fn other_parties(&self) -> impl Iterator<Item = String> {
        self.participants.items().filter_map(|number| e164(number).or_else(|| phone::digits(number)))
    }
}
