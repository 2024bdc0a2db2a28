//! What agents add to a call.

use crate::payload::object::object;
use crate::payload::{Field, Id, Text, Time, User};

object! {
    /// Holds a note on a call.
    pub struct Comment {
        /// Identifies the note. Observed.
        pub id: Field<Id>,
        /// The text, which may have several lines. Observed.
        pub content: Field<Text>,
        /// Who wrote it; `null` if that was done through the API (documented). Observed, today with fewer keys.
        pub posted_by: Field<Box<User>>,
        /// When, in seconds. Observed.
        pub posted_at: Field<Time>,
    }
}

object! {
    /// Holds a tag of a call, as events write it or as the REST API does.
    pub struct Tag {
        /// Identifies the tag. Observed.
        pub id: Field<Id>,
        /// Its text. Observed.
        pub name: Field<Text>,
        /// Who set it; `{}` if the system did. Observed.
        pub tagged_by: Field<Box<User>>,
        /// When, in seconds. Observed.
        pub tagged_at: Field<Time>,
        /// Its color, as `#0033CC`. Documented for the REST API, never seen in events.
        pub color: Field<Text>,
        /// What it is for. Documented for the REST API, never seen in events.
        pub description: Field<Text>,
        /// Its address in the REST API. Documented there, never seen in events.
        pub direct_link: Field<Text>,
    }
}
