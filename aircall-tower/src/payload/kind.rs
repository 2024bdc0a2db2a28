//! Which object an event holds.

use serde::{Serialize, Serializer};

use super::{
    AiVoiceAgent, Analytics, Call, Checked, Contact, FromChecked, GroupMessage, Id, Integration, Intelligence, Message,
    Number, OutboundCampaign, RawJson, RealtimeTranscription, Team, User, UserV1,
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
        Self::of(event, data.get()).unwrap_or(Self::Unknown(data))
    }

    /// Reads the `data` of an event, which was checked.
    pub(crate) fn from_checked(event: &EventName, data: &str) -> Self {
        Self::of(event, data).unwrap_or_else(|| Self::Unknown(RawJson::checked(data)))
    }

    fn of(event: &EventName, data: &str) -> Option<Self> {
        use EventName::*;
        let json = Checked::new(data);
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
            | CallCommAssetsGenerated => read(json, Self::Call),
            ContactCreated | ContactUpdated | ContactDeleted => read(json, Self::Contact),
            NumberCreated | NumberDeleted | NumberOpened | NumberClosed => read(json, Self::Number),
            UserCreated | UserDeleted | UserConnected | UserDisconnected | UserOpened | UserClosed | UserWutStart
            | UserWutEnd => read(json, Self::UserV1),
            UserCreatedV2 | UserDeletedV2 | UserConnectedV2 | UserDisconnectedV2 | UserOpenedV2 | UserClosedV2
            | UserWutStartV2 | UserWutEndV2 => read(json, Self::UserV2),
            TeamCreated | TeamDestroyed => read(json, Self::Team),
            MessageSent | MessageReceived | MessageStatusUpdated | MessageUpdated => read(json, Self::Message),
            GroupMessageSent | GroupMessageReceived | GroupMessageStatusUpdated => read(json, Self::GroupMessage),
            IntegrationDeleted => read(json, Self::Integration),
            SentimentCreated => read(json, Self::Sentiment),
            SummaryCreated => read(json, Self::Summary),
            TopicsCreated => read(json, Self::Topics),
            TranscriptionCreated => read(json, Self::Transcription),
            ActionItemCreated => read(json, Self::ActionItem),
            PlaybookResultCreated | PlaybookResultUpdated => read(json, Self::PlaybookResult),
            CustomSummaryResultCreated | CustomSummaryResultUpdated => read(json, Self::CustomSummary),
            CallEvaluationCreated | CallEvaluationUpdated => read(json, Self::CallEvaluation),
            RealtimeTranscriptionUtterancesReceived => read(json, Self::RealtimeTranscription),
            AiVoiceAgentStarted | AiVoiceAgentEnded | AiVoiceAgentEscalated | AiVoiceAgentSummary => {
                read(json, Self::AiVoiceAgent)
            }
            AnalyticsReportCreated | AnalyticsReportFailed => read(json, Self::Analytics),
            OutboundCampaignOutcomeRecorded => read(json, Self::OutboundCampaign),
            // No catch-all: whoever adds an event is asked here what it holds.
            Unknown(_) => None,
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

fn read<T: FromChecked>(mut json: Checked<'_>, of: fn(Box<T>) -> Payload) -> Option<Payload> {
    Box::from_checked(&mut json).map(of)
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
