//! The pool of connections, and the one way to take one.

use super::{Conn, Result, StoreError};
use diesel_async::pooled_connection::deadpool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use std::time::Duration;

/// How long a caller waits for a free connection before it is told that the database is away.
const WAIT: Duration = Duration::from_secs(5);

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
        let mut config = ManagerConfig::<Conn>::default();
        config.custom_setup = Box::new(|url| connect(url).boxed());
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        deadpool::Pool::builder(manager)
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
    pub async fn get(&self) -> Result<PooledConn> {
        Ok(self.0.get().await?)
    }
}

/// Our queries read a few rows of indexes: compiling one takes longer than running it.
async fn connect(url: &str) -> diesel::ConnectionResult<Conn> {
    let mut conn = Conn::establish(url).await?;
    let set = conn.batch_execute("SET jit = off").await;
    set.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
