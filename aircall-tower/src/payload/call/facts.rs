//! What everybody asks about a call.

use std::time::Duration;

use super::{Call, CallParticipantKind, CallStatus, Direction, IvrOption};
use crate::payload::{Field, MediaKind, MediaLink, Text, Time, User, e164};

impl Call {
    /// Tells whether somebody called in.
    #[must_use]
    pub fn is_inbound(&self) -> bool {
        self.direction.get() == Some(&Direction::Inbound)
    }

    /// Tells whether an agent called out.
    #[must_use]
    pub fn is_outbound(&self) -> bool {
        self.direction.get() == Some(&Direction::Outbound)
    }

    /// Tells whether somebody has answered, on whichever side.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.answered_at.is_given() || self.status.get() == Some(&CallStatus::Answered)
    }

    /// Tells whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended_at.is_given() || self.status.get() == Some(&CallStatus::Done)
    }

    /// Tells whether it was missed: it came in, is over, and nobody answered.
    ///
    /// That does not rest on `missed_call_reason`, which was `null` for a caller who asked to be called back. A call
    /// that went to voicemail is missed as well.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.is_inbound() && self.is_over() && !self.is_answered()
    }

    /// Returns how long people talked: from the answer to the end, time on hold included.
    ///
    /// `None` until it is over, and for a call that nobody answered. `duration` is longer, as it includes the ringing.
    #[must_use]
    pub fn talk_time(&self) -> Option<Duration> {
        between(&self.answered_at, &self.ended_at)
    }

    /// Returns how long the other party waited: from the start to the answer, or to the end if there was none.
    #[must_use]
    pub fn waiting_time(&self) -> Option<Duration> {
        let end = if self.answered_at.is_given() { &self.answered_at } else { &self.ended_at };
        between(&self.started_at, end)
    }

    /// Returns the number of the other party in E.164 form, if it can be derived.
    ///
    /// It is read from `raw_digits`, else from `external_caller_number`, else from the one participant who is no user.
    /// `None` for anonymous callers and for numbers that are not written internationally ([`e164`]).
    #[must_use]
    pub fn other_party(&self) -> Option<String> {
        let number = |field: &Field<Text>| field.get().and_then(|written| e164(written));
        number(&self.raw_digits).or_else(|| number(&self.external_caller_number)).or_else(|| {
            let participants = self.participants.get().or(self.conference_participants.get())?;
            let mut others = participants.iter().filter(|one| one.kind.get() != Some(&CallParticipantKind::User));
            let only = others.next()?;
            if others.next().is_none() { number(&only.phone_number) } else { None }
        })
    }

    /// Returns the agent: who took, makes or is rung for the call.
    ///
    /// `None` for a missed call, except while it rings.
    #[must_use]
    pub fn agent(&self) -> Option<&User> {
        self.user.get().map(Box::as_ref)
    }

    /// Returns the carrier's id of the call, by either of its names.
    #[must_use]
    pub fn uuid(&self) -> Option<&str> {
        self.call_uuid.get().or(self.sid.get()).map(Text::as_str)
    }

    /// Returns the caller's latest choice in a menu.
    #[must_use]
    pub fn ivr_choice(&self) -> Option<&IvrOption> {
        self.ivr_options_selected.items().next_back()
    }

    /// Returns the links to recording and voicemail that are there, the presigned before the short ones.
    ///
    /// The page in `asset` is none of them.
    ///
    /// ```
    /// # use aircall_tower::{Delivery, payload::Call};
    /// fn fetch(delivery: &Delivery, call: &Call) {
    ///     for link in call.media() {
    ///         match link.expires_at(delivery.timestamp()) {
    ///             Some(end) => println!("{:?}, until {end}", link.kind()),
    ///             None => println!("{:?}, for an unknown time", link.kind()),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn media(&self) -> impl Iterator<Item = MediaLink<'_>> {
        [
            (MediaKind::Recording, &self.recording, false),
            (MediaKind::Voicemail, &self.voicemail, false),
            (MediaKind::Recording, &self.recording_short_url, true),
            (MediaKind::Voicemail, &self.voicemail_short_url, true),
        ]
        .into_iter()
        .filter_map(|(kind, field, short)| Some(MediaLink::new(kind, field.get()?, short)))
        .filter(|link| !link.url().is_empty())
    }
}

/// The time from one moment to another, unless it is negative.
fn between(from: &Field<Time>, to: &Field<Time>) -> Option<Duration> {
    let (from, to) = (from.get()?.timestamp(), to.get()?.timestamp());
    let millis = to.unix_millis().checked_sub(from.unix_millis())?;
    u64::try_from(millis).ok().map(Duration::from_millis)
}
