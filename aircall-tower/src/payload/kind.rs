//! Which object an event holds.

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::{
    AiVoiceAgent, Analytics, Call, Contact, GroupMessage, Id, Integration, Intelligence, Message, Number,
    OutboundCampaign, RawJson, RealtimeTranscription, Team, User, UserV1,
};
use crate::EventName;

/// Holds the object that an event is about.
///
/// Which one it is follows from the name of the event alone, as the sources contradict each other about `resource`.
/// Serialised, it is the object and nothing around it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload {
    /// Of `call.*`.
    Call(Box<Call>),
    /// Of `contact.*`.
    Contact(Box<Contact>),
    /// Of `number.*`.
    Number(Box<Number>),
    /// Of `user.*` without `.v2` at the end.
    UserV1(Box<UserV1>),
    /// Of `user.*.v2`.
    UserV2(Box<User>),
    /// Of `team.*`.
    Team(Box<Team>),
    /// Of `message.*`, in webhooks and in message callbacks.
    Message(Box<Message>),
    /// Of `group_message.*`.
    GroupMessage(Box<GroupMessage>),
    /// Of `integration.deleted`.
    Integration(Box<Integration>),
    /// Of `sentiment.created`: `participants` with their moods.
    Sentiment(Box<Intelligence>),
    /// Of `summary.created`: a [`text`](Intelligence::text).
    Summary(Box<Intelligence>),
    /// Of `topics.created`: [`topics`](Intelligence::topics).
    Topics(Box<Intelligence>),
    /// Of `transcription.created`: perhaps a [`transcript`](Intelligence::transcript).
    Transcription(Box<Intelligence>),
    /// Of `action_item.created`: a [`text`](Intelligence::text).
    ActionItem(Box<Intelligence>),
    /// Of `playbook_result.*`: `adherence_score`, `playbook` and `playbook_result_topics`.
    PlaybookResult(Box<Intelligence>),
    /// Of `custom_summary.*`: no table of its fields is known.
    CustomSummary(Box<Intelligence>),
    /// Of `call_evaluation.*`: no table of its fields is known.
    CallEvaluation(Box<Intelligence>),
    /// Of `realtime_transcription.utterances_received`.
    RealtimeTranscription(Box<RealtimeTranscription>),
    /// Of `ai_voice_agent.*`.
    AiVoiceAgent(Box<AiVoiceAgent>),
    /// Of `analytics.*`.
    Analytics(Box<Analytics>),
    /// Of `outbound_campaign.outcome_recorded`.
    OutboundCampaign(Box<OutboundCampaign>),
    /// Of an event that this version does not know, or `data` that is no object at all.
    ///
    /// Where you know better what it is, read it: `raw.read::<Call>()` takes any object.
    Unknown(RawJson),
}

impl Payload {
    /// Reads the `data` of an event as the object that the event holds. It never fails: see [`Unknown`](Self::Unknown).
    ///
    /// [`Delivery::payload`](crate::Delivery::payload) does it for a delivery; this is for JSON that was stored.
    #[must_use]
    pub fn new(event: &EventName, data: RawJson) -> Self {
        use EventName::*;
        match event {
            CallCreated
            | CallRingingOnAgent
            | CallAgentDeclined
            | CallAnswered
            | CallTransferred
            | CallExternalTransferred
            | CallUnsuccessfulTransfer
            | CallHungup
            | CallEnded
            | CallVoicemailLeft
            | CallCommented
            | CallTagged
            | CallUntagged
            | CallAssigned
            | CallArchived
            | CallHold
            | CallUnhold
            | CallIvrOptionSelected
            | CallCommAssetsGenerated => read(data, Self::Call),
            ContactCreated | ContactUpdated | ContactDeleted => read(data, Self::Contact),
            NumberCreated | NumberDeleted | NumberOpened | NumberClosed => read(data, Self::Number),
            UserCreated | UserDeleted | UserConnected | UserDisconnected | UserOpened | UserClosed | UserWutStart
            | UserWutEnd => read(data, Self::UserV1),
            UserCreatedV2 | UserDeletedV2 | UserConnectedV2 | UserDisconnectedV2 | UserOpenedV2 | UserClosedV2
            | UserWutStartV2 | UserWutEndV2 => read(data, Self::UserV2),
            TeamCreated | TeamDestroyed => read(data, Self::Team),
            MessageSent | MessageReceived | MessageStatusUpdated | MessageUpdated => read(data, Self::Message),
            GroupMessageSent | GroupMessageReceived | GroupMessageStatusUpdated => read(data, Self::GroupMessage),
            IntegrationDeleted => read(data, Self::Integration),
            SentimentCreated => read(data, Self::Sentiment),
            SummaryCreated => read(data, Self::Summary),
            TopicsCreated => read(data, Self::Topics),
            TranscriptionCreated => read(data, Self::Transcription),
            ActionItemCreated => read(data, Self::ActionItem),
            PlaybookResultCreated | PlaybookResultUpdated => read(data, Self::PlaybookResult),
            CustomSummaryResultCreated | CustomSummaryResultUpdated => read(data, Self::CustomSummary),
            CallEvaluationCreated | CallEvaluationUpdated => read(data, Self::CallEvaluation),
            RealtimeTranscriptionUtterancesReceived => read(data, Self::RealtimeTranscription),
            AiVoiceAgentStarted | AiVoiceAgentEnded | AiVoiceAgentEscalated | AiVoiceAgentSummary => {
                read(data, Self::AiVoiceAgent)
            }
            AnalyticsReportCreated | AnalyticsReportFailed => read(data, Self::Analytics),
            OutboundCampaignOutcomeRecorded => read(data, Self::OutboundCampaign),
            // No catch-all: whoever adds an event is asked here what it holds.
            Unknown(_) => Self::Unknown(data),
        }
    }

    /// Returns the id of the call that this is about, if it is about one: what joins events of different kinds.
    #[must_use]
    pub fn call_id(&self) -> Option<&Id> {
        match self {
            Self::Call(call) => call.id.get(),
            Self::RealtimeTranscription(realtime) => realtime.call_id(),
            Self::AiVoiceAgent(agent) => agent.call_id.get().or(agent.id.get()),
            Self::OutboundCampaign(campaign) => campaign.call_id.get(),
            _ => self.intelligence()?.call_id.get(),
        }
    }

    /// Returns the result of conversation intelligence, of whichever of the eight kinds.
    #[must_use]
    pub fn intelligence(&self) -> Option<&Intelligence> {
        match self {
            Self::Sentiment(result)
            | Self::Summary(result)
            | Self::Topics(result)
            | Self::Transcription(result)
            | Self::ActionItem(result)
            | Self::PlaybookResult(result)
            | Self::CustomSummary(result)
            | Self::CallEvaluation(result) => Some(result),
            _ => None,
        }
    }
}

fn read<T: DeserializeOwned>(data: RawJson, of: fn(Box<T>) -> Payload) -> Payload {
    match data.read() {
        Ok(object) => of(object),
        Err(_) => Payload::Unknown(data),
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Call(object) => object.serialize(serializer),
            Self::Contact(object) => object.serialize(serializer),
            Self::Number(object) => object.serialize(serializer),
            Self::UserV1(object) => object.serialize(serializer),
            Self::UserV2(object) => object.serialize(serializer),
            Self::Team(object) => object.serialize(serializer),
            Self::Message(object) => object.serialize(serializer),
            Self::GroupMessage(object) => object.serialize(serializer),
            Self::Integration(object) => object.serialize(serializer),
            Self::Sentiment(object)
            | Self::Summary(object)
            | Self::Topics(object)
            | Self::Transcription(object)
            | Self::ActionItem(object)
            | Self::PlaybookResult(object)
            | Self::CustomSummary(object)
            | Self::CallEvaluation(object) => object.serialize(serializer),
            Self::RealtimeTranscription(object) => object.serialize(serializer),
            Self::AiVoiceAgent(object) => object.serialize(serializer),
            Self::Analytics(object) => object.serialize(serializer),
            Self::OutboundCampaign(object) => object.serialize(serializer),
            Self::Unknown(raw) => raw.serialize(serializer),
        }
    }
}
