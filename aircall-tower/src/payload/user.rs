//! A user, which is an agent or administrator.

use super::object::object;
use super::word::words;
use super::{Field, Id, List, Number, Text, Time};

object! {
    /// Describes a user: the whole object of the `user.*.v2` events, and wherever another object names somebody.
    ///
    /// Other objects leave keys out, more of them in 2022 than today.
    pub struct User {
        /// Identifies the user. Observed.
        pub id: Field<Id>,
        /// The user's address in the REST API, under `/v2/` for V2 (documented). Observed.
        pub direct_link: Field<Text>,
        /// The user's name. Observed.
        pub name: Field<Text>,
        /// The user's e-mail address. Observed.
        pub email: Field<Text>,
        /// Whether their working hours make them available. Not a sign of presence. Observed.
        pub available: Field<bool>,
        /// Their availability in a word. Not a sign of presence. Observed.
        pub availability_status: Field<UserAvailability>,
        /// Their language, an IETF tag. Observed.
        pub language: Field<Text>,
        /// Seconds of rest after each call. Observed; missing in calls today.
        pub wrap_up_time: Field<i64>,
        /// When the user was created, in ISO 8601. Documented; missing in bodies of 2022.
        pub created_at: Field<Time>,
        /// Their time zone, an IANA name, `Etc/UTC` by default. Documented; missing in bodies of 2022.
        pub time_zone: Field<Text>,
        /// Whether they take calls by their hours or always or never, or why they do not. Documented.
        pub substatus: Field<Substatus>,
        /// Their short internal number. Documented.
        pub extension: Field<Text>,
        /// Their last call, in the wrap-up events of V2. Third-party.
        pub last_call_id: Field<Id>,
    }
}

object! {
    /// Describes a user as the first version of the `user.*` events does: with their numbers.
    ///
    /// These events are announced as soon to be deprecated. Those of the second version hold a [`User`].
    pub struct UserV1 {
        /// Identifies the user. Observed.
        pub id: Field<Id>,
        /// The user's address in the REST API. Observed.
        pub direct_link: Field<Text>,
        /// The user's name. Observed.
        pub name: Field<Text>,
        /// The user's e-mail address. Observed.
        pub email: Field<Text>,
        /// Whether their working hours make them available. Unchanged when the app is closed. Observed.
        pub available: Field<bool>,
        /// Their availability in a word, which may disagree with `available`. Observed.
        pub availability_status: Field<UserAvailability>,
        /// Their language, an IETF tag. Observed.
        pub language: Field<Text>,
        /// Seconds of rest after each call. Observed.
        pub wrap_up_time: Field<i64>,
        /// Their numbers, about 1000 bytes each, with no limit; `[]` for a new user. Observed.
        pub numbers: Field<List<Number>>,
        /// When the user was created, in ISO 8601. Documented; missing in bodies of 2022.
        pub created_at: Field<Time>,
        /// Their time zone, an IANA name, `Etc/UTC` by default. Documented; missing in bodies of 2022.
        pub time_zone: Field<Text>,
        /// Whether they take calls by their hours or always or never, or why they do not. Documented.
        pub substatus: Field<Substatus>,
        /// Their short internal number. Documented.
        pub extension: Field<Text>,
    }
}

words! {
    /// Says whether a user can be called, by their settings.
    pub enum UserAvailability {
        /// At any time. Documented; seen.
        Available = "available",
        /// By their working hours. Documented.
        Custom = "custom",
        /// Never. Documented; seen.
        Unavailable = "unavailable",
    }
}

words! {
    /// Says which setting or reason decides on a user's calls, in the word of the wire.
    ///
    /// Two sources spell most of them differently. [`meaning`](Self::meaning) is the same for both.
    pub enum Substatus {
        /// Always open, in one spelling of the documentation.
        AlwaysOpen = "always_open",
        /// Always open, in the other.
        AlwaysOpened = "always_opened",
        /// Always closed. Documented.
        AlwaysClosed = "always_closed",
        /// Away to eat. Documented.
        OutForLunch = "Out for lunch",
        /// Away to eat. Third-party.
        OutForLunchWord = "out_for_lunch",
        /// On a break. Documented.
        OnABreak = "On a break",
        /// On a break. Third-party.
        OnABreakWord = "on_a_break",
        /// In training. Documented.
        InTraining = "In training",
        /// In training. Third-party.
        InTrainingWord = "in_training",
        /// At other work. Documented.
        BackOffice = "Back office",
        /// At other work. Third-party.
        DoingBackOffice = "doing_back_office",
        /// Another reason. Documented.
        Other = "Other",
        /// Another reason. Third-party.
        OtherWord = "other",
    }
}

impl Substatus {
    /// Returns the same word for both spellings: the documented one, and `AlwaysOpen`.
    #[must_use]
    pub fn meaning(&self) -> Self {
        match self {
            Self::AlwaysOpened => Self::AlwaysOpen,
            Self::OutForLunchWord => Self::OutForLunch,
            Self::OnABreakWord => Self::OnABreak,
            Self::InTrainingWord => Self::InTraining,
            Self::DoingBackOffice => Self::BackOffice,
            Self::OtherWord => Self::Other,
            same => same.clone(),
        }
    }
}
