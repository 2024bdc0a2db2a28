//! The table: its name, and making it where there is none.

use tokio_postgres::Client;

use super::super::store::StoreError;
use super::failure;

const SCHEMA: &str = include_str!("schema.sql");

/// What the comment on a table of ours says.
const VERSION: &str = "aircall-tower inbox, version 1";

/// Held while a table is being made: "AirI".
const MAKING: i64 = 0x4169_7249;

/// What indices have behind the name of the table, at most, and how long a name may be.
const LONGEST_NAME: usize = 63 - "_suspect".len();

/// The name of a table, in a form that can stand in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    name: String,
    qualified: String,
}

impl Table {
    pub(super) fn new(schema: Option<&str>, name: &str) -> Result<Self, StoreError> {
        for (what, name) in schema.map(|schema| ("schema", schema)).into_iter().chain([("table", name)]) {
            let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !letters || name.is_empty() || name.len() > LONGEST_NAME || name.as_bytes()[0].is_ascii_digit() {
                return Err(failure::untrusted(format!(
                    "the {what} is named {name:?}, expected up to {LONGEST_NAME} ASCII letters, digits and underscores, and no digit first"
                )));
            }
        }
        let qualified = schema.map_or_else(|| format!("\"{name}\""), |schema| format!("\"{schema}\".\"{name}\""));
        Ok(Self { name: name.to_owned(), qualified })
    }

    /// Puts the name into a statement.
    pub(super) fn in_statement(&self, statement: &str) -> String {
        statement.replace("{events}", &self.qualified)
    }

    /// Where stores tell each other of what they have put.
    pub(super) fn channel(&self) -> String {
        format!("{}_news", self.name)
    }

    /// The statements that make it.
    pub(super) fn schema(&self) -> String {
        SCHEMA
            .replace("TABLE aircall_events ", &format!("TABLE {} ", self.qualified))
            .replace(" ON aircall_events ", &format!(" ON {} ", self.qualified))
            .replace("INDEX aircall_events_", &format!("INDEX {}_", self.name))
    }

    /// Sees to it that the table is there, makes it if it may, and refuses one that is not ours or not durable.
    pub(super) async fn prepare(&self, client: &mut Client, make: bool) -> Result<(), Unprepared> {
        if self.look(client).await? {
            return Ok(());
        }
        if !make {
            return Err(Unprepared::Untrusted(format!(
                "there is no table {}, expected one that an inbox has made",
                self.qualified
            )));
        }
        // `IF NOT EXISTS` alone fails when two of them run at the same moment. The lock is that of the session, because a
        // transaction that has waited for it need not see what was committed meanwhile.
        client.execute("SELECT pg_advisory_lock($1)", &[&MAKING]).await?;
        if !self.look(client).await? {
            let transaction = client.transaction().await?;
            transaction.batch_execute(&self.schema()).await?;
            transaction.commit().await?;
        }
        client.execute("SELECT pg_advisory_unlock($1)", &[&MAKING]).await.map_err(Unprepared::Failed).map(drop)
    }

    /// Returns true if the table is there and ours, and false if there is none.
    async fn look(&self, client: &Client) -> Result<bool, Unprepared> {
        let found = client
            .query_opt(
                "SELECT relpersistence = 'p', obj_description(oid, 'pg_class') FROM pg_class WHERE oid = to_regclass($1)",
                &[&self.qualified],
            )
            .await?;
        let Some(found) = found else { return Ok(false) };
        let comment: Option<String> = found.try_get(1)?;
        if comment.as_deref() != Some(VERSION) {
            let comment = comment.map_or("no comment".to_owned(), |comment| format!("the comment {comment:?}"));
            return Err(Unprepared::Untrusted(format!(
                "the table {} has {comment}, expected {VERSION:?}",
                self.qualified
            )));
        }
        if !found.try_get::<_, bool>(0)? {
            return Err(Unprepared::Untrusted(format!(
                "the table {} is unlogged or temporary, expected one that survives a crash of the server",
                self.qualified
            )));
        }
        Ok(true)
    }
}

/// Why a connection cannot be used.
pub(super) enum Unprepared {
    Failed(tokio_postgres::Error),
    Untrusted(String),
}

impl From<tokio_postgres::Error> for Unprepared {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_everywhere_in_the_schema() {
        let table = Table::new(Some("Calls"), "inbox").unwrap();
        let schema = table.schema();
        assert!(!schema.contains("aircall_events"), "{schema}");
        assert!(schema.starts_with("CREATE TABLE \"Calls\".\"inbox\" ("), "{schema}");
        assert!(schema.contains("CREATE INDEX inbox_due ON \"Calls\".\"inbox\" (due_at, id)"), "{schema}");
        assert!(
            schema.contains("COMMENT ON TABLE \"Calls\".\"inbox\" IS 'aircall-tower inbox, version 1'"),
            "{schema}"
        );
        assert!(schema.contains(VERSION));
    }

    #[test]
    fn names_that_would_have_to_be_escaped_are_refused() {
        for name in ["", "a\"b", "a b", "a.b", "1a", "naïve", &"a".repeat(LONGEST_NAME + 1)] {
            assert!(Table::new(None, name).is_err(), "{name}");
            assert!(Table::new(Some(name), "events").is_err(), "{name}");
        }
        assert!(Table::new(Some("_S2"), &"a".repeat(LONGEST_NAME)).is_ok());
    }
}
