//! A list as its template draws it: rows, headings, filters, chips, pages, all links written.

use super::at::At;
use super::column::{Bit, Cell, Width};
pub use super::filter_view::{Chip, ChoiceView, FilterView, active_chips};
use super::filter_view::{filter_views, tab_views};
use super::kept::{ColumnChoice, OpenView};
use super::listing::{Empty, Listing, Paging, SHOW_ALL};
use super::query::{Address, Asked, SortLinks, page_numbers, sort_links};
use chrono::{DateTime, Utc};
use signalbox_core::listing::{Counts, Page, Total};

/// A list, erased of what it is a list of.
#[derive(Clone)]
pub struct ListView {
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// The columns, to choose from; none = they are not chosen here.
    pub choice: Option<ColumnChoice>,
    /// The saved view that is open.
    pub view: Option<OpenView>,
    /// The form that saves this list as a view.
    pub save_view: Option<String>,
    /// Several of them, in a sentence.
    pub plural: &'static str,
    /// The list's bare address, which drops everything.
    pub path: String,
    /// This very page.
    pub here: String,
    /// The search, as typed.
    pub search: String,
    /// What the search looks through.
    pub search_help: &'static str,
    /// What a search carries along.
    pub search_keeps: Vec<(String, String)>,
    /// Rows that match.
    pub matching: Total,
    /// All rows there are, if the list is narrowed.
    pub all: Option<Total>,
    /// Tabs.
    pub tabs: Vec<ChoiceView>,
    /// Active filters.
    pub chips: Vec<Chip>,
    /// Side filters.
    pub filters: Vec<FilterView>,
    /// Whether its switches can be used here; else they are plain states.
    pub switches: bool,
    /// What this person may do to many rows at once: name and words.
    pub actions: Vec<(&'static str, &'static str)>,
    /// Headings.
    pub heads: Vec<Head>,
    /// Rows.
    pub rows: Vec<RowView>,
    /// Pages.
    pub pager: Pager,
    /// What was dropped from the address.
    pub warnings: Vec<String>,
    /// What to say when there is nothing at all.
    pub empty: Empty,
    /// The set as JSON.
    pub json: String,
    /// The set as CSV.
    pub csv: String,
    /// The same as a file that an import takes, where there is one.
    pub yaml: Option<String>,
}

/// A heading.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its words.
    pub label: &'static str,
    /// How wide it is.
    pub width: Width,
    /// Its links, if the list sorts by it.
    pub sort: Option<SortLinks>,
}

impl Head {
    /// `aria-sort`, if the list is sorted by it.
    pub fn aria_sort(&self) -> Option<&'static str> {
        self.sort.as_ref()?.sorted.as_ref().map(|sorted| sorted.aria)
    }
}

/// A row.
#[derive(Debug, Clone)]
pub struct RowView {
    /// `data-id`.
    pub id: String,
    /// Its page.
    pub href: String,
    /// What tells it from the others, for the label of its box.
    pub name: String,
    /// Its cells.
    pub cells: Vec<CellView>,
    /// The heading of its group, above the first row of it.
    pub group: Option<Cell>,
}

/// A cell with its column's manners.
#[derive(Debug, Clone)]
pub struct CellView {
    /// The column's word.
    pub key: &'static str,
    /// The column's heading, for narrow screens.
    pub label: &'static str,
    /// How wide it is.
    pub width: Width,
    /// What is in it.
    pub cell: Cell,
}

impl CellView {
    /// Whether it holds words, which may be cut.
    pub fn is_words(&self) -> bool {
        matches!(self.cell.main, Bit::Text(_) | Bit::Data(_) | Bit::Code(_))
    }

    /// Whether it holds words in a column that takes what is left over.
    pub fn is_grown_words(&self) -> bool {
        self.width == Width::Grow && self.is_words()
    }
}

/// How to go on in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pager {
    /// Pages with numbers.
    Numbered {
        /// Number, address; a gap has neither. The current one has no address.
        pages: Vec<Option<(i64, Option<String>)>>,
        /// To one page of all rows, where they fit on it.
        all: Option<String>,
    },
    /// Newer and Older.
    Keyset {
        /// To the very newest.
        newest: Option<String>,
        /// To newer rows.
        newer: Option<String>,
        /// To older rows.
        older: Option<String>,
    },
}

impl Pager {
    /// Whether all rows are on this page.
    pub fn is_single(&self) -> bool {
        match self {
            Self::Numbered { pages, .. } => pages.len() < 2,
            Self::Keyset { newer, older, .. } => newer.is_none() && older.is_none(),
        }
    }
}

impl ListView {
    /// Whether the list is narrowed by search or filters.
    pub fn is_narrowed(&self) -> bool {
        self.all.is_some()
    }

    /// Whether there is nothing at all, with or without search and filters.
    pub fn is_blank(&self) -> bool {
        self.rows.is_empty() && !self.is_narrowed()
    }

    /// How many columns there are, boxes included.
    pub fn count_columns(&self) -> usize {
        self.heads.len() + usize::from(!self.actions.is_empty())
    }

    /// Whether there are so many columns that each must be content with less.
    pub fn is_crowded(&self) -> bool {
        self.heads.len() > 7
    }

    /// Whether more rows match than this page shows.
    pub fn has_more(&self) -> bool {
        usize::try_from(self.matching.number()).is_ok_and(|matching| matching > self.rows.len())
    }

    /// Whether it begins with the newest rows there are, so that newer ones may come.
    pub fn is_live(&self) -> bool {
        matches!(self.pager, Pager::Keyset { newer: None, .. })
    }

    /// How many side filters are active.
    pub fn active_filters(&self) -> usize {
        self.filters
            .iter()
            .filter(|filter| filter.choices.iter().skip(1).any(|choice| choice.current))
            .count()
    }

    /// With switches as plain states, where they cannot be used.
    #[must_use]
    pub fn without_switches(mut self) -> Self {
        for cell in self.rows.iter_mut().flat_map(|row| &mut row.cells) {
            if let Bit::Switch(switch) = &cell.cell.main {
                cell.cell.main = Bit::Badge(switch.badge.clone());
            }
        }
        Self { switches: false, ..self }
    }

    /// A moment relative to now.
    pub fn ago(&self, at: &At) -> String {
        at.ago(&self.now)
    }
}

/// What was read for a list.
pub struct Read<R> {
    /// The rows.
    pub page: Page<R>,
    /// All rows there are, if the list is narrowed.
    pub all: Option<Total>,
    /// Counts of the filters' choices.
    pub counts: Counts,
}

/// Draws a list.
pub fn draw_list<R, S: Copy + PartialEq, F>(
    plural: &'static str,
    now: DateTime<Utc>,
    listing: &Listing<R, S, F>,
    asked: Asked<S, F>,
    read: &Read<R>,
) -> ListView {
    let address = &asked.address;
    let format = |format: &str| address.with_param("format", Some(format)).href();
    ListView {
        now,
        choice: None,
        view: None,
        save_view: None,
        plural,
        path: address.path().to_owned(),
        here: address.href(),
        search_help: listing.search,
        search_keeps: address.other_params("q"),
        matching: read.page.matching,
        tabs: tab_views(listing.filters, address, &read.counts),
        chips: active_chips(listing.filters, address),
        filters: filter_views(listing.filters, address, &read.counts),
        switches: true,
        actions: Vec::new(),
        heads: draw_heads(listing, &asked),
        rows: draw_rows(listing, &asked, &read.page.rows),
        pager: draw_pager(listing, address, &read.page),
        all: read.all,
        json: format("json"),
        csv: format("csv"),
        yaml: None,
        search: asked.search,
        warnings: asked.warnings,
        empty: listing.empty,
    }
}

/// The rows, those that are about one thing below a heading.
fn draw_rows<R, S: Copy + PartialEq, F>(
    listing: &Listing<R, S, F>,
    asked: &Asked<S, F>,
    rows: &[R],
) -> Vec<RowView> {
    let mut views: Vec<RowView> = rows.iter().map(|row| row_view(listing, asked, row)).collect();
    let first_key = asked.query.order.first().map(|(by, _)| *by);
    let Some(group) = listing.group.as_ref().filter(|group| first_key == Some(group.by)) else {
        return views;
    };
    let keys: Vec<String> = rows.iter().map(group.key).collect();
    let mut at = 0;
    for same in keys.chunk_by(|one, next| one == next) {
        let members = views.iter_mut().zip(rows).skip(at).take(same.len());
        for (nth, (view, row)) in members.enumerate().filter(|_| same.len() > 1) {
            view.group = (nth == 0).then(|| (group.title)(row));
            if let Some(first) = view.cells.first_mut() {
                first.cell = (group.cell)(row);
            }
        }
        at += same.len();
    }
    views
}

fn row_view<R, S, F>(listing: &Listing<R, S, F>, asked: &Asked<S, F>, row: &R) -> RowView {
    let address = &asked.address;
    RowView {
        id: (listing.id)(row),
        name: (listing.name)(row),
        href: address.preserved_on(&(listing.page)(row)),
        cells: listing
            .columns
            .iter()
            .filter(|column| asked.shown.contains(&column.key))
            .map(|column| CellView {
                key: column.key,
                label: column.label,
                width: column.width,
                cell: carry_address((column.cell)(row), address),
            })
            .collect(),
        group: None,
    }
}

/// The cell, its switch leading back to this very list.
fn carry_address(mut cell: Cell, address: &Address) -> Cell {
    if let Bit::Switch(switch) = &mut cell.main {
        switch.action = address.preserved_on(&switch.action);
    }
    cell
}

fn draw_heads<R, S: Copy, F>(listing: &Listing<R, S, F>, asked: &Asked<S, F>) -> Vec<Head> {
    let links = |number| sort_links(&asked.address, &asked.order, number);
    (1..)
        .zip(listing.columns)
        .filter(|(_, column)| asked.shown.contains(&column.key))
        .map(|(number, column)| Head {
            label: column.label,
            width: column.width,
            sort: column.sort.map(|_| links(number)),
        })
        .collect()
}

fn draw_pager<R, S, F>(listing: &Listing<R, S, F>, address: &Address, page: &Page<R>) -> Pager {
    let to = |name: &str, value: &str| address.with_param(name, Some(value)).href();
    match listing.paging {
        Paging::Numbered(rows) => {
            let current = address.get("p").and_then(|page| page.parse().ok()).unwrap_or(1);
            let rows = if address.get("all").is_some() { SHOW_ALL } else { rows };
            let matching = page.matching.number();
            let last = matching.saturating_add(rows - 1) / rows;
            let all = (rows < matching && matching <= SHOW_ALL).then(|| to("all", "1"));
            let numbers = page_numbers(current, last).into_iter().map(|number| {
                number.map(|number| {
                    (number, (number != current).then(|| to("p", &number.to_string())))
                })
            });
            Pager::Numbered { pages: numbers.collect(), all }
        }
        Paging::Keyset(_) => {
            let edge = |row: Option<&R>| row.map(|row| (listing.id)(row));
            Pager::Keyset {
                newest: page.has_newer.then(|| address.with_param("older", None).href()),
                newer: edge(page.rows.first().filter(|_| page.has_newer))
                    .map(|id| to("newer", &id)),
                older: edge(page.rows.last().filter(|_| page.has_older)).map(|id| to("older", &id)),
            }
        }
    }
}
