//! Each engine keeps the contract.

use std::sync::atomic::{AtomicU32, Ordering};

use aircall_tower::inbox::contract::{self, Testbed};
use aircall_tower::inbox::sqlite::{SqliteOptions, SqliteStore};

struct Files {
    directory: tempfile::TempDir,
    number: AtomicU32,
}

impl Testbed for Files {
    type Store = SqliteStore;

    async fn fresh(&self) -> SqliteStore {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        SqliteOptions::new().open(self.directory.path().join(format!("{number}.sqlite"))).unwrap()
    }

    async fn reopen(&self, store: SqliteStore) -> SqliteStore {
        let path = store.path().to_owned();
        contract::gone(store).await;
        SqliteOptions::new().open(path).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let files = Files { directory: tempfile::tempdir().unwrap(), number: AtomicU32::new(0) };
    contract::check(&files).await.unwrap_or_else(|broken| panic!("{broken}"));
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let Some(database) = super::postgres::Database::given() else { return };
    contract::check(&database).await.unwrap_or_else(|broken| panic!("{broken}"));
}
