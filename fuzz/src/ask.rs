//! Asks a payload for everything that can be asked, and checks that the answers agree with each other.

use std::cmp::Ordering;
use std::fmt::{Debug, Display};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

use aircall_tower::Timestamp;
use aircall_tower::payload::*;

/// Something that can be asked.
pub trait Ask {
    /// Asks it.
    ///
    /// # Panics
    ///
    /// Panics if two answers contradict each other.
    fn ask(&self);
}

impl Ask for Payload {
    fn ask(&self) {
        let _ = (self.call_id(), format!("{self:?}"));
        match self {
            Self::Call(object) => object.ask(),
            Self::Contact(object) => object.ask(),
            Self::Number(object) => object.ask(),
            Self::UserV1(object) => object.ask(),
            Self::UserV2(object) => object.ask(),
            Self::Team(object) => object.ask(),
            Self::Message(object) => object.ask(),
            Self::GroupMessage(object) => object.ask(),
            Self::Integration(object) => object.ask(),
            Self::RealtimeTranscription(object) => object.ask(),
            Self::AiVoiceAgent(object) => object.ask(),
            Self::Analytics(object) => object.ask(),
            Self::OutboundCampaign(object) => object.ask(),
            Self::Unknown(raw) => raw.ask(),
            other => other.intelligence().expect("every other payload is of intelligence").ask(),
        }
    }
}

macro_rules! objects {
    ($($name:ident { $($field:ident)* } $(|$object:ident| $facts:expr)?;)*) => {$(
        impl Ask for $name {
            fn ask(&self) {
                // A field that is not listed here would go unasked.
                const { assert!([$(stringify!($field)),*].len() == Self::KEYS.len()) };
                $(self.$field.ask();)*
                self.others.ask();
                $(
                    let $object = self;
                    $facts;
                )?
            }
        }
    )*};
}

objects! {
    Analytics {
        export_id status created download_url_expires_at format export_name is_zip_compressed download_link
        error_message report_id download_url error created_at
    } |report| { let _ = (report.id(), report.url(), report.expires_at(), report.failure()); };
    Call {
        id call_uuid sid direct_link direction status missed_call_reason started_at answered_at ended_at duration
        cost hangup_cause voicemail recording recording_short_url voicemail_short_url asset raw_digits user contact
        assigned_to number archived teams comments tags transferred_to transferred_by external_transferred_to
        external_caller_number participants conference_participants ivr_options_selected automatic_callback_call_id
        ai_voice_agents
    } |call| {
        let facts = (call.is_inbound(), call.is_outbound(), call.is_over(), call.is_answered());
        assert_eq!(call.is_missed(), facts.0 && facts.2 && !facts.3);
        assert!(!(facts.0 && facts.1));
        let _ = (call.talk_time(), call.waiting_time(), call.uuid(), call.ivr_choice());
        assert_eq!(call.agent(), call.user.get().map(Box::as_ref));
        is_number(call.other_party());
        for link in call.media() {
            assert!(!link.url().is_empty());
            let _ = (link.kind(), [i64::MIN, 0, i64::MAX].map(|at| link.expires_at(Timestamp::from_millis(at))));
        }
    };
    Comment {
        id content posted_by posted_at
    };
    Tag {
        id name tagged_by tagged_at color description direct_link
    };
    CallParticipant {
        id name phone_number kind
    };
    IvrOption {
        id title key branch created_at transition_started_at transition_ended_at
    };
    OutboundCampaign {
        id company_id call_id number_id campaign_id attempt_id outcome_id outcome_label attempt_number max_attempts
    };
    Contact {
        id direct_link first_name last_name company_name information is_shared created_at updated_at emails
        phone_numbers description
    } |contact| assert!(contact.display_name().is_none_or(|name| !name.is_empty()));
    ContactEntry {
        id label value
    };
    GroupMessage {
        id group_message_id group_conversation_id participants body status external_number created_at updated_at
        sent_at direct_link direction media_url number
    } |group| group.other_parties().for_each(|party| is_number(Some(party)));
    Integration {
        integration_id company_id id name deleted_at
    };
    Intelligence {
        id call_id call_uuid number_id kind participants content call_created_at created_at updated_at created_by
        updated_by ai_generated language adherence_score playbook playbook_result_topics
    } |result| {
        let given = [result.text().is_some(), result.topics().next().is_some(), result.transcript().is_some()];
        assert!(given.iter().filter(|given| **given).count() <= 1);
    };
    Playbook {
        id name language
    };
    PlaybookTopic {
        name result
    };
    Transcript {
        language utterances
    };
    Utterance {
        start_time end_time text participant_type user_id phone_number
    };
    IntelligenceParticipant {
        participant_type kind phone_number value user_id ai_voice_agent_id
    } |participant| _ = participant.side();
    Message {
        id direct_link direction external_number body status raw_digits channel media_details media_url created_at
        updated_at sent_at number contact user template_content kind metadata parent_id recipient_country
        whatsapp_message_category whatsapp_message_type content from to media_urls received_at
    } |message| {
        assert!(!(message.is_inbound() && message.is_outbound()));
        let _ = (message.text(), message.agent());
        is_number(message.other_party());
    };
    Attachment {
        file_name file_type presigned_url
    } |attachment| _ = attachment.expires_at();
    Number {
        id direct_link name digits e164_digits country time_zone open availability_status is_ivr
        live_recording_activated users messages priority created_at flow_editor_enabled
    } |number| is_number(number.e164());
    NumberMessages {
        welcome waiting ivr voicemail closed callback_later ringing_tone unanswered_call after_hours
    };
    RealtimeTranscription {
        id call utterances call_id content
    } |realtime| { let _ = (realtime.utterances().count(), realtime.call_id()); };
    RealtimeCall {
        id uuid number_id direction
    };
    RealtimeContent {
        utterances
    };
    RealtimeUtterance {
        participant_type user_id timestamp duration_ms text language
    };
    Team {
        id name direct_link created_at users
    };
    User {
        id direct_link name email available availability_status language wrap_up_time created_at time_zone substatus
        extension last_call_id
    };
    UserV1 {
        id direct_link name email available availability_status language wrap_up_time numbers created_at time_zone
        substatus extension
    };
    AiVoiceAgent {
        id call_id call_uuid ai_voice_agent_id ai_voice_agent_name ai_voice_agent_session_id number_id
        external_caller_number aircall_number created_at started_at ended_at call_end_reason escalation_reason
        extracted_data initial_direction agent_id agent_name escalated_to summary intake_answers
    } |agent| {
        is_number(agent.other_party());
        assert_eq!(agent.answers().count(), agent.extracted_data.get().map_or(0, |data| data.pairs().count()));
    };
    ExtractedData {
        question answer
    };
}

/// Says whether a text is a number of E.164.
fn is_number(number: Option<String>) {
    let Some(number) = number else { return };
    let digits = number.strip_prefix('+').expect("a plus");
    assert!((7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()), "{number}");
}

macro_rules! words {
    ($($name:ident)*) => {$(
        impl Ask for $name {
            fn ask(&self) {
                assert_eq!(self.to_string(), self.as_str());
                assert_eq!(Self::from(Text::from(self.as_str())).as_str(), self.as_str());
                alike(self);
            }
        }
    )*};
}

words! {
    ReportStatus Direction CallStatus MissedCallReason CallParticipantKind ParticipantKind Sentiment MessageStatus
    MessageChannel WhatsappMessageCategory WhatsappMessageType NumberAvailability UserAvailability CallEndReason
}

impl Ask for Substatus {
    fn ask(&self) {
        assert_eq!(self.meaning().meaning(), self.meaning());
        alike(self);
    }
}

impl<T: Ask + Clone + PartialEq + Debug> Ask for Field<T> {
    fn ask(&self) {
        assert_eq!(self.is_given(), self.get().is_some() || self.other().is_some());
        assert!(self.get().is_none() || self.other().is_none());
        assert_eq!(self.is_absent(), matches!(self, Self::Absent));
        assert_eq!(self.clone().get_mut().as_deref(), self.get());
        assert_eq!(self.clone().into_value().as_ref(), self.get());
        if let Some(value) = self.get() {
            value.ask();
        }
        if let Some(raw) = self.other() {
            raw.ask();
        }
    }
}

impl<T: Ask + Clone + PartialEq + Debug> Ask for List<T> {
    fn ask(&self) {
        self.fields().iter().for_each(Ask::ask);
        assert_eq!(self.is_empty(), self.fields().is_empty());
        assert!(self.iter().eq(self.fields().iter().filter_map(Field::get)));
        assert!(self.iter().rev().eq(self.fields().iter().rev().filter_map(Field::get)));
    }
}

impl Ask for Members {
    fn ask(&self) {
        assert_eq!(self.len(), self.iter().count());
        assert_eq!(self.is_empty(), self.iter().next().is_none());
        // Looking for each among all takes long where there are many.
        for (key, value) in self.iter().take(50) {
            key.ask();
            value.ask();
            assert!(key.is_broken() || self.get(key).is_some());
        }
    }
}

impl<T: Ask> Ask for Box<T> {
    fn ask(&self) {
        (**self).ask();
    }
}

impl Ask for Content {
    fn ask(&self) {
        match self {
            Self::Text(text) => text.ask(),
            Self::List(list) => list.ask(),
            Self::Transcript(transcript) => transcript.ask(),
            Self::Object(members) => members.ask(),
            _ => unreachable!("a content that nobody here has heard of"),
        }
    }
}

impl Ask for Text {
    fn ask(&self) {
        assert_eq!(self.to_string(), self.as_str());
        assert!(!self.is_broken() || self.contains(char::REPLACEMENT_CHARACTER));
        let _ = (e164(self), presigned_until(self));
        alike(self);
    }
}

impl Ask for Id {
    fn ask(&self) {
        let shown = self.to_string();
        assert_eq!(self.as_u64().map(|number| number.to_string()).unwrap_or_else(|| shown.clone()), shown);
        // Both forms are one id.
        let quoted = Self::from(&*shown);
        assert!(quoted == *self && quoted.is_string());
        assert_eq!((self.cmp(&quoted), hash(self)), (Ordering::Equal, hash(&quoted)));
        assert!(self.as_u64().is_none_or(|number| *self == number && hash(&Self::from(number)) == hash(self)));
        alike(self);
    }
}

impl Ask for Decimal {
    fn ask(&self) {
        assert!(!self.to_f64().is_nan());
        assert_eq!(self.to_string(), self.as_str());
        let _ = (self.is_string(), format!("{self:?}"), hash(self));
    }
}

impl Ask for Time {
    fn ask(&self) {
        self.written().ask();
        let timestamp = self.timestamp();
        let shown = self.to_string();
        // What is shown can be read, where a year has four digits.
        if shown.len() == "2026-09-21T14:13:20.000Z".len() && !shown.starts_with('-') {
            let again: Self = serde_json::from_str(&format!("\"{shown}\"")).expect("a time");
            assert_eq!((again.timestamp(), &again), (timestamp, self));
        }
        let _ = timestamp.to_system_time();
        assert_eq!(timestamp.unix_millis().div_euclid(1000), timestamp.unix_seconds());
        let _ = (self.cmp(self), hash(self), format!("{self:?}"));
    }
}

impl Ask for RawJson {
    fn ask(&self) {
        assert_eq!(self.get().parse::<Self>().expect("JSON"), *self);
        assert_eq!(self.to_string(), self.get());
        let _ = (hash(self), format!("{self:?}"));
    }
}

impl Ask for bool {
    fn ask(&self) {}
}

impl Ask for i64 {
    fn ask(&self) {}
}

/// What is equal sorts and hashes alike.
fn alike<T: Ord + Hash + Clone + Debug + Display>(one: &T) {
    let other = one.clone();
    assert_eq!((one.cmp(&other), one, hash(one)), (Ordering::Equal, &other, hash(&other)));
    let _ = format!("{one:?} {one:>3}");
}

fn hash(value: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}
