//! Who took part, and in which mood.

use crate::payload::object::object;
use crate::payload::word::words;
use crate::payload::{Field, Id, Text};

object! {
    /// Names somebody who took part in a call that was analysed.
    pub struct IntelligenceParticipant {
        /// On which side they were. Documented.
        pub participant_type: Field<ParticipantKind>,
        /// On which side they were, by the name it has in the REST API: `type` on the wire. Documented.
        pub kind: Field<ParticipantKind> = "type",
        /// The number, on the outside. Documented.
        pub phone_number: Field<Text>,
        /// The mood, of a sentiment. Documented.
        pub value: Field<Sentiment>,
        /// The user, on the inside: a string here. Documented.
        pub user_id: Field<Id>,
        /// The voice agent, of a transcription. Documented.
        pub ai_voice_agent_id: Field<Id>,
    }
}

impl IntelligenceParticipant {
    /// Returns on which side they were, by either of its names.
    #[must_use]
    pub fn side(&self) -> Option<&ParticipantKind> {
        self.participant_type.get().or(self.kind.get())
    }
}

words! {
    /// Says on which side of a call somebody is.
    pub enum ParticipantKind {
        /// An agent. Documented.
        Internal = "internal",
        /// The other party. Documented.
        External = "external",
        /// A machine that answers calls. Documented.
        AiVoiceAgent = "ai_voice_agent",
    }
}

words! {
    /// Says in which mood somebody was.
    pub enum Sentiment {
        /// Content. Documented.
        Positive = "POSITIVE",
        /// Neither. Documented.
        Neutral = "NEUTRAL",
        /// Annoyed. Documented.
        Negative = "NEGATIVE",
    }
}
