//! What is being said in a call that goes on.

use super::object::object;
use super::{Direction, Field, Id, List, ParticipantKind, Text};

object! {
    /// Holds what was said in the last seconds of a call.
    ///
    /// Two forms are known: the reference has `call` and `utterances`, a production test (third-party) `call_id` and
    /// `content`. Read [`utterances`](Self::utterances) and [`call_id`](Self::call_id), which take both.
    pub struct RealtimeTranscription {
        /// Identifies the event's part of the transcription. Documented.
        pub id: Field<Id>,
        /// The call. Documented.
        pub call: Field<Box<RealtimeCall>>,
        /// What was said, in order. Documented.
        pub utterances: Field<List<RealtimeUtterance>>,
        /// The call's id, in the other form. Third-party.
        pub call_id: Field<Id>,
        /// What was said, in the other form. Third-party.
        pub content: Field<RealtimeContent>,
    }
}

impl RealtimeTranscription {
    /// Returns what was said, from either form.
    pub fn utterances(&self) -> impl Iterator<Item = &RealtimeUtterance> {
        let in_content = || self.content.get().and_then(|content| content.utterances.get());
        self.utterances.get().or_else(in_content).into_iter().flatten()
    }

    /// Returns the call's id, from either form.
    #[must_use]
    pub fn call_id(&self) -> Option<&Id> {
        self.call.get().and_then(|call| call.id.get()).or(self.call_id.get())
    }
}

object! {
    /// Names the call that is being transcribed.
    pub struct RealtimeCall {
        /// Identifies the call; may be missing. Documented.
        pub id: Field<Id>,
        /// The call's id at the carrier. Documented.
        pub uuid: Field<Text>,
        /// Aircall's end. Documented.
        pub number_id: Field<Id>,
        /// Who called whom. Documented.
        pub direction: Field<Direction>,
    }
}

object! {
    /// Wraps what was said, in the form that a production test has. Third-party.
    pub struct RealtimeContent {
        /// What was said, in order. Third-party.
        pub utterances: Field<List<RealtimeUtterance>>,
    }
}

object! {
    /// Holds what somebody said without a break.
    pub struct RealtimeUtterance {
        /// On which side. Documented.
        pub participant_type: Field<ParticipantKind>,
        /// Which user, on the inside: an integer here. Documented.
        pub user_id: Field<Id>,
        /// When, in a unit that no source names. Milliseconds since 1970 is a guess. Documented.
        pub timestamp: Field<i64>,
        /// For how many milliseconds. Documented.
        pub duration_ms: Field<i64>,
        /// What was said. Documented.
        pub text: Field<Text>,
        /// The language, an IETF tag. Documented.
        pub language: Field<Text>,
    }
}
