//! The one way to begin a transaction. Services call it; store functions never do.

use super::{Conn, StoreError};
use diesel_async::{AsyncConnection, TransactionManager};

type Manager = <Conn as AsyncConnection>::TransactionManager;

/// Runs `work` in one transaction: committed if it answers Ok, undone if it answers Err.
///
/// Dropped in the middle, it leaves the connection inside the transaction; the pool then closes
/// that connection, which undoes it.
///
/// # Errors
/// Those of `work`, and [`StoreError`] if the transaction cannot begin or commit.
pub async fn run_transaction<T, E, F>(conn: &mut Conn, work: F) -> Result<T, E>
where
    F: AsyncFnOnce(&mut Conn) -> Result<T, E>,
    E: From<StoreError>,
{
    Manager::begin_transaction(conn).await.map_err(StoreError::from)?;
    match work(conn).await {
        Ok(done) => {
            Manager::commit_transaction(conn).await.map_err(StoreError::from)?;
            Ok(done)
        }
        Err(error) => {
            if let Err(undo) = Manager::rollback_transaction(conn).await {
                tracing::debug!(error = %undo, "Failed to roll back a transaction: {undo}");
            }
            Err(error)
        }
    }
}
