//! The fourth station: what the handler finds beside its request.

#[cfg(feature = "axum")]
mod axum;
mod dedup;
mod delivery;
mod event;
mod timestamp;

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use self::axum::{MissingDelivery, MissingTenant};
pub use self::dedup::DedupKey;
pub use self::delivery::Delivery;
pub use self::event::EventName;
pub use self::timestamp::Timestamp;
