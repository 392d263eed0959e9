//! What can go wrong with the database, in the terms its callers act on.
//!
//! Made in one place, the `From` below; constraint names are part of the schema's interface, so a
//! form can put "taken" beside the right field.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::PoolError;
use diesel_async::pooled_connection::deadpool::PoolError as DeadpoolError;

/// A failed database call.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such row.
    #[error("no such row")]
    NotFound,
    /// What was read has changed meanwhile: a row's version, or who holds an idempotency key.
    #[error("changed by someone else in the meantime")]
    Stale,
    /// A unique or check constraint, by its name.
    #[error("the constraint {0} refuses it")]
    Constraint(String),
    /// The database cannot be reached, or the connection broke.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("database: {0}")]
    Other(DieselError),
}

impl StoreError {
    /// Whether trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => Self::NotFound,
            DieselError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            DieselError::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::ForeignKeyViolation => match info.constraint_name() {
                    Some(name) => Self::Constraint(name.to_owned()),
                    None => Self::Other(error),
                },
                DatabaseErrorKind::SerializationFailure => Self::Stale,
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ReadOnlyTransaction => {
                    Self::Unavailable(info.message().to_owned())
                }
                // PostgreSQL says so while it stops or starts; Diesel has no kind for it.
                _ if is_going_away(info.message()) => Self::Unavailable(info.message().to_owned()),
                _ => Self::Other(error),
            },
            _ => Self::Other(error),
        }
    }
}

fn is_going_away(message: &str) -> bool {
    ["terminating connection", "the database system is", "connection closed", "server closed"]
        .iter()
        .any(|part| message.contains(part))
}

impl From<DeadpoolError> for StoreError {
    fn from(error: DeadpoolError) -> Self {
        match error {
            DeadpoolError::Backend(PoolError::QueryError(inner)) => inner.into(),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
