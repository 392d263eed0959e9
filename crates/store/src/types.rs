//! Values in the form in which the database takes them.

use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use std::io::Write;

/// A value on its way into a `jsonb` column, as the text it is sent as.
#[derive(Debug)]
pub struct JsonText(Vec<u8>);

impl JsonText {
    /// Writes a value down. One that cannot be written, which none of ours is, becomes `null`.
    pub fn from_value(value: &impl serde::Serialize) -> Self {
        Self(serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec()))
    }

    /// How many bytes it has.
    pub fn byte_length(&self) -> usize {
        self.0.len()
    }
}

impl ToSql<Jsonb, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // The version of the format. Source: PostgreSQL, jsonb_recv.
        out.write_all(&[1])?;
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}
