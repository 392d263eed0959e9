//! The enums as columns of the database, which keeps them as text: the machine word. Only with the
//! feature `diesel`, for the store: the traits are Diesel's and the types are ours, so that nobody
//! else may join them.
//!
//! A word that is none of them is an error of the query: the database belongs to a later version.

use crate::job::{AttemptOutcome, JobState};
use crate::notify::channel::ChannelKind;
use crate::role::Role;
use crate::source::Source;
use crate::verdict::{Endpoint, Verdict};
use crate::webhook::Concurrency;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Nullable, SingleValue, Text};
use std::io::Write;

/// Lets an enum with `as_str` and `parse` stand for a text column.
macro_rules! text_enum {
    (@expression $type:ty, $sql_type:ty) => {
        impl AsExpression<$sql_type> for $type {
            type Expression = <&'static str as AsExpression<$sql_type>>::Expression;

            fn as_expression(self) -> Self::Expression {
                AsExpression::<$sql_type>::as_expression(self.as_str())
            }
        }
    };
    ($type:ty) => {
        impl FromSql<Text, Pg> for $type {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                let word = std::str::from_utf8(value.as_bytes())?;
                <$type>::parse(word)
                    .ok_or_else(|| format!("{word:?} is no {}", stringify!($type)).into())
            }
        }

        impl ToSql<Text, Pg> for $type {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(self.as_str().as_bytes())?;
                Ok(IsNull::No)
            }
        }

        text_enum!(@expression $type, Text);
        text_enum!(@expression &$type, Text);
        text_enum!(@expression $type, Nullable<Text>);

        impl<ST, DB> Queryable<ST, DB> for $type
        where
            DB: Backend,
            ST: SingleValue,
            Self: FromSql<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    };
}

text_enum!(AttemptOutcome);
text_enum!(ChannelKind);
text_enum!(Concurrency);
text_enum!(Endpoint);
text_enum!(JobState);
text_enum!(Role);
text_enum!(Source);
text_enum!(Verdict);
