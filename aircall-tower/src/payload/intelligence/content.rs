//! The result itself, whose type changes with its kind.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ParticipantKind;
use crate::payload::object::object;
use crate::payload::{Checked, Decimal, Field, FromChecked, Id, List, Members, RawJson, Text};

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
        let content = RawJson::deserialize(deserializer)?.read_checked();
        content.ok_or_else(|| D::Error::custom("expected a string, an array or an object"))
    }
}

impl FromChecked for Content {
    fn from_checked(json: &mut Checked<'_>) -> Option<Self> {
        match json.first() {
            b'"' => Text::from_checked(json).map(Self::Text),
            b'[' => List::from_checked(json).map(Self::List),
            _ => {
                let mut is_transcript = false;
                json.clone().object(|key, json| {
                    is_transcript |= key.whole().as_deref() == Some("utterances");
                    json.value().map(drop)
                })?;
                if is_transcript {
                    Box::from_checked(json).map(Self::Transcript)
                } else {
                    Members::from_checked(json).map(Self::Object)
                }
            }
        }
    }
}
