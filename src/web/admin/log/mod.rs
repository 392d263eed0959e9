//! The log: who did what, sign-ins and what Signalbox itself did included. A list like any
//! other, and a page for each entry with its values before and after (`entry.rs`).

pub mod badges;
pub mod entry;

use super::context::{Meta, Signalbox};
use super::kit::at::At;
use super::kit::column::{Bit, Cell, Column, Width};
use super::kit::entry::{change_label, value_text};
use super::kit::filter::{BadChoice, Choice, Choices, FilterSpec};
use super::kit::listing::{Empty, Listing, Paging, join_name, parse_number_place};
use super::kit::resource::Resource;
use super::words;
use crate::web::admin::log::badges::verb_badge;
use crate::web::urls;
use signalbox_core::change::Change;
use signalbox_core::listing::{Counts, ListQuery, Page};
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::audit::{self, Filter, Row, Sort, Verb, object};
use signalbox_store::{self as store, Conn};

/// The resource.
pub struct Log;

static META: Meta = Meta::new("", "log", ["entry", "entries", "Log"], Permission::ReadLog);

static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    optional: &[],
    filters: FILTERS,
    search: "names, values before and after, IP addresses and IDs of the newest 50,000 entries",
    paging: Paging::Keyset(100),
    default_order: &[],
    id: |row| row.id.to_string(),
    place: parse_number_place,
    name: |row| join_name(&[&row.object_name, &At(row.at).absolute()]),
    page: |row| urls::log_entry(row.id),
    group: None,
    empty: Empty {
        title: "No entries yet",
        steps: &["Every change that anyone makes appears here."],
    },
};

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "at",
        label: "When",
        width: Width::Fit,
        cell: |row| Bit::from_time(Some(row.at)).into(),
        sort: None,
    },
    Column {
        key: "actor",
        label: "Who",
        width: Width::Fit,
        cell: |row| {
            let href = urls::with_query(&urls::log(), &[("user", &row.actor_name)]);
            Bit::Link { text: row.actor_name.clone(), href }
                .stack_over(Bit::from_code(&row.remote_addr))
        },
        sort: None,
    },
    Column {
        key: "verb",
        label: "What",
        width: Width::Fit,
        cell: |row| Bit::Badge(verb_badge(row.verb)).into(),
        sort: None,
    },
    Column { key: "object", label: "Object", width: Width::Fit, cell: object_cell, sort: None },
    Column {
        key: "changes",
        label: "Changes",
        width: Width::Grow,
        cell: |row| Bit::from_text(changes_summary(&row.changes)).into(),
        sort: None,
    },
];

/// Most letters of an object's name in the list; its page has them all.
const NAME: usize = 28;

/// Most letters of a value in the list.
const VALUE: usize = 40;

fn cut_text(text: &str, letters: usize) -> String {
    let short: String = text.chars().take(letters).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

fn object_cell(row: &Row) -> Cell {
    let text = match row.object_type.as_str() {
        // Named by ourselves, in English.
        object::PAUSE => t(&row.object_name).to_owned(),
        _ => cut_text(&row.object_name, NAME),
    };
    let name = match of_same(row) {
        Some(href) if !text.is_empty() => Bit::Link { text, href },
        _ => Bit::from_text(text),
    };
    name.stack_over(Bit::from_text(t(kind_label(&row.object_type))))
}

/// What the log calls a kind of object.
pub fn kind_label(object_type: &str) -> &str {
    match object_type {
        object::WEBHOOK => "webhook",
        object::JOB => "job",
        object::USER => "user",
        object::PAUSE => "pause",
        object::REPLAY => "bulk replay",
        object::VIEW => "view",
        object::CONNECTION => "GitLab connection",
        object::CHANNEL => "channel",
        object::RULE => "rule",
        other => other,
    }
}

/// What else was done to an entry's object: its part of the log, for whoever may read that.
fn of_same(row: &Row) -> Option<String> {
    let query = [("object_type", row.object_type.as_str()), ("object_id", &row.object_id)];
    (!row.object_id.is_empty()).then(|| urls::with_query(&urls::log(), &query))
}

/// Where an entry's object is found: its history, which outlives it.
pub fn object_url(row: &Row) -> Option<String> {
    let id = Some(row.object_id.as_str()).filter(|id| !id.is_empty())?;
    match row.object_type.as_str() {
        object::WEBHOOK => Some(urls::history("hooks", "webhook", id)),
        object::USER => Some(urls::history("auth", "user", id)),
        object::CONNECTION => Some(urls::history("gitlab", "connection", id)),
        object::JOB => Some(urls::object("hooks", "job", id)),
        object::CHANNEL => Some(urls::history("notify", "channel", id)),
        object::RULE => Some(urls::history("notify", "rule", id)),
        object::DELIVERY => Some(urls::object("hooks", "delivery", id)),
        object::REPLAY => Some(urls::replay_run(id)),
        _ => None,
    }
}

/// The changes in a line: `Enabled: Yes > No; 3 more`.
fn changes_summary(changes: &[Change]) -> String {
    const SHOWN: usize = 2;
    let labels = words::all_labels();
    let mut parts: Vec<String> = changes
        .iter()
        .take(SHOWN)
        .map(|change| {
            let label = change_label(change, &labels);
            let shown = |side: &Option<_>| {
                side.as_ref().map_or_else(
                    || "—".to_owned(),
                    |v| cut_text(&value_text(&labels, &change.field, v), VALUE),
                )
            };
            match (change.secret, &change.before, &change.after) {
                (true, ..) => say!("{field}: changed", field = label),
                (false, None, after) => format!("{label}: {}", shown(after)),
                (false, before, after) => format!("{label}: {} → {}", shown(before), shown(after)),
            }
        })
        .collect();
    if changes.len() > SHOWN {
        parts.push(say!("{n} more", n = changes.len() - SHOWN));
    }
    parts.join("; ")
}

/// Every verb and its words.
#[expect(clippy::indexing_slicing, reason = "checked when it is compiled")]
static VERBS: [Choice; Verb::ALL.len()] = {
    let mut choices = [("", ""); Verb::ALL.len()];
    let mut at = 0;
    while at < choices.len() {
        let verb = Verb::ALL[at];
        choices[at] = (verb.as_str(), verb.label());
        at += 1;
    }
    choices
};

static FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "verb",
        label: "What",
        choices: Choices::Fixed(&VERBS),
        apply: |filter, value| {
            filter.verb = Some(Verb::parse(value).ok_or(BadChoice)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "object_type",
        label: "Object",
        choices: Choices::Fixed(&[
            (object::WEBHOOK, "Webhooks"),
            (object::JOB, "Jobs"),
            (object::USER, "Users"),
            (object::PAUSE, "Pauses"),
            (object::DELIVERY, "Deliveries"),
            (object::REPLAY, "Bulk replays"),
            (object::VIEW, "Views"),
            (object::CONNECTION, "GitLab connections"),
            (object::CHANNEL, "Channels"),
            (object::RULE, "Rules"),
        ]),
        apply: |filter, value| {
            filter.object_type = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec::over_times("at", "Time", |filter| &mut filter.at),
    FilterSpec {
        param: "user",
        label: "User",
        choices: Choices::Held(&[("system", "Signalbox itself")]),
        apply: |filter, value| {
            filter.actor = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "object_id",
        label: "Object ID",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.object_id = Some(value.to_owned());
            Ok(())
        },
    },
];

impl Resource for Log {
    type Site = Signalbox;
    type Row = Row;
    type Sort = Sort;
    type Filter = Filter;

    const META: &'static Meta = &META;
    const LISTING: &'static Listing<Row, Sort, Filter> = &LISTING;

    async fn fetch_page(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
    ) -> store::Result<Page<Row>> {
        audit::list_entries(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<Sort, Filter>,
        _: bool,
    ) -> store::Result<Counts> {
        audit::count_entries(conn, "user").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_core::change::Value;

    #[test]
    fn a_summary_is_short_and_tells_no_secret() {
        let change = |field: &str, before: Option<Value>| Change {
            field: field.to_owned(),
            before,
            after: Some(Value::Bool(false)),
            secret: false,
        };
        let mut changes = vec![change("enabled", Some(Value::Bool(true))), change("name", None)];
        assert_eq!(changes_summary(&changes), "Enabled: Yes → No; Name: No");
        changes.insert(0, Change::of_secret("secret_token"));
        assert_eq!(changes_summary(&changes), "Secret token: changed; Enabled: Yes → No; 1 more");
    }
}
