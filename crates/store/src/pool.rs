//! The pool of connections, and the one way to take one.

use super::{Conn, Result, StoreError};
use diesel_async::pooled_connection::deadpool::{self, Hook, HookError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod,
};
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use std::time::Duration;

/// How long a caller waits for a free connection before it is told that the database is away.
const WAIT: Duration = Duration::from_secs(5);
/// A connection that was used within this time is taken to be alive; its end would have been told.
const FRESH: Duration = Duration::from_secs(5);

/// What suits statements of a fixed text that look up few rows by an index, one by one or in its
/// order: planning the intake's takes longer than running it.
const FIXED_STATEMENTS: &str = "SET plan_cache_mode = force_generic_plan; \
                                SET enable_seqscan = off; SET enable_bitmapscan = off; \
                                SET enable_hashjoin = off; SET enable_mergejoin = off";

/// After so many uses at the latest, plans are made anew.
const PLANS_SERVE: usize = 1_024;

/// A connection on loan; it goes back when dropped.
pub type PooledConn = deadpool::Object<Conn>;

/// The connections of one process. Cheap to clone.
#[derive(Clone)]
pub struct Pool(deadpool::Pool<Conn>);

impl Pool {
    /// A pool of at most `size` connections to `url`; connects when first asked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the pool cannot be set up, which does not happen with the
    /// runtime Signalbox runs on.
    pub fn new(url: &str, size: usize) -> Result<Self> {
        Self::with_settings(url, size, "")
    }

    /// The same for those who run the same few statements again and again.
    ///
    /// # Errors
    /// As for [`Pool::new`].
    pub fn for_fixed_statements(url: &str, size: usize) -> Result<Self> {
        Self::with_settings(url, size, FIXED_STATEMENTS)
    }

    fn with_settings(url: &str, size: usize, settings: &'static str) -> Result<Self> {
        let mut config = ManagerConfig::<Conn>::default();
        config.custom_setup = Box::new(|url| connect_with_settings(url, settings).boxed());
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let check = Hook::async_fn(move |conn: &mut Conn, metrics| {
            // A plan that was made for an empty table reads the whole of a full one: more often at
            // first, while tables grow fastest.
            let uses = metrics.recycle_count;
            let must_plan = uses.is_power_of_two() || uses.is_multiple_of(PLANS_SERVE);
            let statement = if must_plan && !settings.is_empty() {
                "DISCARD PLANS"
            } else if metrics.last_used() < FRESH {
                return std::future::ready(Ok(())).boxed();
            } else {
                "SELECT 1"
            };
            let answered = async move {
                let answered = conn.batch_execute(statement).await;
                answered.map_err(|error| HookError::Backend(PoolError::QueryError(error)))
            };
            answered.boxed()
        });
        deadpool::Pool::builder(manager)
            .pre_recycle(check)
            .max_size(size)
            .runtime(::deadpool::Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .recycle_timeout(Some(WAIT))
            .build()
            .map(Self)
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Takes a connection.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if none is free within five seconds or the server is away.
    pub async fn get_conn(&self) -> Result<PooledConn> {
        Ok(self.0.get().await?)
    }
}

/// Our queries read a few rows of indexes: compiling one takes longer than running it.
async fn connect_with_settings(url: &str, settings: &str) -> diesel::ConnectionResult<Conn> {
    let mut conn = Conn::establish(url).await?;
    let set = conn.batch_execute(&format!("SET jit = off; {settings}")).await;
    set.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
