//! A text message, and what is attached to it.

use super::object::object;
use super::word::words;
use super::{Contact, Direction, Field, Id, List, Number, Text, Time, User, e164, phone, presigned_until};
use crate::Timestamp;

object! {
    /// Describes a message, be it SMS, MMS or WhatsApp, in webhooks and in message callbacks.
    ///
    /// Two documents of the vendor describe it and agree on little; the keys of both are here. The first, the API
    /// reference, is the better one.
    pub struct Message {
        /// Identifies the message: a UUID by the reference, an integer by the other document.
        pub id: Field<Id>,
        /// Its address in the REST API. Documented.
        pub direct_link: Field<Text>,
        /// Who wrote to whom. Documented.
        pub direction: Field<Direction>,
        /// The other party's number as people write it (documented), or an integer (third-party). See
        /// [`other_party`](Self::other_party).
        pub external_number: Field<Id>,
        /// The text. Documented; may be `null`.
        pub body: Field<Text>,
        /// How far it has come. Documented, by samples.
        pub status: Field<MessageStatus>,
        /// The other party's number, in E.164 form in the samples. Documented.
        pub raw_digits: Field<Text>,
        /// By which road it went; `null` for SMS and MMS. Documented.
        pub channel: Field<MessageChannel>,
        /// Attached files. Documented.
        pub media_details: Field<List<Attachment>>,
        /// Links to attached files, in the REST API's answers. Documented.
        pub media_url: Field<List<Text>>,
        /// When it was created: in ISO 8601 or in milliseconds, by which sample of the documentation one reads.
        pub created_at: Field<Time>,
        /// When it last changed, in either form. Documented.
        pub updated_at: Field<Time>,
        /// When it was sent, in either form; `null` for inbound ones. Documented.
        pub sent_at: Field<Time>,
        /// Aircall's end. Documented.
        pub number: Field<Box<Number>>,
        /// The other party, if a contact matches. Documented.
        pub contact: Field<Box<Contact>>,
        /// The agent who wrote it. Documented; `null` for inbound ones.
        pub user: Field<Box<User>>,
        /// The text of a template, for WhatsApp. Documented.
        pub template_content: Field<Text>,
        /// The type of the message, for WhatsApp: `type` on the wire. Documented.
        pub kind: Field<Text> = "type",
        /// Further data, for WhatsApp. Documented.
        pub metadata: Field<Text>,
        /// The message it answers, for WhatsApp. Documented.
        pub parent_id: Field<Id>,
        /// The other party's country, for WhatsApp. Documented.
        pub recipient_country: Field<Text>,
        /// What WhatsApp charges it as. Documented.
        pub whatsapp_message_category: Field<WhatsappMessageCategory>,
        /// Which of WhatsApp's rules it went by. Documented.
        pub whatsapp_message_type: Field<WhatsappMessageType>,
        /// The text, by the other document, which is wrong in nearly all.
        pub content: Field<Text>,
        /// Who wrote it, by the other document.
        pub from: Field<Text>,
        /// To whom, by the other document.
        pub to: Field<Text>,
        /// Links to attached files, by the other document.
        pub media_urls: Field<List<Text>>,
        /// When it arrived, by the other document.
        pub received_at: Field<Time>,
    }
}

impl Message {
    /// Tells whether it was written to Aircall.
    #[must_use]
    pub fn is_inbound(&self) -> bool {
        self.direction.get() == Some(&Direction::Inbound)
    }

    /// Tells whether an agent or a program wrote it.
    #[must_use]
    pub fn is_outbound(&self) -> bool {
        self.direction.get() == Some(&Direction::Outbound)
    }

    /// Returns the text, by either of its names.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.body.get().or(self.content.get()).map(Text::as_str)
    }

    /// Returns the number of the other party in E.164 form, if it can be derived.
    ///
    /// An integer is taken for an international number without its plus, which is inferred.
    #[must_use]
    pub fn other_party(&self) -> Option<String> {
        self.raw_digits.get().and_then(|digits| e164(digits)).or_else(|| {
            let number = self.external_number.get()?;
            if number.is_string() { e164(&number.to_string()) } else { phone::digits(&number.to_string()) }
        })
    }

    /// Returns the agent who wrote it.
    #[must_use]
    pub fn agent(&self) -> Option<&User> {
        self.user.get().map(Box::as_ref)
    }
}

object! {
    /// Describes a file attached to a message.
    pub struct Attachment {
        /// Its name. Documented.
        pub file_name: Field<Text>,
        /// Its media type, such as `image/png`. Documented.
        pub file_type: Field<Text>,
        /// A link to it that dies within hours. Documented.
        pub presigned_url: Field<Text>,
    }
}

impl Attachment {
    /// Returns until when the link works, if it says so ([`presigned_until`]).
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        presigned_until(self.presigned_url.get()?)
    }
}

words! {
    /// Says how far a message has come. No source claims that the list is complete.
    pub enum MessageStatus {
        /// Not yet sent. Documented by a sample.
        Pending = "pending",
        /// Sent. Documented by a sample.
        Sent = "sent",
        /// Arrived. Documented by a sample.
        Delivered = "delivered",
    }
}

words! {
    /// Says by which road a message went. `null` stands for SMS and MMS.
    pub enum MessageChannel {
        /// WhatsApp. Documented.
        Whatsapp = "whatsapp",
        /// SMS, by the document that is wrong in nearly all.
        Sms = "sms",
        /// MMS, by the same document.
        Mms = "mms",
    }
}

words! {
    /// Says what WhatsApp charges a message as.
    pub enum WhatsappMessageCategory {
        /// Advertisement. Documented.
        Marketing = "marketing",
        /// About an order or appointment. Documented.
        Utility = "utility",
        /// A code to log in with. Documented.
        Authentication = "authentication",
    }
}

words! {
    /// Says which of WhatsApp's rules a message went by.
    pub enum WhatsappMessageType {
        /// Any message. Documented.
        Regular = "regular",
        /// After a click on an advertisement. Documented.
        FreeEntryPoint = "free_entry_point",
        /// Within a conversation that the customer began; spelt wrongly on the wire. Documented.
        FreeCustomerService = "free_customer_serivce",
    }
}
