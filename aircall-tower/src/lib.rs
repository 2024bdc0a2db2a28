#![cfg_attr(feature = "axum", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "axum"),
    doc = "A tower layer that receives Aircall webhooks; build the docs with all features for the guide."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

// The road of a request, then its stations in the order in which it meets them.
mod road;
mod limit;
mod envelope;
mod token;
mod extension;
mod handler;
mod acknowledgement;

// Tower's own machinery, which only walks the road.
mod layer;
mod service;
mod future;
mod body;
mod deadline;

// Where events are kept until they are handled, if they are not handled in the request.
#[cfg(feature = "inbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "inbox")))]
pub mod inbox;

// What `data` holds.
pub mod payload;

// What people configure and look at.
mod error;
mod handle;
mod observe;

#[cfg(feature = "__stations")]
#[doc(hidden)]
pub mod stations;

pub use self::acknowledgement::{Outcome, OutcomeKind, Policy};
pub use self::body::{RequestBody, ResponseBody};
pub use self::envelope::{Dialect, MAX_NESTING};
pub use self::error::ConfigError;
pub use self::extension::{DedupKey, Delivery, EventName, Timestamp};
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use self::extension::{MissingDelivery, MissingTenant};
pub use self::future::ResponseFuture;
pub use self::handle::WebhookHandle;
pub use self::layer::WebhookLayer;
pub use self::limit::Limits;
pub use self::observe::Report;
pub use self::payload::Payload;
pub use self::service::Webhook;
pub use self::token::{Accepted, PresentedToken, ResolveToken, Tenant, Token, Tokens};
