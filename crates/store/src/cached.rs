//! Statements written by hand whose text never changes: prepared once for each connection.
//!
//! Diesel prepares a `sql_query` anew each time, since its text may hold values. Of ours, none does.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, BoxedSqlQuery, Query, QueryFragment, QueryId, SqlQuery};
use diesel::result::QueryResult;

/// A statement of a fixed text, values bound.
#[derive(Debug, Clone, Copy)]
pub struct Cached<Q>(Q);

/// Marks a statement as one of a fixed text.
pub fn cached<Q>(query: Q) -> Cached<Q> {
    Cached(query)
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Cached<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

/// Known by its text.
impl<Q> QueryId for Cached<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Cached<Q> {
    type SqlType = Q::SqlType;
}

/// One with so many values that they are bound piece by piece.
pub(super) type Statement<'a> = BoxedSqlQuery<'a, Pg, SqlQuery>;

/// One column of all rows, to be bound as an array.
pub(super) fn column_of<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
