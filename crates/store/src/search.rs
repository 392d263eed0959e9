//! What the lists share: how a search term becomes a pattern, where ids of a time lie, and a count
//! that knows when to stop. No table is known here.

use super::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel::{BoxableExpression, IntoSql, QueryResult};
use diesel_async::RunQueryDsl;
use signalbox_core::listing::{ListQuery, Part, Total};

/// A condition put together at run time, over the table `T`.
pub type Condition<T> = Box<dyn BoxableExpression<T, Pg, SqlType = Bool>>;

/// The pattern that finds `term` anywhere in a text, whatever the case: for `ILIKE`.
pub fn contains_pattern(term: &str) -> String {
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

/// What stands between two fields that are searched as one text: no term holds it.
pub const BETWEEN: &str = "\n";

/// The condition that a row of `table` is among the `reach` newest ones, or those that were made
/// before a moment, where a query is more than [`Ids`].
pub fn among_newest(table: &str, reach: i64, before: Option<DateTime<Utc>>) -> SqlLiteral<Bool> {
    // An id of our own making, not somebody's text.
    let before = before.map_or_else(String::new, |before| {
        format!(" WHERE newest.id < '{}'", first_id_after(before))
    });
    diesel::dsl::sql(&format!(
        "({table}.id >= coalesce((SELECT newest.id FROM {table} AS newest{before} \
         ORDER BY newest.id DESC OFFSET {reach} LIMIT 1), ''))"
    ))
}

/// Ids tell when they were made, to the millisecond; whoever makes one reads the clock once more
/// for the row's time, and clocks are set.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// The smallest id of a moment.
pub fn id_at(at: DateTime<Utc>) -> String {
    let ms = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    ulid::Ulid::from_parts(ms, 0).to_string()
}

/// Rows of that time or later have this id or a larger one. Said beside a condition on the time:
/// one index then has both the order and the beginning of the list.
pub fn last_id_before(at: DateTime<Utc>) -> String {
    id_at(at.checked_sub_signed(SLACK).unwrap_or(at))
}

/// The same for a time that far back.
#[expect(clippy::disallowed_methods, reason = "said beside `ago`, whose clock is the database's")]
pub fn last_id_before_ago(time: TimeDelta) -> String {
    last_id_before(Utc::now().checked_sub_signed(time).unwrap_or(DateTime::UNIX_EPOCH))
}

/// Rows from before that time have a smaller id than this.
pub fn first_id_after(at: DateTime<Utc>) -> String {
    id_at(at.checked_add_signed(SLACK).unwrap_or(at))
}

/// What a search has found, newest first: all ids, or the first [`Total::CAP`] and one.
pub struct Found(pub Vec<String>);

impl Found {
    /// How many ids to ask for.
    pub const LIMIT: i64 = Total::CAP + 1;

    /// How many rows match.
    pub fn total(&self) -> Total {
        Total::from_capped(i64::try_from(self.0.len()).unwrap_or(i64::MAX))
    }

    /// The ids of the rows of a part and one more, in the order in which [`Page::cut`] wants
    /// them. None if there are more ids than these, and the table must be asked again.
    ///
    /// [`Page::cut`]: signalbox_core::listing::Page::cut_page
    pub fn ids_of_part(&self, part: &Part, limit: i64) -> Option<Vec<&str>> {
        let Total::Exactly(_) = self.total() else { return None };
        let ids = self.0.iter().map(String::as_str);
        let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        Some(match part {
            Part::Numbered(_) => ids.take(most).collect(),
            Part::Older(place) => ids.filter(|id| *id < place.as_str()).take(most).collect(),
            Part::Newer(place) => ids.rev().filter(|id| *id > place.as_str()).take(most).collect(),
        })
    }
}

/// The ids of the rows that a condition lets through, newest first, at most so many. Where words
/// are searched, of the newest rows, or of those that were made before a moment.
pub struct Ids<T> {
    /// The table.
    pub table: &'static str,
    /// Which rows.
    pub condition: Condition<T>,
    /// In how many rows words are searched, if they are.
    pub searches: Option<i64>,
    /// Before when rows are looked at.
    pub before: Option<DateTime<Utc>>,
    /// At most so many.
    pub limit: i64,
}

impl<T> QueryId for Ids<T> {
    type QueryId = ();
    // The condition is put together at run time.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for Ids<T> {
    type SqlType = Text;
}

impl<T> QueryFragment<Pg> for Ids<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let table = self.table;
        out.push_sql("SELECT id FROM ");
        if let Some(reach) = self.searches {
            // The planner cannot know how few rows these are, unless it is told so.
            out.push_sql(&format!("(SELECT * FROM {table}"));
            if let Some(before) = self.before {
                // An id of our own making, not somebody's text.
                out.push_sql(&format!(" WHERE id < '{}'", first_id_after(before)));
            }
            out.push_sql(&format!(" ORDER BY id DESC LIMIT {reach}) AS "));
        }
        out.push_sql(table);
        out.push_sql(" WHERE ");
        self.condition.walk_ast(out.reborrow())?;
        out.push_sql(&format!(" ORDER BY id DESC LIMIT {}", self.limit));
        Ok(())
    }
}

/// An SQL expression for the database's time, that far back.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn time_ago(time: chrono::TimeDelta) -> _ {
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

/// How many rows match, and, where a search went through the table for that, the ids of those
/// that are asked for, so that it goes once.
///
/// # Errors
/// Any [`super::StoreError`] of the database.
pub async fn find_matching<T: 'static, S, F>(
    conn: &mut Conn,
    ids: Ids<T>,
    query: &ListQuery<S, F>,
) -> Result<(Total, Option<Vec<String>>)> {
    if query.terms.is_empty() {
        let count = CountOf(ids).get_result(conn).await?;
        return Ok((Total::from_capped(count), None));
    }
    let found = Found(ids.load(conn).await?);
    let part = found.ids_of_part(&query.part, query.limit);
    Ok((found.total(), part.map(|ids| ids.into_iter().map(str::to_owned).collect())))
}

/// Counts the rows of several queries at once, in their order; each should carry a `LIMIT`.
pub struct CountsOf<Q>(pub Vec<Q>);

impl<Q> QueryId for CountsOf<Q> {
    type QueryId = ();
    // How many queries there are is not part of the type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for CountsOf<Q> {
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
    fn what_was_found_is_cut_as_the_table_would_cut_it() {
        let found = Found(["05", "04", "03", "02", "01"].map(str::to_owned).into());
        let part = |part| found.ids_of_part(&part, 1).unwrap();
        assert_eq!(part(Part::FIRST), ["05", "04"]);
        assert_eq!(part(Part::Older("04".into())), ["03", "02"]);
        assert_eq!(part(Part::Newer("02".into())), ["03", "04"]);
        assert_eq!(found.total(), Total::Exactly(5));
        let many = Found(vec![String::new(); 10_001]);
        assert_eq!(
            (many.total(), many.ids_of_part(&Part::FIRST, 1)),
            (Total::AtLeast(10_000), None)
        );
    }

    #[test]
    fn the_ids_of_a_time_lie_between_its_bounds() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let id = id_at(at);
        assert!(last_id_before(at) < id && id < first_id_after(at));
        assert!(first_id_after(at) < last_id_before(at + TimeDelta::minutes(3)));
    }

    #[test]
    fn wild_cards_of_the_pattern_language_are_plain_letters_in_a_search() {
        assert_eq!(contains_pattern("a_b%\\"), "%a\\_b\\%\\\\%");
        assert_eq!(contains_pattern("项目"), "%项目%");
    }
}
