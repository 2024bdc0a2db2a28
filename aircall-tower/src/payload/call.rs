//! A call.

mod annotation;
mod facts;
mod participant;

pub use self::annotation::{Comment, Tag};
pub use self::participant::{CallParticipant, CallParticipantKind, IvrOption};
use super::object::object;
use super::word::words;
use super::{Contact, Decimal, Field, Id, List, Number, RawJson, Team, Text, Time, User};

object! {
    /// Describes a call at the moment an event was built, which is all that any `call.*` event holds.
    ///
    /// `call.hungup` comes at once and may be incomplete, `call.ended` some thirty seconds later and is not; media links
    /// may be missing until `call.comm_assets_generated`.
    pub struct Call {
        /// Identifies the call. Needs 64 bits, or soon will: ids passed 4 223 000 000 in October 2026. Observed.
        pub id: Field<Id>,
        /// The call's id at the carrier, `CA` and 32 hexadecimal digits. Documented; missing in bodies of 2022.
        pub call_uuid: Field<Text>,
        /// The same value as `call_uuid`, by the name it has in the REST API. Documented.
        pub sid: Field<Text>,
        /// The call's address in the REST API. Observed.
        pub direct_link: Field<Text>,
        /// Who called whom. Observed.
        pub direction: Field<Direction>,
        /// How far the call has come. Observed.
        pub status: Field<CallStatus>,
        /// Why nobody answered. `null` for other calls, and for a missed one whose caller asked to be called back.
        /// Observed.
        pub missed_call_reason: Field<MissedCallReason>,
        /// When it began, in seconds. Observed.
        pub started_at: Field<Time>,
        /// When somebody answered, in seconds; `null` until then. Observed.
        pub answered_at: Field<Time>,
        /// When it ended, in seconds; `null` until then. Observed.
        pub ended_at: Field<Time>,
        /// Seconds from start to end, ringing included; 0 until it is over. Observed. For the time people
        /// talked there is [`talk_time`](Self::talk_time).
        pub duration: Field<i64>,
        /// What it cost in US cents, as a string. Observed; documented as deprecated.
        pub cost: Field<Decimal>,
        /// Why it ended. `null` wherever it was seen; no values are documented.
        pub hangup_cause: Field<Text>,
        /// A presigned link to the voicemail, dead after ten minutes (observed) or an hour (documented).
        pub voicemail: Field<Text>,
        /// A presigned link to the recording, dead after an hour. Documented; `null` wherever it was seen.
        pub recording: Field<Text>,
        /// A short link to the recording, good for three hours. Documented.
        pub recording_short_url: Field<Text>,
        /// A short link to the voicemail, good for three hours. Documented.
        pub voicemail_short_url: Field<Text>,
        /// A page with the recording or voicemail. Observed; the documentation writes its path differently.
        pub asset: Field<Text>,
        /// The other party's number as people write it, or `anonymous`. Observed. See [`other_party`](Self::other_party).
        pub raw_digits: Field<Text>,
        /// Who took, makes or is rung for the call. Missing (observed), `null` or `{}` (documented) if nobody.
        pub user: Field<Box<User>>,
        /// The other party, if a contact matches. Documented; missing wherever nobody matched.
        pub contact: Field<Box<Contact>>,
        /// To whom the call was assigned afterwards. Documented.
        pub assigned_to: Field<Box<User>>,
        /// Aircall's end of the call. Observed.
        pub number: Field<Box<Number>>,
        /// Whether it was archived, which is how agents mark it as done. Observed; deprecated for Workspace users.
        pub archived: Field<bool>,
        /// The teams it rang, for inbound calls. Documented; empty wherever it was seen.
        pub teams: Field<List<Team>>,
        /// Notes that agents took, at most five. Observed.
        pub comments: Field<List<Comment>>,
        /// Tags that agents or rules set. Observed.
        pub tags: Field<List<Tag>>,
        /// To whom it was transferred, also if that failed; the first user of a team (documented). Stays in all later
        /// events of the call. Observed.
        pub transferred_to: Field<Box<User>>,
        /// Who transferred it, also if that failed. Stays in all later events of the call. Observed.
        pub transferred_by: Field<Box<User>>,
        /// The outside number it was transferred to, in `call.external_transferred`. Documented.
        pub external_transferred_to: Field<Text>,
        /// The outside caller's number, in `call.external_transferred`. Documented.
        pub external_caller_number: Field<Text>,
        /// Everybody in the call. Documented; missing in bodies of 2022.
        pub participants: Field<List<CallParticipant>>,
        /// The same list, by the name it has in the REST API. Documented.
        pub conference_participants: Field<List<CallParticipant>>,
        /// What the caller chose in menus, in order. Documented. Later events may lack it, so keep it (third-party).
        pub ivr_options_selected: Field<List<IvrOption>>,
        /// The call that asked for this callback. Documented, for six of the events.
        pub automatic_callback_call_id: Field<Id>,
        /// Voice agents in the call, in the REST API on request. Documented, without a table of its own.
        pub ai_voice_agents: Field<List<RawJson>>,
    }
}

words! {
    /// Says who began a call or wrote a message.
    pub enum Direction {
        /// From outside to an Aircall number. Observed.
        Inbound = "inbound",
        /// From an Aircall number to outside. Observed.
        Outbound = "outbound",
    }
}

words! {
    /// Says how far a call has come.
    pub enum CallStatus {
        /// It rings, or is in a menu or queue. Observed.
        Initial = "initial",
        /// Somebody answered. Observed.
        Answered = "answered",
        /// It is over. Observed.
        Done = "done",
    }
}

words! {
    /// Says why nobody answered a call.
    pub enum MissedCallReason {
        /// It rang, and no agent took it. Observed.
        AgentsDidNotAnswer = "agents_did_not_answer",
        /// The number was closed. Documented.
        OutOfOpeningHours = "out_of_opening_hours",
        /// The caller hung up within seconds. Documented.
        ShortAbandoned = "short_abandoned",
        /// The caller hung up in a menu. Documented.
        AbandonedInIvr = "abandoned_in_ivr",
        /// The caller hung up while it rang or in the queue. Documented by name; the meaning is inferred.
        AbandonedInClassic = "abandoned_in_classic",
        /// No agent could be rung. Documented.
        NoAvailableAgent = "no_available_agent",
    }
}
