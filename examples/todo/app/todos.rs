//! The list, described: its names, columns and filters, its form, what can be done to many.

use super::table::{self, Filter, Sort, Todo, TodoError};
use super::{May, TodoApp};
use signalbox::web::admin::kit::badge::{Badge, Tone};
use signalbox::web::admin::kit::bulk::{Asks, Batch, BulkAction};
use signalbox::web::admin::kit::column::{Bit, Column, Width};
use signalbox::web::admin::kit::context::Context;
use signalbox::web::admin::kit::field::{Field, Fieldset};
use signalbox::web::admin::kit::filter::{Choices, FilterSpec, YES_NO, yes_no};
use signalbox::web::admin::kit::form::{FormErrors, ONCE, Values};
use signalbox::web::admin::kit::listing::{Empty, Listing, Paging, parse_number_place};
use signalbox::web::admin::kit::resource::{
    DeletePlan, Editable, Loaded, Meta, Resource, Saved, Unsaved,
};
use signalbox_core::listing::{Counts, Direction, ListQuery, Page, Total};
use tokio_postgres::Client;

/// The resource.
pub struct Todos;

pub static META: Meta<TodoApp> = Meta {
    edit: Some(May::Change),
    actions: &[BulkAction {
        name: "done",
        label: "Mark selected to-dos as done",
        permission: May::Change,
        asks: Asks::Beyond,
        verb: ["Mark {n} to-do as done", "Mark {n} to-dos as done"],
        done: ["{n} to-do is done.", "{n} to-dos are done."],
        icon: "check",
        is_danger: false,
        guarded: false,
        goes: &["Mark them as done."],
        stays: &[],
        run: |_, conn, ids| Box::pin(mark_done(conn, ids)),
    }],
    acting: Some(May::Change),
    ..Meta::new("list", "todo", ["to-do", "to-dos", "To-dos"], May::Look)
};

static LISTING: Listing<Todo, Sort, Filter> = Listing {
    columns: &[
        Column {
            key: "text",
            label: "What",
            width: Width::Grow,
            cell: |todo| Bit::from_text(todo.text.clone()).into(),
            sort: Some(Sort::Text),
        },
        Column {
            key: "done",
            label: "State",
            width: Width::Fit,
            cell: |todo| Bit::Badge(badge(todo.done)).into(),
            sort: None,
        },
    ],
    optional: &[],
    filters: &[FilterSpec {
        param: "done",
        label: "Done",
        choices: Choices::Fixed(YES_NO),
        apply: |filter, value| {
            filter.done = Some(yes_no(value)?);
            Ok(())
        },
    }],
    search: "what is to be done",
    paging: Paging::Numbered(50),
    default_order: &[(Sort::Text, Direction::Ascending)],
    id: |todo| todo.id.to_string(),
    place: parse_number_place,
    name: |todo| todo.text.clone(),
    page: |todo| META.change_url(&todo.id.to_string()),
    group: None,
    empty: Empty { title: "Nothing to do", steps: &["Add a to-do."] },
};

fn badge(done: bool) -> Badge {
    if done {
        Badge::new("done", "Done", "check", Tone::Good)
    } else {
        Badge::new("open", "Open", "clock", Tone::Plain)
    }
}

impl Resource for Todos {
    type Site = TodoApp;
    type Row = Todo;
    type Sort = Sort;
    type Filter = Filter;

    const META: &'static Meta<TodoApp> = &META;
    const LISTING: &'static Listing<Todo, Sort, Filter> = &LISTING;

    async fn fetch_page(
        conn: &mut Client,
        query: &ListQuery<Sort, Filter>,
    ) -> Result<Page<Todo>, TodoError> {
        table::list(conn, query).await
    }

    async fn count_rows(
        conn: &mut Client,
        _: &ListQuery<Sort, Filter>,
        _: bool,
    ) -> Result<Counts, TodoError> {
        let all = Total::Exactly(table::count(conn).await?);
        Ok(Counts { all: Some(all), ..Counts::default() })
    }
}

impl Editable for Todos {
    fn build_fieldsets(_: &Context<TodoApp>, _: &Values, object: Option<&Loaded>) -> Vec<Fieldset> {
        let mut fields = vec![Field::text_field("text", "What").as_required()];
        if object.is_some() {
            fields.push(Field::checkbox_field("done", "Done"));
        }
        vec![Fieldset { id: "todo", legend: "To-do", fields, ..Fieldset::default() }]
    }

    async fn blank_values(_: &Context<TodoApp>, _: &mut Client) -> Result<Values, TodoError> {
        Ok(Values::default())
    }

    async fn load_object(
        _: &Context<TodoApp>,
        conn: &mut Client,
        id: &str,
    ) -> Result<Loaded, TodoError> {
        let (todo, version) = table::find(conn, id).await?;
        let mut values = Values::default();
        values.set_field("text", todo.text.as_str());
        values.tick_box("done", todo.done);
        let badges = vec![badge(todo.done)];
        Ok(Loaded {
            id: id.to_owned(),
            name: todo.text,
            version,
            values,
            badges,
            ..Loaded::default()
        })
    }

    async fn save_object(
        _: &Context<TodoApp>,
        conn: &mut Client,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved<TodoError>> {
        let text = values.get_trimmed("text");
        if text.is_empty() {
            let mut errors = FormErrors::default();
            errors.add_error("text", "Enter what is to be done.");
            return Err(Unsaved::Invalid(errors));
        }
        let id = match object {
            // A form that is sent twice adds one.
            None => table::add(conn, text, values.get(ONCE)).await?.ok_or(Unsaved::SentBefore)?,
            Some(object) => table::change(conn, object, text, values.is_on("done")).await?,
        };
        let (id, name) = (id.to_string(), text.to_owned());
        Ok(Saved { id, name, reveal: Vec::new(), next: None, hint: None, opens: false })
    }

    async fn plan_delete(
        _: &Context<TodoApp>,
        conn: &mut Client,
        id: &str,
    ) -> Result<DeletePlan, TodoError> {
        let (todo, _) = table::find(conn, id).await?;
        let goes = vec!["The to-do.".to_owned()];
        Ok(DeletePlan { name: todo.text, goes, ..DeletePlan::default() })
    }

    async fn delete_object(
        _: &Context<TodoApp>,
        conn: &mut Client,
        id: &str,
    ) -> Result<String, Unsaved<TodoError>> {
        Ok(table::delete(conn, id).await?)
    }
}

async fn mark_done(conn: &Client, ids: &[String]) -> Result<Batch, TodoError> {
    let mut batch = Batch { done: table::mark_done(conn, ids).await?, left: Vec::new() };
    batch.leave_rows("Already done", ids.len().saturating_sub(batch.done));
    Ok(batch)
}
