//! The embedded PostgreSQL.
