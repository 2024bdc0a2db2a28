//! An integration of the account.

use super::object::object;
use super::{Field, Id, Text, Time};

object! {
    /// Names the integration that was deleted.
    pub struct Integration {
        /// Identifies the integration. Documented.
        pub integration_id: Field<Id>,
        /// Identifies the account. Documented.
        pub company_id: Field<Id>,
        /// Identifies the integration, in another document of the vendor that contradicts the first.
        pub id: Field<Id>,
        /// Its name, in the same other document.
        pub name: Field<Text>,
        /// When it was deleted, in the same other document.
        pub deleted_at: Field<Time>,
    }
}
