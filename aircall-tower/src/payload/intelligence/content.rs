//! The result itself, whose type changes with its kind.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ParticipantKind;
use crate::payload::object::object;
use crate::payload::{Decimal, Field, Id, List, Members, RawJson, Text};

/// Holds the result, told apart by its JSON type and not by the event: no real body is public.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// A string: a summary or an action item. Documented.
    Text(Text),
    /// An array: topics. Documented.
    List(List<Text>),
    /// An object with `utterances`: a transcript. Documented for the REST API.
    Transcript(Box<Transcript>),
    /// Any other object, as custom summaries and evaluations may have. Inferred.
    Object(Members),
}

object! {
    /// Holds what was said in a call.
    pub struct Transcript {
        /// The language, an IETF tag. Documented.
        pub language: Field<Text>,
        /// What was said, in order. Documented.
        pub utterances: Field<List<Utterance>>,
    }
}

object! {
    /// Holds what somebody said without a break.
    pub struct Utterance {
        /// Seconds from the beginning, with a fraction. Documented.
        pub start_time: Field<Decimal>,
        /// Seconds from the beginning, with a fraction. Documented.
        pub end_time: Field<Decimal>,
        /// What was said. Documented.
        pub text: Field<Text>,
        /// On which side. Documented.
        pub participant_type: Field<ParticipantKind>,
        /// Which user, on the inside: an integer here. Documented.
        pub user_id: Field<Id>,
        /// Whose number, on the outside. Documented.
        pub phone_number: Field<Text>,
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Transcript(transcript) => transcript.serialize(serializer),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'"') => raw.read().map(Self::Text),
            Some(b'[') => raw.read().map(Self::List),
            Some(b'{') => raw.read().map(|members: Members| match members.get("utterances") {
                Some(_) => Self::Transcript(Box::new(Transcript::from_members(members))),
                None => Self::Object(members),
            }),
            _ => return Err(D::Error::custom("expected a string, an array or an object")),
        }
        .map_err(D::Error::custom)
    }
}
