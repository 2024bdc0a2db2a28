//! Conversions to the types of other crates.

use super::Timestamp;

impl Timestamp {
    /// Returns this time as the type of `jiff`, or `None` beyond its years, -9999 to 9999.
    #[cfg(feature = "jiff")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jiff")))]
    #[must_use]
    pub fn to_jiff(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(self.millis).ok()
    }

    /// Returns this time as the type of `time`, or `None` beyond its years, -9999 to 9999.
    #[cfg(feature = "time")]
    #[cfg_attr(docsrs, doc(cfg(feature = "time")))]
    #[must_use]
    pub fn to_time(self) -> Option<time::OffsetDateTime> {
        time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.millis) * 1_000_000).ok()
    }

    /// Returns this time as the type of `chrono`, or `None` beyond its years, some 262 000 each way.
    #[cfg(feature = "chrono")]
    #[cfg_attr(docsrs, doc(cfg(feature = "chrono")))]
    #[must_use]
    pub fn to_chrono(self) -> Option<chrono::DateTime<chrono::Utc>> {
        chrono::DateTime::from_timestamp_millis(self.millis)
    }
}
