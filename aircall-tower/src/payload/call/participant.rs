//! Who is in a call, and what the caller chose on the way.

use crate::payload::object::object;
use crate::payload::word::words;
use crate::payload::{Field, Id, Text, Time};

object! {
    /// Names somebody in a call.
    pub struct CallParticipant {
        /// Identifies a user or contact; an integer or a string, by which part of the documentation one reads. Missing
        /// for external ones.
        pub id: Field<Id>,
        /// The name of a user or contact. Documented.
        pub name: Field<Text>,
        /// The number of a contact or external one, as people write it. Documented; missing for users.
        pub phone_number: Field<Text>,
        /// What they are: `type` on the wire. Documented.
        pub kind: Field<CallParticipantKind> = "type",
    }
}

words! {
    /// Says what a participant of a call is.
    pub enum CallParticipantKind {
        /// An agent. Documented.
        User = "user",
        /// Somebody with an entry among the contacts. Documented.
        Contact = "contact",
        /// Somebody else. Documented.
        External = "external",
    }
}

object! {
    /// Records a choice in a menu.
    pub struct IvrOption {
        /// Identifies the option. Documented.
        pub id: Field<Id>,
        /// Its title. Documented.
        pub title: Field<Text>,
        /// The key that was pressed, or `fallback` for none or a wrong one. Documented.
        pub key: Field<Text>,
        /// The branch it leads to. Documented.
        pub branch: Field<Text>,
        /// When it was chosen, in ISO 8601. Documented.
        pub created_at: Field<Time>,
        /// When the way there began, in ISO 8601. Documented.
        pub transition_started_at: Field<Time>,
        /// When the way there ended, in ISO 8601. Documented.
        pub transition_ended_at: Field<Time>,
    }
}
