//! A team of users.

use super::object::object;
use super::{Field, Id, List, Text, Time, User};

object! {
    /// Describes a team. No real `team.*` event is known; these are the fields of the REST API.
    pub struct Team {
        /// Identifies the team. Documented.
        pub id: Field<Id>,
        /// Its name, unique in the account, at most 64 characters. Documented.
        pub name: Field<Text>,
        /// Its address in the REST API. Documented.
        pub direct_link: Field<Text>,
        /// When it was created, in ISO 8601. Documented.
        pub created_at: Field<Time>,
        /// Its users, without `available`. Documented.
        pub users: Field<List<User>>,
    }
}
