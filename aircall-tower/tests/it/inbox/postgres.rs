//! The store in PostgreSQL, against a server that is really there.
//!
//! `aircall-tower/tests/servers start postgres` starts one and prints the variable that says where it is.

mod failing;
mod leases;
pub(super) mod server;
mod settling;
mod sharing;
mod table;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aircall_tower::inbox::contract::{self, Testbed};
use aircall_tower::inbox::postgres::tokio_postgres::{self, Client, NoTls};
use aircall_tower::inbox::postgres::{PostgresOptions, PostgresStore};
use aircall_tower::inbox::{Claim, Claimed, Store};
use tokio::time::{Instant, sleep, timeout};

use crate::support::skipped;

pub(super) const LEASE: Duration = Duration::from_secs(60);

/// Long enough for whatever is to happen in a moment, on a machine that is busy.
const SOON: Duration = Duration::from_secs(20);

/// A database to make tables in.
pub(super) struct Database {
    url: String,
}

impl Database {
    /// The one that the environment names. Without, nothing can be tested, which CI does not let pass.
    pub(super) fn given() -> Option<Self> {
        let url = std::env::var("AIRCALL_TEST_POSTGRES").ok();
        if url.is_none() {
            skipped(
                "AIRCALL_TEST_POSTGRES is not set, so there is no PostgreSQL to test with; see aircall-tower/tests/servers",
            );
        }
        url.map(|url| Self { url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn options(&self, table: &str) -> PostgresOptions {
        PostgresOptions::from_url(&self.url).unwrap().with_table(table).with_time_limit(SOON)
    }

    async fn open(&self, table: &str) -> PostgresStore {
        self.options(table).open(NoTls).await.unwrap()
    }

    /// A connection besides those of the stores.
    async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Lets go of a store as a process does that is killed, and waits until the server has noticed.
    async fn kill(&self, store: PostgresStore, name: &str) {
        contract::gone(store).await;
        let client = self.client().await;
        let end = Instant::now() + SOON;
        loop {
            let left: i64 = client
                .query_one("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", &[&name])
                .await
                .unwrap()
                .get(0);
            if left == 0 {
                return;
            }
            assert!(Instant::now() < end, "{left} connections of a store that is gone");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Testbed for Database {
    type Store = PostgresStore;

    async fn fresh(&self) -> PostgresStore {
        // In the name of the connections stands the table, since `reopen` is told nothing but the store.
        let table = fresh_table();
        self.options(&table).with_name(&table).open(NoTls).await.unwrap()
    }

    async fn reopen(&self, store: PostgresStore) -> PostgresStore {
        let table = format!("{:?}", store.operator());
        let table = table.split('"').nth(1).unwrap().to_owned();
        self.kill(store, &table).await;
        self.options(&table).with_name(&table).open(NoTls).await.unwrap()
    }
}

/// A name that no table has yet.
pub(super) fn fresh_table() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("t{since:x}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn claim(max: usize) -> Claim {
    Claim { max, lease: LEASE, in_order: false }
}

/// Claims until so many have come.
async fn claim_all(store: &PostgresStore, count: usize) -> Vec<Claimed> {
    let mut all = Vec::new();
    let end = Instant::now() + SOON;
    while all.len() < count {
        assert!(Instant::now() < end, "{count} were due, and {} came", all.len());
        all.extend(store.claim(claim(count - all.len())).await.unwrap());
        if all.len() < count {
            let _ = timeout(SOON, store.wait_due()).await;
        }
    }
    all
}

/// How many events there are in each state, as the table says.
async fn states(client: &Client, table: &str) -> HashMap<String, i64> {
    let rows = client.query(&format!("SELECT state, count(*) FROM {table} GROUP BY state"), &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
