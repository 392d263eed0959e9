//! The command line, and what the documentation says of it.

mod check;
mod docs;
mod secret_key;
mod transfer;
mod users;
