//! What an error of the server, or on the way to it, means for whoever asked.

use std::error::Error as _;
use std::time::Duration;

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::types::WrongType;

use super::super::store::{StoreError, StoreErrorKind};
use crate::handler::with_sources;

pub(super) fn explain(error: &tokio_postgres::Error) -> StoreError {
    let Some(db) = error.as_db_error() else {
        let wrong_table = error.source().is_some_and(|source| source.is::<WrongType>());
        let kind = if wrong_table { StoreErrorKind::Unusable } else { StoreErrorKind::Unavailable };
        return StoreError::new(kind, with_sources(error));
    };
    let kind = match db.code().code() {
        "53100" => StoreErrorKind::Full,
        code => match code.get(..2) {
            // The connection, a standby, a conflict, too little of something, somebody who stepped in, such as a time limit.
            Some("08" | "25" | "40" | "53" | "55" | "57") => StoreErrorKind::Unavailable,
            _ => StoreErrorKind::Unusable,
        },
    };
    // Not the detail: it may quote what was to be stored.
    StoreError::new(kind, format!("{}: {} (SQLSTATE {})", db.severity(), db.message(), db.code().code()))
}

/// What it means that there is no connection to be had.
pub(super) fn no_connection(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => explain(&error),
        PoolError::PostCreateHook(HookError::Message(message)) => untrusted(message.into_owned()),
        PoolError::Closed => closed(),
        PoolError::Timeout(_) | PoolError::NoRuntimeSpecified => unavailable("no connection could be had in time"),
    }
}

pub(super) fn no_answer(limit: Duration) -> StoreError {
    unavailable(format!("the server gave no answer within {limit:?}"))
}

pub(super) fn unavailable(message: impl Into<std::borrow::Cow<'static, str>>) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, message)
}

pub(super) fn untrusted(message: String) -> StoreError {
    StoreError::new(StoreErrorKind::Unusable, message)
}

pub(super) fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "the store has been closed")
}
