//! The command line, and what the documentation says of it.

mod check;
mod docs;
mod transfer;
mod users;
