//! Calls out.
