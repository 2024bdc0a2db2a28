//! A call as a user would derive it who wants all of it, each field of the type that the vendor documents.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct WholeEvent {
    pub(crate) resource: String,
    pub(crate) event: String,
    pub(crate) timestamp: i64,
    pub(crate) token: String,
    pub(crate) data: WholeCall,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WholeCall {
    pub(crate) id: u64,
    pub(crate) direct_link: Option<String>,
    pub(crate) direction: Option<String>,
    pub(crate) call_uuid: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) missed_call_reason: Option<String>,
    pub(crate) started_at: Option<i64>,
    pub(crate) answered_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) duration: Option<i64>,
    pub(crate) cost: Option<String>,
    pub(crate) hangup_cause: Option<String>,
    pub(crate) voicemail: Option<String>,
    pub(crate) voicemail_short_url: Option<String>,
    pub(crate) recording: Option<String>,
    pub(crate) asset: Option<String>,
    pub(crate) raw_digits: Option<String>,
    #[serde(default)]
    pub(crate) participants: Vec<Participant>,
    pub(crate) number: Option<Number>,
    pub(crate) user: Option<Person>,
    pub(crate) contact: Option<Person>,
    pub(crate) assigned_to: Option<Person>,
    pub(crate) archived: Option<bool>,
    #[serde(default)]
    pub(crate) teams: Vec<Named>,
    #[serde(default)]
    pub(crate) comments: Vec<Comment>,
    #[serde(default)]
    pub(crate) tags: Vec<Named>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Number {
    pub(crate) id: u64,
    pub(crate) direct_link: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) digits: Option<String>,
    pub(crate) e164_digits: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) open: Option<bool>,
    pub(crate) availability_status: Option<String>,
    pub(crate) is_ivr: Option<bool>,
    pub(crate) live_recording_activated: Option<bool>,
    pub(crate) messages: Option<Messages>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Messages {
    pub(crate) welcome: Option<String>,
    pub(crate) waiting: Option<String>,
    pub(crate) ivr: Option<String>,
    pub(crate) voicemail: Option<String>,
    pub(crate) closed: Option<String>,
    pub(crate) callback_later: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) direct_link: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Participant {
    pub(crate) phone_number: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) id: u64,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) content: Option<String>,
    pub(crate) posted_at: Option<i64>,
}
