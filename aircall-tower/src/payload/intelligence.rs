//! What Aircall's conversation intelligence made of a call.

mod content;
mod participant;

pub use self::content::{Content, Transcript, Utterance};
pub use self::participant::{IntelligenceParticipant, ParticipantKind, Sentiment};
use super::object::object;
use super::{Decimal, Field, Id, List, RawJson, Text, Time};

object! {
    /// Holds a result of conversation intelligence: of which kind, [`Payload`](super::Payload) tells by its variant.
    ///
    /// One type for all kinds, as the vendor has one table for them. Which fields a kind fills is said by the
    /// documentation alone: no real body is public.
    pub struct Intelligence {
        /// Identifies the result: an integer (documented) or a string (third-party). Of a sentiment, the same as `call_id`.
        pub id: Field<Id>,
        /// The call: a string in the table of the documentation, an integer in its samples.
        pub call_id: Field<Id>,
        /// The call's id at the carrier. Documented.
        pub call_uuid: Field<Text>,
        /// The number, of a transcription. Documented.
        pub number_id: Field<Id>,
        /// What was transcribed, `call` or `voicemail`: `type` on the wire. Documented.
        pub kind: Field<Text> = "type",
        /// Who took part, of a transcription or sentiment. Documented.
        pub participants: Field<List<IntelligenceParticipant>>,
        /// The result itself, by kind. Documented; none for a sentiment.
        pub content: Field<Content>,
        /// When the call was created, in ISO 8601. Documented.
        pub call_created_at: Field<Time>,
        /// When the result was created, in ISO 8601. Documented.
        pub created_at: Field<Time>,
        /// When the result was last changed, in ISO 8601. Documented.
        pub updated_at: Field<Time>,
        /// The user who created it. Documented.
        pub created_by: Field<Id>,
        /// The user who last changed it. Documented.
        pub updated_by: Field<Id>,
        /// Whether a machine made it. Documented.
        pub ai_generated: Field<bool>,
        /// The language, an IETF tag: here by one document of the vendor, inside of `content` by the other.
        pub language: Field<Text>,
        /// How well the call kept to a playbook, 0.83 in a sample: most likely from 0 to 1 (inferred). Documented.
        pub adherence_score: Field<Decimal>,
        /// The playbook. Documented.
        pub playbook: Field<Box<Playbook>>,
        /// What became of the topics of the playbook. Documented.
        pub playbook_result_topics: Field<List<PlaybookTopic>>,
    }
}

impl Intelligence {
    /// Returns the text of a summary or an action item.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.content.get()? {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the topics, none for any other kind.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        let topics = match self.content.get() {
            Some(Content::List(topics)) => Some(topics),
            _ => None,
        };
        topics.into_iter().flatten().map(Text::as_str)
    }

    /// Returns the transcript, if the event holds it.
    ///
    /// The documentation is unclear about that; the REST API has it at `/v1/calls/:id/transcription`.
    #[must_use]
    pub fn transcript(&self) -> Option<&Transcript> {
        match self.content.get()? {
            Content::Transcript(transcript) => Some(transcript),
            _ => None,
        }
    }
}

object! {
    /// Names a playbook.
    pub struct Playbook {
        /// Identifies the playbook. Documented.
        pub id: Field<Id>,
        /// Its name. Documented.
        pub name: Field<Text>,
        /// Its language, an IETF tag. Documented.
        pub language: Field<Text>,
    }
}

object! {
    /// Says what became of a topic of a playbook.
    pub struct PlaybookTopic {
        /// The topic. Documented.
        pub name: Field<Text>,
        /// What became of it, of any type. Documented.
        pub result: Field<RawJson>,
    }
}
