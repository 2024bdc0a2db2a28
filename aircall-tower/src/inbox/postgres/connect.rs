//! Connections: how they are made, what each is set to, and the pool of them.

use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Connect, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Error, Socket};

use super::super::store::StoreError;
use super::failure;
use super::table::{Table, Unprepared};

/// How soon a connection is given up that the other side does not answer on at all: a machine that is gone.
const SILENCE: Duration = Duration::from_secs(10);

/// What `Config` has if nobody has set it.
const UNSET_KEEPALIVES_IDLE: Duration = Duration::from_secs(2 * 60 * 60);

/// Makes connections with somebody's TLS, and passes on what the server says on its own.
#[derive(Clone)]
pub(super) struct Dialler<T> {
    pub(super) tls: T,
    pub(super) heard: Arc<dyn Fn(&str) + Send + Sync>,
}

impl<T> Connect for Dialler<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, mut connection) = config.connect(self.tls.clone()).await?;
            let heard = Arc::clone(&self.heard);
            let driver = tokio::spawn(async move {
                // Whoever waits for an answer is told of an error.
                while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                    if let AsyncMessage::Notification(notification) = message {
                        heard(notification.payload());
                    }
                }
            });
            Ok((client, driver))
        })
    }
}

/// Sets what has not been set and is needed to notice that a server is gone.
pub(super) fn with_defaults(mut config: Config, name: &str, limit: Duration) -> Config {
    if config.get_application_name().is_none() {
        config.application_name(name);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(limit);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_keepalives_idle() == UNSET_KEEPALIVES_IDLE {
        config.keepalives_idle(SILENCE / 2);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(SILENCE / 5);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(3);
    }
    config
}

/// What every connection is set to before anybody uses it.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) table: Table,
    pub(super) make: bool,
    pub(super) limit: Duration,
}

impl Setup {
    /// Sets up a connection, and refuses a server that would not keep what it is given.
    pub(super) async fn apply(&self, client: &mut Client) -> Result<(), Unprepared> {
        let limit = self.limit.as_millis().max(1);
        let silence = SILENCE.as_millis();
        client
            .batch_execute(&format!(
                // One that is stronger than `on` is left as it is.
                "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false);
                 SET default_transaction_isolation = 'read committed';
                 SET statement_timeout = {limit};
                 SET idle_in_transaction_session_timeout = {limit};
                 SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; SET tcp_user_timeout = {silence};
                 -- There is an index for each statement. A plan that was made while the table was small must not outlive that.
                 SET enable_seqscan = off;"
            ))
            .await?;
        let found = client
            .query_one(
                "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_encoding')",
                &[],
            )
            .await?;
        let is = |column: usize, expected: &[&str], what: &str| -> Result<(), Unprepared> {
            let value: String = found.try_get(column)?;
            match expected.contains(&value.as_str()) {
                true => Ok(()),
                false => {
                    Err(Unprepared::Untrusted(format!("the server has {what} {value:?}, expected {:?}", expected[0])))
                }
            }
        };
        is(0, &["on", "remote_apply"], "synchronous_commit")?;
        is(1, &["on"], "fsync")?;
        is(2, &["UTF8"], "server_encoding")?;
        self.table.prepare(client, self.make).await
    }
}

/// The pool. Whatever it is asked for ends within a time that the caller sets.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
}

impl Connections {
    pub(super) fn new(
        config: Config,
        connect: impl Connect + 'static,
        setup: Setup,
        size: usize,
    ) -> Result<Self, StoreError> {
        let limit = setup.limit;
        let manager = Manager::from_connect(config, connect, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let prepare = Hook::async_fn(move |client: &mut ClientWrapper, _| {
            let setup = setup.clone();
            Box::pin(async move {
                setup.apply(client).await.map_err(|unprepared| match unprepared {
                    Unprepared::Failed(error) => HookError::Backend(error),
                    Unprepared::Untrusted(what) => HookError::message(what),
                })
            })
        });
        let pool = Pool::builder(manager)
            .max_size(size.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(limit))
            .create_timeout(Some(limit))
            .recycle_timeout(Some(limit))
            .post_create(prepare)
            .build();
        pool.map(|pool| Self { pool }).map_err(|error| failure::unavailable(error.to_string()))
    }

    pub(super) async fn get(&self) -> Result<Connection, StoreError> {
        let client = self.pool.get().await.map_err(failure::no_connection)?;
        Ok(Connection { client: Some(client) })
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// A connection of the pool. Unless it is [given back](Self::give_back) it is closed: a statement may be under way on it
/// that nobody waits for any more, and the next one would have to.
pub(super) struct Connection {
    client: Option<Object>,
}

impl Connection {
    pub(super) fn give_back(mut self) {
        drop(self.client.take());
    }
}

impl Deref for Connection {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        self.client.as_ref().expect("it is there until it is dropped")
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut ClientWrapper {
        self.client.as_mut().expect("it is there until it is dropped")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}
