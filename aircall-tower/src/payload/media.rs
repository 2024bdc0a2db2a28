//! Links to recordings and files, and how long they live.

use std::time::Duration;

use super::time::parse_iso;
use crate::Timestamp;

/// What a link of a call leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    /// The recording of the conversation.
    Recording,
    /// The voicemail of the caller.
    Voicemail,
}

/// Points to the sound of a call, for some minutes to hours.
///
/// Links are made when a body is built, so those of an event that is sent again may be dead when they arrive. Fetch
/// the sound while you handle the event, or ask Aircall's API for a new link by the id of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaLink<'a> {
    kind: MediaKind,
    url: &'a str,
    short: bool,
}

impl<'a> MediaLink<'a> {
    pub(super) fn new(kind: MediaKind, url: &'a str, short: bool) -> Self {
        Self { kind, url, short }
    }

    /// Returns what it leads to.
    #[must_use]
    pub fn kind(&self) -> MediaKind {
        self.kind
    }

    /// Returns the address.
    #[must_use]
    pub fn url(&self) -> &'a str {
        self.url
    }

    /// Returns when it stops working, where that can be known.
    ///
    /// A presigned link says so itself ([`presigned_until`]; observed). A short one is documented to live for three
    /// hours, which begin at `built_at`, the [`timestamp`](crate::Delivery::timestamp) of its delivery.
    #[must_use]
    pub fn expires_at(&self, built_at: Timestamp) -> Option<Timestamp> {
        if self.short { later(built_at, SHORT_LINK_LIFE) } else { presigned_until(self.url) }
    }
}

/// Reads from a presigned link of Amazon S3 until when it works.
///
/// It is the sum of `X-Amz-Date` and `X-Amz-Expires` in its query: 600 s in the deliveries that were seen, an hour by the
/// documentation. `None` if the link states no such thing.
///
/// ```
/// use aircall_tower::payload::presigned_until;
///
/// let link = "https://example.com/a.mp3?X-Amz-Date=20260921T141320Z&X-Amz-Expires=600&X-Amz-Signature=0";
/// assert_eq!(presigned_until(link).unwrap().to_string(), "2026-09-21T14:23:20.000Z");
/// ```
#[must_use]
pub fn presigned_until(url: &str) -> Option<Timestamp> {
    let (_, query) = url.split_once('?')?;
    let value = |name: &str| {
        let mut pairs = query.split('#').next().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let signed_at = value("X-Amz-Date")?;
    let part = |from, to| signed_at.get(from..to);
    let (date, time) = ((part(0, 4)?, part(4, 6)?, part(6, 11)?), (part(11, 13)?, signed_at.get(13..)?));
    let iso = format!("{}-{}-{}:{}:{}", date.0, date.1, date.2, time.0, time.1);
    later(parse_iso(&iso)?, Duration::from_secs(value("X-Amz-Expires")?.parse().ok()?))
}

fn later(timestamp: Timestamp, by: Duration) -> Option<Timestamp> {
    let millis = i64::try_from(by.as_millis()).ok()?;
    timestamp.unix_millis().checked_add(millis).map(Timestamp::from_millis)
}

const SHORT_LINK_LIFE: Duration = Duration::from_secs(3 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_state_no_end_have_none() {
        for url in [
            "https://example.com/a.mp3",
            "https://example.com/a.mp3?X-Amz-Date=20260921T141320Z",
            "https://example.com/a.mp3?X-Amz-Date=20260921T141320Z&X-Amz-Expires=soon",
            "https://example.com/a.mp3?X-Amz-Date=&X-Amz-Expires=600",
            "https://example.com/a.mp3?X-Amz-Date=2026092é1T141320Z&X-Amz-Expires=600",
            "https://example.com/a.mp3?X-Amz-Date=20260921T141320Z&X-Amz-Expires=18446744073709551615",
        ] {
            assert_eq!(presigned_until(url), None, "{url}");
        }
    }

    #[test]
    fn a_short_link_lives_from_when_it_was_made() {
        let link = MediaLink::new(MediaKind::Voicemail, "https://short-urls.aircall.io/v1/0", true);
        assert_eq!(link.expires_at(Timestamp::from_seconds(0)), Some(Timestamp::from_seconds(10_800)));
        assert_eq!(link.expires_at(Timestamp::from_millis(i64::MAX)), None);
    }
}
