//! What every [`Store`] promises, as checks that any implementation can run.
//!
//! They need stores that are really there: a server, a file. A store that passes may still lose what it acknowledged
//! when the power fails; that takes a test of its own.
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")] mod sqlite {
//! use aircall_tower::inbox::contract::{self, Testbed};
//! use aircall_tower::inbox::sqlite::{SqliteOptions, SqliteStore};
//!
//! struct Files(std::path::PathBuf, std::sync::atomic::AtomicU32);
//!
//! impl Testbed for Files {
//!     type Store = SqliteStore;
//!
//!     async fn fresh(&self) -> SqliteStore {
//!         let number = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
//!         SqliteOptions::new().open(self.0.join(format!("{number}.sqlite"))).unwrap()
//!     }
//!
//!     async fn reopen(&self, store: SqliteStore) -> SqliteStore {
//!         let path = store.path().to_owned();
//!         contract::gone(store).await;
//!         SqliteOptions::new().open(path).unwrap()
//!     }
//! }
//!
//! #[tokio::test]
//! async fn keeps_the_contract() {
//!     let files = Files(std::env::temp_dir(), Default::default());
//!     contract::check(&files).await.unwrap();
//! }
//! # }
//! ```

mod promises;

use std::fmt;
use std::future::Future;

use http::{HeaderMap, HeaderValue, Method, Uri, header};

use super::Event;
use super::store::Store;

/// How the checks get at the store that is to be checked.
pub trait Testbed: Send + Sync {
    /// The store.
    type Store: Store;

    /// Whether `put` knows duplicates. If not, it is enough that none is ever claimed.
    const PUT_KNOWS_DUPLICATES: bool = true;

    /// Whether a claim can ask for the order of each subject.
    const KEEPS_ORDER: bool = true;

    /// Makes a store that holds nothing, and shares nothing with others.
    fn fresh(&self) -> impl Future<Output = Self::Store> + Send;

    /// Lets go of a store as a process does that is killed, **without closing it**, and opens it again.
    fn reopen(&self, store: Self::Store) -> impl Future<Output = Self::Store> + Send;
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    promise: &'static str,
    found: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.found)
    }
}

impl std::error::Error for Broken {}

/// Checks every promise, each with a fresh store.
///
/// # Errors
///
/// Returns the first promise that was not kept, and what was found instead.
pub async fn check<T: Testbed>(testbed: &T) -> Result<(), Broken> {
    promises::check(testbed).await
}

/// Drops a store and gives what works for it in this process, such as a thread, a moment to notice.
pub async fn gone(store: impl Store) {
    drop(store);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
}

/// Makes an event for tests, one of its own for each number.
#[must_use]
pub fn event(number: u32) -> Event {
    Event {
        key: format!("{number:032x}"),
        tenant: None,
        token_fingerprint: "00112233aabbccdd".to_owned(),
        event: "call.ended".to_owned(),
        resource: Some("call".to_owned()),
        subject: Some(format!("call/{number}")),
        received_at_ms: 1_795_000_000_000 + i64::from(number),
        method: Method::POST,
        uri: Uri::from_static("/aircall/webhook?from=aircall"),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        body: format!(
            r#"{{"resource":"call","event":"call.ended","timestamp":1795000000,"token":"","data":{{"id":{number},"note":"naïve ☎ \u0000 \ud800 '\\"}}}}"#
        ),
    }
}
