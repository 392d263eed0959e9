//! A list described as data: everything `views::show_list` needs to know of one.

use super::column::{Cell, Column};
use super::filter::FilterSpec;
use signalbox_core::listing::Direction;

/// A list of `R`, sorted by `S`, narrowed by `F`.
pub struct Listing<R: 'static, S: 'static, F: 'static> {
    /// Its columns; the first holds the link to the row's page.
    pub columns: &'static [Column<R, S>],
    /// Keys of those that are shown only where somebody chose them.
    pub optional: &'static [&'static str],
    /// Its filters, in the order of the side column.
    pub filters: &'static [FilterSpec<F>],
    /// What the search box looks through, in words.
    pub search: &'static str,
    /// How it is cut into pages.
    pub paging: Paging,
    /// The order when the address asks for none.
    pub default_order: &'static [(S, Direction)],
    /// A row's id: `data-id`, and what pages are cut at.
    pub id: fn(&R) -> String,
    /// What an address says of where to go on, as an id; none = it is none.
    pub place: fn(&str) -> Option<String>,
    /// What tells a row from the others, in words: on the page that asks, on its box.
    pub name: fn(&R) -> String,
    /// A row's page.
    pub page: fn(&R) -> String,
    /// What rows that follow each other may have in common; none = they stand alone.
    pub group: Option<Group<R, S>>,
    /// What to say when there is nothing at all.
    pub empty: Empty,
}

impl<R, S, F> Listing<R, S, F> {
    /// The keys of the columns that are shown where nobody chose.
    pub fn usual_columns(&self) -> Vec<&'static str> {
        let keys = self.columns.iter().map(|column| column.key);
        keys.filter(|key| !self.optional.contains(key)).collect()
    }

    /// The keys of these columns that there are, in the list's order, and of the first, which holds
    /// the link.
    pub fn known_columns(&self, wanted: &[String]) -> Vec<&'static str> {
        let keys = self.columns.iter().map(|column| column.key).enumerate();
        keys.filter(|(at, key)| *at == 0 || wanted.iter().any(|wanted| wanted == key))
            .map(|(_, key)| key)
            .collect()
    }
}

/// Rows that follow each other and are about one thing stand below a heading, while the list is
/// sorted by that thing.
pub struct Group<R: 'static, S: 'static> {
    /// The order in which they follow each other.
    pub by: S,
    /// What is the same for all rows of a group.
    pub key: fn(&R) -> String,
    /// The heading.
    pub title: fn(&R) -> Cell,
    /// The first cell of a row below it, which need not say what the heading says.
    pub cell: fn(&R) -> Cell,
}

/// The most rows that a list with numbered pages shows on one, when all are asked for.
pub const SHOW_ALL: i64 = 200;

/// A place in a list whose ids are numbers.
pub fn parse_number_place(text: &str) -> Option<String> {
    text.parse::<i64>().ok().map(|number| number.to_string())
}

/// A row's name of its parts, those that it lacks left out: `deploy, Website, 2026-11-24 22:16:11 UTC`.
pub fn join_name(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// How a list is cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// Pages with numbers, of this many rows: for tables that stay small.
    Numbered(i64),
    /// Newer and Older by id, this many rows at a time: for tables that grow without end.
    Keyset(i64),
}

impl Paging {
    /// Rows on one page.
    pub fn rows_per_page(self) -> i64 {
        match self {
            Self::Numbered(rows) | Self::Keyset(rows) => rows,
        }
    }
}

/// What to say when there is nothing at all: what it would show, and what to do first.
#[derive(Debug, Clone, Copy)]
pub struct Empty {
    /// One line.
    pub title: &'static str,
    /// What to do first, step by step.
    pub steps: &'static [&'static str],
}
