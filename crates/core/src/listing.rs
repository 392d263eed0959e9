//! What a changelist is asked for and what it answers: the words between the panel's address
//! line and a table's query.
//!
//! Pure: how an address is read into this is `signalbox::web::admin::kit::query`, how a table
//! answers is `signalbox_store`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// One changelist request, typed for one table: `S` are its sort keys, `F` its filters.
#[derive(Debug, Clone)]
pub struct ListQuery<S, F> {
    /// Search terms: each must be found in some searched field.
    pub terms: Vec<String>,
    /// Sort keys, first the strongest; empty = the table's default.
    pub order: Vec<(S, Direction)>,
    /// Filters.
    pub filter: F,
    /// Which part of the rows.
    pub part: Part,
    /// Most rows in one answer.
    pub limit: i64,
    /// In how many of the newest rows words are looked for, where a table grows without end. A
    /// search for older ones says before when.
    pub reach: i64,
}

/// The reach of a list's own search.
pub const REACH: i64 = 50_000;

impl<S, F: Default> ListQuery<S, F> {
    /// Neither search nor filters.
    #[must_use]
    pub fn match_everything(limit: i64) -> Self {
        Self {
            terms: Vec::new(),
            order: Vec::new(),
            filter: F::default(),
            part: Part::FIRST,
            limit,
            reach: REACH,
        }
    }
}

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// Which part of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The nth page of `limit` rows, from 1.
    Numbered(i64),
    /// The rows that follow (are older than) this id.
    Older(String),
    /// The rows that precede (are newer than) this id.
    Newer(String),
}

impl Part {
    /// The first page.
    pub const FIRST: Self = Self::Numbered(1);
}

/// A span of time that rows lie in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// Within this time, up to now; not kept, since now passes.
    #[serde(skip)]
    pub within: Option<TimeDelta>,
    /// At this moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this moment.
    pub before: Option<DateTime<Utc>>,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Exactly this many.
    Exactly(i64),
    /// At least this many: counting stopped there.
    AtLeast(i64),
}

impl Total {
    /// The most rows that are counted in tables that grow without end.
    pub const CAP: i64 = 10_000;

    /// From a count that stopped after [`Self::CAP`] + 1 rows.
    #[must_use]
    pub fn from_capped(count: i64) -> Self {
        if count > Self::CAP { Self::AtLeast(Self::CAP) } else { Self::Exactly(count) }
    }

    /// The number known.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Exactly(n) | Self::AtLeast(n) => n,
        }
    }
}

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(n) => f.write_str(&group_thousands(*n)),
            Self::AtLeast(n) => write!(f, "{}+", group_thousands(*n)),
        }
    }
}

/// A whole number with its thousands set apart: `10,000`.
#[must_use]
pub fn group_thousands(number: impl ToString + Copy) -> String {
    let number = number.to_string();
    let (sign, digits) = number.strip_prefix('-').map_or(("", number.as_str()), |d| ("-", d));
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One answer of a changelist.
#[derive(Debug, Clone)]
pub struct Page<R> {
    /// The rows, in order.
    pub rows: Vec<R>,
    /// Rows that match search and filters.
    pub matching: Total,
    /// Whether rows precede these.
    pub has_newer: bool,
    /// Whether rows follow these.
    pub has_older: bool,
}

impl<R> Page<R> {
    /// Makes a page of up to `limit + 1` rows fetched for `part` (`Newer` rows come nearest
    /// first, that is, reversed).
    #[must_use]
    pub fn cut_page(mut rows: Vec<R>, part: &Part, limit: i64, matching: Total) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let (has_newer, has_older) = match part {
            Part::Numbered(page) => (*page > 1, more),
            Part::Older(_) => (true, more),
            Part::Newer(_) => {
                rows.reverse();
                (more, true)
            }
        };
        Self { rows, matching, has_newer, has_older }
    }
}

/// Which rows a bulk action is for.
#[derive(Debug, Clone)]
pub enum Selection<S, F> {
    /// The ticked ones, by id.
    Ids(Vec<String>),
    /// All that a search and filters let through, however many: the rows are found when the
    /// action runs, and never travel through a form.
    Matching {
        /// Search and filters; order and part mean nothing here.
        query: ListQuery<S, F>,
        /// The newest id there was when the person was asked: what came later is left alone.
        up_to: Option<String>,
    },
}

/// How many rows there are beside the ones that a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All rows of the table, whatever the search and filters; none = not counted here.
    pub all: Option<Total>,
    /// Rows that each choice of a filter has.
    pub choices: Vec<ChoiceCount>,
}

/// A choice of a filter, and how many rows it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceCount {
    /// The filter's parameter.
    pub param: &'static str,
    /// The choice's value.
    pub value: String,
    /// The rows; none = not counted.
    pub count: Option<Total>,
}

impl Counts {
    /// The rows of a choice, if they were counted.
    #[must_use]
    pub fn count_for(&self, param: &str, value: &str) -> Option<Total> {
        let known = self.choices.iter().find(|known| known.param == param && known.value == value);
        known.and_then(|known| known.count)
    }
}

/// Splits a search into terms: at spaces, quoted phrases kept whole.
#[must_use]
pub fn split_terms(search: &str) -> Vec<String> {
    let mut terms = Vec::new();
    let mut rest = search.trim_start();
    while let Some(first) = rest.chars().next() {
        let quoted = matches!(first, '"' | '\'').then(|| rest.strip_prefix(first)).flatten();
        let (term, after) = match quoted.and_then(|phrase| phrase.split_once(first)) {
            Some((phrase, after)) => (phrase, after),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        if !term.is_empty() {
            terms.push(term.to_owned());
        }
        rest = after.trim_start();
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_split_as_django_splits_it() {
        assert_eq!(split_terms("  Repo 12 "), ["Repo", "12"]);
        assert_eq!(split_terms("\"Repo 12\" x"), ["Repo 12", "x"]);
        assert_eq!(split_terms("it's 'a b' \"open"), ["it's", "a b", "\"open"]);
        assert!(split_terms(" \"\" ").is_empty());
    }

    #[test]
    fn numbers_are_grouped_and_caps_are_marked() {
        let shown: Vec<String> = [0, 999, 1_000, 1_234_567, -12_345].map(group_thousands).into();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567", "-12,345"]);
        assert_eq!(Total::from_capped(10_001).to_string(), "10,000+");
        assert_eq!(Total::from_capped(10_000).to_string(), "10,000");
    }

    #[test]
    fn a_page_knows_its_neighbours() {
        let older = Page::cut_page(vec![3, 2, 1], &Part::Older("x".into()), 2, Total::Exactly(9));
        assert_eq!((older.rows, older.has_newer, older.has_older), (vec![3, 2], true, true));
        let newer = Page::cut_page(vec![1, 2], &Part::Newer("x".into()), 2, Total::Exactly(9));
        assert_eq!((newer.rows, newer.has_newer, newer.has_older), (vec![2, 1], false, true));
    }
}
