//! A contact of the account.

use super::object::object;
use super::{Field, Id, List, Text, Time};

object! {
    /// Describes a contact: the whole object of `contact.*` events, and the other party of a call or message.
    pub struct Contact {
        /// Identifies the contact. Observed.
        pub id: Field<Id>,
        /// Its address in the REST API. Observed.
        pub direct_link: Field<Text>,
        /// The first name. Observed; may be `null` (third-party).
        pub first_name: Field<Text>,
        /// The last name. Observed; may be `null` (third-party).
        pub last_name: Field<Text>,
        /// The company. Observed; may be `null` (third-party).
        pub company_name: Field<Text>,
        /// Free text, often empty. Observed.
        pub information: Field<Text>,
        /// Whether all users see it. Observed.
        pub is_shared: Field<bool>,
        /// When it was created: in seconds in 2022 (observed), in ISO 8601 today (documented).
        pub created_at: Field<Time>,
        /// When it was last changed: in seconds in 2022 (observed), in ISO 8601 today (documented).
        pub updated_at: Field<Time>,
        /// Its e-mail addresses. Observed; `[]` in the event of its deletion.
        pub emails: Field<List<ContactEntry>>,
        /// Its telephone numbers. Observed.
        pub phone_numbers: Field<List<ContactEntry>>,
        /// Free text. Third-party.
        pub description: Field<Text>,
    }
}

impl Contact {
    /// Returns first and last name, or the one of them that is there, or the company.
    #[must_use]
    pub fn display_name(&self) -> Option<String> {
        let part = |field: &Field<Text>| field.get().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        match (part(&self.first_name), part(&self.last_name)) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (first, last) => first.or(last).or_else(|| part(&self.company_name)),
        }
    }
}

object! {
    /// Holds an e-mail address or telephone number of a contact.
    pub struct ContactEntry {
        /// Identifies the entry. Observed.
        pub id: Field<Id>,
        /// What kind it is, in the user's words, such as `Work`. Observed.
        pub label: Field<Text>,
        /// The address, or the number as people write it. Observed.
        pub value: Field<Text>,
    }
}
