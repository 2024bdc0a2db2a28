//! What the layer does with an inbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aircall_tower::inbox::sqlite::{SqliteOptions, SqliteStore};
use aircall_tower::inbox::{Event, Filter, Inbox, Operate, Run, State, Store, StoreErrorKind};
use aircall_tower::{Delivery, OutcomeKind, WebhookLayer};
