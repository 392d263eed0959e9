//! What the lists share: how a search term becomes a pattern, and a count that knows when to
//! stop. No table is known here.

use chrono::{DateTime, Utc};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool};
use diesel::{BoxableExpression, IntoSql, QueryResult};

/// A condition put together at run time, over the table `T`.
pub type Condition<T> = Box<dyn BoxableExpression<T, Pg, SqlType = Bool>>;

/// The pattern that finds `term` anywhere in a text, whatever the case: for `ILIKE`.
pub fn contains(term: &str) -> String {
    let mut pattern = String::with_capacity(term.len() + 2);
    pattern.push('%');
    for letter in term.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Rows of a table without end that a search looks through: the newest ones. A search for older
/// ones says before when.
pub const SEARCHED: i64 = 50_000;

/// What stands between two fields that are searched as one text: no term holds it.
pub const BETWEEN: &str = "\n";

/// The condition that a row of `table` is one of its newest [`SEARCHED`], or of those before a
/// moment of its column `at`. The moment is a number of our own making, not somebody's text.
pub fn among_newest((table, at): (&str, &str), before: Option<DateTime<Utc>>) -> SqlLiteral<Bool> {
    let before = before.map_or_else(String::new, |before| {
        let micros = before.timestamp_micros();
        format!(" WHERE {at} < to_timestamp({micros} / 1000000.0)")
    });
    diesel::dsl::sql(&format!(
        "({table}.id >= coalesce((SELECT newest.id FROM {table} AS newest{before} \
         ORDER BY newest.id DESC OFFSET {SEARCHED} LIMIT 1), ''))"
    ))
}

/// An SQL expression for the database's time, that far back.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn ago(time: chrono::TimeDelta) -> _ {
    let now = diesel::dsl::now.into_sql::<diesel::sql_types::Timestamptz>();
    now - time
}

/// Counts the rows of a query, which should carry a `LIMIT` so that counting ends.
#[derive(QueryId)]
pub struct CountOf<Q>(pub Q);

impl<Q: Query> Query for CountOf<Q> {
    type SqlType = BigInt;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for CountOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT COUNT(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

/// Counts the rows of several queries at once, in their order; each should carry a `LIMIT`.
pub struct CountsOf<Q>(pub Vec<Q>);

impl<Q> QueryId for CountsOf<Q> {
    type QueryId = ();
    // How many queries there are is not part of the type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for CountsOf<Q> {
    type SqlType = Array<BigInt>;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for CountsOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ARRAY[");
        for (number, query) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 {
                "(SELECT COUNT(*) FROM ("
            } else {
                ", (SELECT COUNT(*) FROM ("
            });
            query.walk_ast(out.reborrow())?;
            out.push_sql(") AS counted)");
        }
        out.push_sql("]::bigint[]");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wild_cards_of_the_pattern_language_are_plain_letters_in_a_search() {
        assert_eq!(contains("a_b%\\"), "%a\\_b\\%\\\\%");
        assert_eq!(contains("项目"), "%项目%");
    }
}
