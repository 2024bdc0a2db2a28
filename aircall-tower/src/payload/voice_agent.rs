//! A machine that talks to callers.

use super::object::object;
use super::word::words;
use super::{Direction, Field, Id, List, RawJson, Text, Time, e164};

object! {
    /// Describes what a voice agent did in a call, at its start, its end, an escalation, or in the summary.
    ///
    /// Ordinary `call.*` events come beside these. Two documents of the vendor name the fields differently; the names of
    /// both are here.
    pub struct AiVoiceAgent {
        /// The same value as `call_id`. Documented.
        pub id: Field<Id>,
        /// The call. Documented.
        pub call_id: Field<Id>,
        /// The call's id at the carrier. Documented; missing in a summary (third-party).
        pub call_uuid: Field<Text>,
        /// Identifies the voice agent. Documented; missing in a summary (third-party).
        pub ai_voice_agent_id: Field<Id>,
        /// The voice agent's name. Documented; missing in a summary (third-party).
        pub ai_voice_agent_name: Field<Text>,
        /// Identifies the conversation. Documented; missing in a summary (third-party).
        pub ai_voice_agent_session_id: Field<Id>,
        /// Aircall's end. Documented; missing in a summary (third-party).
        pub number_id: Field<Id>,
        /// The other party's number as people write it: at start and end (documented), in a summary (third-party).
        pub external_caller_number: Field<Text>,
        /// Aircall's number as people write it: at start and end (documented), in a summary (third-party).
        pub aircall_number: Field<Text>,
        /// When this was created, in seconds. Documented.
        pub created_at: Field<Time>,
        /// When the conversation began, in seconds, at start and end. Documented.
        pub started_at: Field<Time>,
        /// When the conversation ended, in seconds, at the end. Documented.
        pub ended_at: Field<Time>,
        /// How the conversation ended, at the end. Documented.
        pub call_end_reason: Field<CallEndReason>,
        /// Why a person was asked for, in words, at an escalation. Documented.
        pub escalation_reason: Field<Text>,
        /// Questions and answers, in the summary. Documented.
        pub extracted_data: Field<Box<ExtractedData>>,
        /// Who called whom. Third-party, in a summary.
        pub initial_direction: Field<Direction>,
        /// Identifies the voice agent, by the other document.
        pub agent_id: Field<Id>,
        /// The voice agent's name, by the other document.
        pub agent_name: Field<Text>,
        /// To whom it was escalated, by the other document.
        pub escalated_to: Field<RawJson>,
        /// The summary, by the other document.
        pub summary: Field<Text>,
        /// Questions and answers, by the other document.
        pub intake_answers: Field<RawJson>,
    }
}

impl AiVoiceAgent {
    /// Returns the number of the other party in E.164 form, if it can be derived ([`e164`]).
    #[must_use]
    pub fn other_party(&self) -> Option<String> {
        e164(self.external_caller_number.get()?)
    }

    /// Returns questions and answers, none before the summary.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &RawJson)> {
        self.extracted_data.get().into_iter().flat_map(|data| data.pairs())
    }
}

object! {
    /// Holds questions and answers: in two arrays side by side, or as a map from one to the other. Both are third-party.
    ///
    /// In a map the questions are the keys of `others`. Read [`pairs`](Self::pairs), which takes both.
    pub struct ExtractedData {
        /// The questions. Third-party.
        pub question: Field<List<Text>>,
        /// The answers, in the order of the questions. Third-party.
        pub answer: Field<List<RawJson>>,
    }
}

impl ExtractedData {
    /// Returns questions and answers in their order, from either form.
    ///
    /// An answer that is `null` or empty is left out.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &RawJson)> {
        let questions = self.question.get().map(List::fields).unwrap_or_default();
        let answers = self.answer.get().map(List::fields).unwrap_or_default();
        let side_by_side = questions.iter().zip(answers).filter_map(|(question, answer)| {
            // Elements that cannot be read keep their places, so that no answer slips to another question.
            Some((question.get()?.as_str(), answer.get()?))
        });
        let mapped = self.others.iter().filter(|(_, answer)| !matches!(answer.get(), "null" | "{}" | "[]"));
        side_by_side.chain(mapped.map(|(question, answer)| (question.as_str(), answer)))
    }
}

words! {
    /// Says how a voice agent's part in a call ended.
    pub enum CallEndReason {
        /// The agent dealt with it. Documented by name; the meaning is inferred.
        Answered = "answered",
        /// A person took over. Documented.
        Escalated = "escalated",
        /// The line broke. Documented.
        Disconnected = "disconnected",
        /// The caller hung up. Documented.
        CallerHungUp = "caller_hung_up",
    }
}
