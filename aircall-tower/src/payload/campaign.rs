//! An attempt of an outbound campaign.

use super::object::object;
use super::{Field, Id, Text};

object! {
    /// Records how an attempt of an outbound campaign came out. The event is in no published list; one was seen.
    pub struct OutboundCampaign {
        /// Identifies the attempt, a UUID. Observed.
        pub id: Field<Id>,
        /// Identifies the account. Observed.
        pub company_id: Field<Id>,
        /// The call of the attempt. Observed.
        pub call_id: Field<Id>,
        /// The number that called. Observed.
        pub number_id: Field<Id>,
        /// The campaign, a UUID. Observed.
        pub campaign_id: Field<Id>,
        /// The same value as `id`. Observed.
        pub attempt_id: Field<Id>,
        /// The kind of outcome, a UUID. Observed.
        pub outcome_id: Field<Id>,
        /// The kind of outcome in words, which the customer chooses (inferred). Observed.
        pub outcome_label: Field<Text>,
        /// Which attempt it was, beginning with 1 (inferred). Observed.
        pub attempt_number: Field<i64>,
        /// After how many attempts the campaign gives up. Observed.
        pub max_attempts: Field<i64>,
    }
}
