//! The names of events.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

macro_rules! events {
    ($($variant:ident = $name:literal $(, $meaning:literal)?;)*) => {
        /// The name of an event.
        ///
        /// The list is open: Aircall sends events that none of its published lists holds. A name that is not known
        /// here is [`Unknown`](Self::Unknown), keeps its text, and is delivered like any other. Compare such an event by
        /// its text, `event == "call.teleported"`: a later version may know the name and have a variant for it.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventName {
            $(
                #[doc = concat!("`", $name, "`" $(, ": ", $meaning)?, ".")]
                $variant,
            )*
            /// A name that this version does not know, as it stood in the body.
            Unknown(Arc<str>),
        }

        impl EventName {
            /// The names that are known: the 69 that the vendor publishes and two that it sends all the same.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the name as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(name) => name,
                }
            }

            fn known(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

events! {
    CallCreated = "call.created";
    CallRingingOnAgent = "call.ringing_on_agent";
    CallAgentDeclined = "call.agent_declined";
    CallAnswered = "call.answered";
    CallTransferred = "call.transferred";
    CallExternalTransferred = "call.external_transferred";
    CallUnsuccessfulTransfer = "call.unsuccessful_transfer";
    CallHungup = "call.hungup", "comes at once, possibly with incomplete data; `call.ended` follows";
    CallEnded = "call.ended", "the data is complete, usually some 30 s after the hang-up";
    CallVoicemailLeft = "call.voicemail_left";
    CallCommented = "call.commented";
    CallTagged = "call.tagged";
    CallUntagged = "call.untagged";
    CallAssigned = "call.assigned";
    CallArchived = "call.archived";
    CallHold = "call.hold";
    CallUnhold = "call.unhold";
    CallIvrOptionSelected = "call.ivr_option_selected";
    CallCommAssetsGenerated = "call.comm_assets_generated", "brings media links that may have been missing in `call.ended`";
    ContactCreated = "contact.created";
    ContactUpdated = "contact.updated";
    ContactDeleted = "contact.deleted";
    NumberCreated = "number.created";
    NumberDeleted = "number.deleted";
    NumberOpened = "number.opened", "follows working hours; not sent for Smartflows lines";
    NumberClosed = "number.closed", "follows working hours; not sent for Smartflows lines";
    UserCreated = "user.created";
    UserDeleted = "user.deleted";
    UserConnected = "user.connected", "the app was opened";
    UserDisconnected = "user.disconnected", "the app was closed";
    UserOpened = "user.opened", "follows working hours";
    UserClosed = "user.closed", "follows working hours";
    UserWutStart = "user.wut_start", "wrap-up time begins";
    UserWutEnd = "user.wut_end", "wrap-up time ends";
    UserCreatedV2 = "user.created.v2";
    UserDeletedV2 = "user.deleted.v2";
    UserConnectedV2 = "user.connected.v2", "the app was opened";
    UserDisconnectedV2 = "user.disconnected.v2", "the app was closed";
    UserOpenedV2 = "user.opened.v2", "follows working hours";
    UserClosedV2 = "user.closed.v2", "comes twice by design when unavailability reasons are in use, the second time with the reason";
    UserWutStartV2 = "user.wut_start.v2", "wrap-up time begins";
    UserWutEndV2 = "user.wut_end.v2", "wrap-up time ends";
    TeamCreated = "team.created";
    TeamDestroyed = "team.destroyed";
    MessageSent = "message.sent";
    MessageReceived = "message.received", "also the name of a message callback";
    MessageStatusUpdated = "message.status_updated";
    GroupMessageSent = "group_message.sent";
    GroupMessageReceived = "group_message.received";
    GroupMessageStatusUpdated = "group_message.status_updated";
    IntegrationDeleted = "integration.deleted";
    SentimentCreated = "sentiment.created";
    SummaryCreated = "summary.created";
    TopicsCreated = "topics.created";
    TranscriptionCreated = "transcription.created";
    ActionItemCreated = "action_item.created";
    PlaybookResultCreated = "playbook_result.created";
    PlaybookResultUpdated = "playbook_result.updated";
    RealtimeTranscriptionUtterancesReceived = "realtime_transcription.utterances_received";
    CustomSummaryResultCreated = "custom_summary.result_created";
    CustomSummaryResultUpdated = "custom_summary.result_updated";
    CallEvaluationCreated = "call_evaluation.created";
    CallEvaluationUpdated = "call_evaluation.updated";
    AiVoiceAgentStarted = "ai_voice_agent.started";
    AiVoiceAgentEnded = "ai_voice_agent.ended";
    AiVoiceAgentEscalated = "ai_voice_agent.escalated";
    AiVoiceAgentSummary = "ai_voice_agent.summary";
    AnalyticsReportCreated = "analytics.report_created";
    AnalyticsReportFailed = "analytics.report_failed";
    OutboundCampaignOutcomeRecorded = "outbound_campaign.outcome_recorded", "seen in a real delivery, in none of the vendor's lists";
    MessageUpdated = "message.updated", "in message callbacks only";
}

impl EventName {
    /// Returns the name if it is a known one, and `"unknown"` otherwise: a label whose values are bounded in number.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Unknown(_) => "unknown",
            known => known.as_str(),
        }
    }
}

impl From<&str> for EventName {
    fn from(name: &str) -> Self {
        Self::known(name).unwrap_or_else(|| Self::Unknown(name.into()))
    }
}

impl From<Cow<'_, str>> for EventName {
    fn from(name: Cow<'_, str>) -> Self {
        Self::known(&name).unwrap_or_else(|| Self::Unknown(name.into()))
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq<str> for EventName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for EventName {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_way_in_and_out() {
        for event in EventName::KNOWN {
            assert_eq!(EventName::from(event.as_str()), *event);
            assert_eq!(event.label(), event.as_str());
        }
        let unknown = EventName::from("call.teleported");
        assert_eq!(unknown, "call.teleported");
        assert_eq!(unknown.label(), "unknown");
        assert_eq!(EventName::from("Call.Created").as_str(), "Call.Created");
    }
}
