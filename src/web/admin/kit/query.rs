//! The address of a list: read once into a [`ListQuery`], written back into every link.
//!
//! `?q=` search, `?o=1.-2` order by column numbers from 1, `?p=` page, `?all=1` long pages,
//! `?older=`/`?newer=` an id to go on from, and each filter's own parameter; `?tz=` the zone in which
//! days are meant. What cannot be used is dropped and named in a warning; the rest still applies.

use super::column::Column;
use super::filter::{FilterSpec, ZONE};
use super::listing::{Listing, Paging, SHOW_ALL};
use signalbox_core::listing::{Direction, ListQuery, Part, split_terms};
use signalbox_i18n::{Tz, current_zone, find_zone, say, t};
use url::form_urlencoded;

/// The parameter that carries a list's query through a form and back.
pub const PRESERVED: &str = "_changelist_filters";

/// The parameters that mean something to every list.
pub const RESERVED: [&str; 10] =
    ["q", "o", "p", "all", "older", "newer", "format", ZONE, VIEW, PRESERVED];

/// The parameter that names the saved view that the list was opened by.
pub const VIEW: &str = "view";

/// A list's address, with what was usable of its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    /// An address without a query.
    pub fn new(path: &str) -> Self {
        Self { path: path.to_owned(), pairs: Vec::new() }
    }

    /// The path alone.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same address with a parameter set, or left out; on the first page again.
    #[must_use]
    pub fn with_param(&self, name: &str, value: Option<&str>) -> Self {
        let paged = |key: &str| ["p", "older", "newer"].contains(&key);
        let mut pairs: Vec<_> =
            self.pairs.iter().filter(|(key, _)| key != name && !paged(key)).cloned().collect();
        if let Some(value) = value {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Self { path: self.path.clone(), pairs }
    }

    /// Whether search or filters hide rows.
    pub fn is_narrowed(&self) -> bool {
        let place = ["o", "p", "all", "older", "newer", VIEW];
        self.pairs.iter().any(|(name, _)| !place.contains(&name.as_str()))
    }

    /// What a saved view keeps of it: search, filters and order.
    pub fn kept_query(&self) -> String {
        self.with_param(VIEW, None).with_param("all", None).query()
    }

    /// Every parameter but `name` and the page: what a search form carries along.
    pub fn other_params(&self, name: &str) -> Vec<(String, String)> {
        self.with_param(name, None).pairs
    }

    /// The query, without its question mark.
    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }

    /// The whole address.
    pub fn href(&self) -> String {
        if self.pairs.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query())
        }
    }

    /// This list's query at another address.
    pub fn at_path(&self, path: &str) -> String {
        Self { path: path.to_owned(), ..self.clone() }.href()
    }

    /// `href`, carrying this list's query, so that its page can lead back here.
    pub fn preserved_on(&self, href: &str) -> String {
        if self.pairs.is_empty() {
            return href.to_owned();
        }
        let pair = form_urlencoded::Serializer::new(String::new())
            .append_pair(PRESERVED, &self.query())
            .finish();
        format!("{href}{}{pair}", if href.contains('?') { '&' } else { '?' })
    }
}

/// What an address asks for.
pub struct Asked<S, F> {
    /// For the table.
    pub query: ListQuery<S, F>,
    /// What was usable, to write links from.
    pub address: Address,
    /// The order by column numbers from 1, as asked for or by default.
    pub order: Vec<(usize, Direction)>,
    /// The search, as typed.
    pub search: String,
    /// The saved view that it was opened by.
    pub view: Option<i64>,
    /// The keys of the columns that are shown.
    pub shown: Vec<&'static str>,
    /// What was dropped, and why.
    pub warnings: Vec<String>,
}

impl<S, F> Asked<S, F> {
    /// Whether search or filters hide rows.
    pub fn is_narrowed(&self) -> bool {
        self.address.is_narrowed()
    }
}

/// Reads a list's address.
pub fn read_query<R, S, F>(path: &str, query: &str, listing: &Listing<R, S, F>) -> Asked<S, F>
where
    S: Copy + PartialEq,
    F: Default,
{
    let mut asked = Asked {
        query: ListQuery::match_everything(listing.paging.rows_per_page()),
        address: Address::new(path),
        order: Vec::new(),
        search: String::new(),
        view: None,
        shown: listing.usual_columns(),
        warnings: Vec::new(),
    };
    let zone = zone_of_query(query).unwrap_or_else(|name| {
        asked.warnings.push(say!(
            "“{name}” is not a time zone. Days are read in {zone}.",
            name = shorten_text(&name),
            zone = current_zone()
        ));
        current_zone()
    });
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // What an empty field or a link of another kind of page leaves behind means nothing here.
        if value.trim().is_empty() || ["format", ZONE, PRESERVED].contains(&&*name) {
            continue;
        }
        // Django's spelling of the plain form.
        let name = name.strip_suffix("__exact").unwrap_or(&name);
        let kept = if asked.address.get(name).is_some() {
            Err(say!("“{name}” was given twice. The first one is used.", name = name))
        } else {
            take_param(&mut asked, listing, (name, &value), zone)
        };
        match kept {
            Ok(value) => asked.address.pairs.push((name.to_owned(), value)),
            Err(warning) => asked.warnings.push(warning),
        }
    }
    if asked.order.is_empty() {
        asked.query.order = listing.default_order.to_vec();
        asked.order = default_columns(listing.columns, listing.default_order);
    }
    asked
}

/// Uses one parameter: its value as links repeat it, or a warning.
fn take_param<R, S: Copy, F>(
    asked: &mut Asked<S, F>,
    listing: &Listing<R, S, F>,
    (name, value): (&str, &str),
    zone: Tz,
) -> Result<String, String> {
    match name {
        "q" => {
            value.trim().clone_into(&mut asked.search);
            asked.query.terms = split_terms(value);
            Ok(asked.search.clone())
        }
        "o" => take_order(asked, listing.columns, value),
        "p" => match (listing.paging, value.parse::<i64>()) {
            (Paging::Numbered(_), Ok(page)) if (1..=1_000_000).contains(&page) => {
                asked.query.part = Part::Numbered(page);
                Ok(page.to_string())
            }
            _ => Err(say!(
                "“{value}” is not a page of this list and was ignored.",
                value = shorten_text(value)
            )),
        },
        "all" if matches!(listing.paging, Paging::Numbered(_)) => {
            asked.query.limit = SHOW_ALL;
            Ok("1".to_owned())
        }
        "older" | "newer" => match (listing.paging, (listing.place)(value)) {
            (Paging::Keyset(_), Some(id)) if asked.query.part == Part::FIRST => {
                asked.query.part =
                    if name == "older" { Part::Older(id.clone()) } else { Part::Newer(id.clone()) };
                Ok(id)
            }
            _ => Err(say!(
                "“{place}” is not a position in this list and was ignored.",
                place = format!("{name}={}", shorten_text(value))
            )),
        },
        VIEW => {
            asked.view = Some(value.parse().map_err(|_| no_such_view())?);
            Ok(value.to_owned())
        }
        _ => take_filter(asked, listing.filters, (name, value), zone),
    }
}

fn take_filter<S, F>(
    asked: &mut Asked<S, F>,
    filters: &[FilterSpec<F>],
    (name, value): (&str, &str),
    zone: Tz,
) -> Result<String, String> {
    let known =
        |spec: &&FilterSpec<F>| spec.labelled_params().iter().any(|(param, _)| param == name);
    let Some(spec) = filters.iter().find(known) else {
        return Err(say!(
            "This list has no filter “{name}”. It was ignored.",
            name = shorten_text(name)
        ));
    };
    spec.narrow_query(&mut asked.query.filter, (name, value), zone).map_err(|_| {
        say!(
            "“{value}” is not a choice of “{filter}”. The filter was ignored.",
            value = shorten_text(value),
            filter = t(spec.label)
        )
    })
}

/// In which zone an address means its days: the one that it names, or else its reader's; UTC for
/// programs. The name, if there is no such zone.
fn zone_of_query(query: &str) -> Result<Tz, String> {
    let find = |wanted: &str| {
        let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    };
    match find(ZONE) {
        Some(name) => find_zone(&name).ok_or(name),
        None if find("format").is_some() => Ok(Tz::UTC),
        None => Ok(current_zone()),
    }
}

/// What is said of a view that is not there, or not any more.
pub fn no_such_view() -> String {
    t("This view does not exist any more. Its search and filters still apply.").to_owned()
}

/// The first letters of what someone typed, for repeating it.
fn shorten_text(text: &str) -> String {
    text.chars().take(60).collect()
}

fn take_order<R, S: Copy, F>(
    asked: &mut Asked<S, F>,
    columns: &[Column<R, S>],
    value: &str,
) -> Result<String, String> {
    let mut refused = Vec::new();
    for key in value.split('.') {
        let (number, direction) = match key.strip_prefix('-') {
            Some(number) => (number, Direction::Descending),
            None => (key, Direction::Ascending),
        };
        let column = number.parse::<usize>().ok().filter(|number| *number > 0);
        let sort = column.and_then(|number| columns.get(number - 1)).and_then(|column| column.sort);
        match (column, sort) {
            (Some(number), Some(sort)) => {
                if !asked.order.iter().any(|(known, _)| *known == number) {
                    asked.order.push((number, direction));
                    asked.query.order.push((sort, direction));
                }
            }
            _ => refused.push(shorten_text(key)),
        }
    }
    if !refused.is_empty() {
        asked.warnings.push(say!(
            "This list cannot be sorted by “{keys}”. This was ignored.",
            keys = refused.join(", ")
        ));
    }
    if asked.order.is_empty() {
        return Err(t("The default order is used.").to_owned());
    }
    Ok(order_param(&asked.order))
}

fn default_columns<R, S: PartialEq>(
    columns: &[Column<R, S>],
    order: &[(S, Direction)],
) -> Vec<(usize, Direction)> {
    order
        .iter()
        .filter_map(|(sort, direction)| {
            let index = columns.iter().position(|column| column.sort.as_ref() == Some(sort))?;
            Some((index + 1, *direction))
        })
        .collect()
}

/// An order as `?o=` writes it.
fn order_param(order: &[(usize, Direction)]) -> String {
    let keys: Vec<_> = order
        .iter()
        .map(|(number, direction)| match direction {
            Direction::Ascending => number.to_string(),
            Direction::Descending => format!("-{number}"),
        })
        .collect();
    keys.join(".")
}

/// What a sortable heading offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortLinks {
    /// Sorts by this column first; the other keys stay behind it.
    pub first: String,
    /// The direction and place among the keys, if the list is sorted by it.
    pub sorted: Option<Sorted>,
}

/// How a list is sorted by one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sorted {
    /// `aria-sort`.
    pub aria: &'static str,
    /// Its place among the keys, from 1; none if it is the only one.
    pub priority: Option<usize>,
    /// Turns the direction round.
    pub toggle: String,
    /// Sorts no longer by it.
    pub remove: String,
}

/// The links of column `number`'s heading.
pub fn sort_links(address: &Address, order: &[(usize, Direction)], number: usize) -> SortLinks {
    let turned = |direction: Direction| match direction {
        Direction::Ascending => Direction::Descending,
        Direction::Descending => Direction::Ascending,
    };
    let link = |order: &[(usize, Direction)]| {
        let value = order_param(order);
        address.with_param("o", Some(value.as_str()).filter(|value| !value.is_empty())).href()
    };
    let others: Vec<_> = order.iter().copied().filter(|(known, _)| *known != number).collect();
    let place = order.iter().position(|(known, _)| *known == number);
    let now = place.and_then(|place| order.get(place)).map(|(_, direction)| *direction);
    let next = now.map_or(Direction::Ascending, turned);
    let first = link(&[&[(number, next)], others.as_slice()].concat());
    let sorted = now.zip(place).map(|(direction, place)| {
        let mut toggled = order.to_vec();
        if let Some(key) = toggled.get_mut(place) {
            key.1 = turned(direction);
        }
        Sorted {
            aria: match direction {
                Direction::Ascending => "ascending",
                Direction::Descending => "descending",
            },
            priority: (order.len() > 1).then_some(place + 1),
            toggle: link(&toggled),
            remove: link(&others),
        }
    });
    SortLinks { first, sorted }
}

/// Page numbers to show: three around the current one, two at the ends; `None` = a gap.
pub fn page_numbers(current: i64, last: i64) -> Vec<Option<i64>> {
    let mut numbers = Vec::new();
    for page in 1..=last {
        let near = (page - current).abs() <= 3 || page <= 2 || page > last - 2;
        if near {
            numbers.push(Some(page));
        } else if numbers.last() != Some(&None) {
            numbers.push(None);
        }
    }
    numbers
}
