//! A report that was ordered.

use super::object::object;
use super::word::words;
use super::{Field, Id, Text, Time, presigned_until};
use crate::Timestamp;

object! {
    /// Describes a report that is ready, or that failed.
    ///
    /// No sample of the event is known. The first names are those of the REST API, in camel case on the wire; those of
    /// another document of the vendor follow.
    pub struct Analytics {
        /// Identifies the report, a UUID: `exportID`. Documented for the REST API.
        pub export_id: Field<Id> = "exportID",
        /// What became of it. Documented for the REST API.
        pub status: Field<ReportStatus>,
        /// When it was ordered, in ISO 8601: `createdAt`. Documented for the REST API.
        pub created: Field<Time> = "createdAt",
        /// Until when the link works, in ISO 8601: `downloadUrlExpiresAt`. Documented for the REST API.
        pub download_url_expires_at: Field<Time> = "downloadUrlExpiresAt",
        /// The format, such as `CSV`. Documented for the REST API.
        pub format: Field<Text>,
        /// Which report it is, such as `calls-history`: `exportName`. Documented for the REST API.
        pub export_name: Field<Text> = "exportName",
        /// Whether the file is zipped: `isZipCompressed`. Documented for the REST API.
        pub is_zip_compressed: Field<bool> = "isZipCompressed",
        /// The presigned link, once the report is ready: `downloadUrl`. Documented for the REST API.
        pub download_link: Field<Text> = "downloadUrl",
        /// Why it failed, in words: `errorMessage`. Documented for the REST API.
        pub error_message: Field<Text> = "errorMessage",
        /// Identifies the report, by the other document.
        pub report_id: Field<Id>,
        /// The presigned link, by the other document and third parties.
        pub download_url: Field<Text>,
        /// Why it failed, by the other document.
        pub error: Field<Text>,
        /// When it was ordered, by the other document.
        pub created_at: Field<Time>,
    }
}

impl Analytics {
    /// Returns the report's id, by either of its names.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.export_id.get().or(self.report_id.get())
    }

    /// Returns the presigned link, by either of its names.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.download_link.get().or(self.download_url.get()).map(Text::as_str)
    }

    /// Returns until when the link works: as stated, else as the link itself says ([`presigned_until`]).
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.download_url_expires_at.get().map(Time::timestamp).or_else(|| presigned_until(self.url()?))
    }

    /// Returns why the report failed, by either of its names.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.error_message.get().or(self.error.get()).map(Text::as_str)
    }
}

words! {
    /// Says what became of a report.
    pub enum ReportStatus {
        /// Under way. Documented for the REST API.
        Pending = "PENDING",
        /// Ready. Documented for the REST API.
        Completed = "COMPLETED",
        /// Given up. Documented for the REST API.
        Failed = "FAILED",
        /// Ready, by another document of the vendor.
        Created = "created",
        /// Given up, by another document of the vendor.
        FailedWord = "failed",
    }
}
