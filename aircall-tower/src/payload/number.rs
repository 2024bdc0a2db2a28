//! A telephone number of the account, also called a line.

use super::object::object;
use super::word::words;
use super::{Field, Id, List, Text, Time, User, e164};

object! {
    /// Describes a number: the whole object of `number.*` events, and a part of calls, messages and V1 users.
    pub struct Number {
        /// Identifies the number. Observed.
        pub id: Field<Id>,
        /// Its address in the REST API. Observed.
        pub direct_link: Field<Text>,
        /// Its name. Observed.
        pub name: Field<Text>,
        /// The number as people write it, with spaces, whatever the documentation says. Observed.
        pub digits: Field<Text>,
        /// The number in E.164 form. Documented; missing in bodies of 2022. See [`e164`](Self::e164).
        pub e164_digits: Field<Text>,
        /// Its country, by ISO 3166-1 alpha-2. Observed.
        pub country: Field<Text>,
        /// Its time zone, an IANA name. Observed.
        pub time_zone: Field<Text>,
        /// Whether it is open now. Observed; out of date for Smartflows numbers (documented).
        pub open: Field<bool>,
        /// Whether it is open always, never, or by its hours. Stays `custom` when it closes. Observed.
        pub availability_status: Field<NumberAvailability>,
        /// Whether callers meet a menu. Observed; out of date for Smartflows numbers (documented).
        pub is_ivr: Field<bool>,
        /// Whether calls are recorded. Observed.
        pub live_recording_activated: Field<bool>,
        /// Its users, in `number.*` events only; `[]` when it is deleted. Observed.
        pub users: Field<List<User>>,
        /// What callers hear. Observed.
        pub messages: Field<Box<NumberMessages>>,
        /// Its precedence in queues (inferred): `null`, 0 or 1. Documented.
        pub priority: Field<i64>,
        /// When it was created, in ISO 8601. Documented; missing in bodies of 2022.
        pub created_at: Field<Time>,
        /// Whether it is a Smartflows number. Documented for the REST API.
        pub flow_editor_enabled: Field<bool>,
    }
}

impl Number {
    /// Returns the number in E.164 form: as stated, else derived from the form that people write.
    #[must_use]
    pub fn e164(&self) -> Option<String> {
        [&self.e164_digits, &self.digits].into_iter().filter_map(Field::get).find_map(|digits| e164(digits))
    }
}

object! {
    /// Holds the addresses of what callers of a number hear. Any of them may be missing or `null`.
    pub struct NumberMessages {
        /// At the beginning. Observed.
        pub welcome: Field<Text>,
        /// In the queue. Observed.
        pub waiting: Field<Text>,
        /// In the menu. Observed.
        pub ivr: Field<Text>,
        /// Before the beep. Observed.
        pub voicemail: Field<Text>,
        /// While the number is closed. Observed.
        pub closed: Field<Text>,
        /// When they ask to be called back. Observed.
        pub callback_later: Field<Text>,
        /// While it rings. Documented.
        pub ringing_tone: Field<Text>,
        /// When nobody answers. Documented.
        pub unanswered_call: Field<Text>,
        /// After hours. Documented.
        pub after_hours: Field<Text>,
    }
}

words! {
    /// Says when a number is open.
    pub enum NumberAvailability {
        /// Always. Observed.
        Open = "open",
        /// By its hours. Observed.
        Custom = "custom",
        /// Never. Documented.
        Closed = "closed",
    }
}
