//! The routes a resource brings: rows for the panel's table.

use super::resource::{Editable, Resource};
use super::route::{Access, Row};
use super::site::Site;
use super::urls::{self, ENTRY, ID};
use super::{bulk, columns, history, revert, views};

/// The rows of a resource.
type Rows<R> = Vec<Row<<<R as Resource>::Site as Site>::Permission>>;

/// The routes of a list.
pub fn resource_routes<R: Resource>() -> Rows<R> {
    let view = Access::Needs(R::META.view);
    let mut rows =
        vec![Row::get(R::META.list_url(), view, |route| route.to(views::show_list::<R>))];
    if let Some(least) = R::META.acting {
        // Each action asks for its own permission too.
        rows.push(Row::post(R::META.list_url(), Access::Needs(least), |route| {
            route.to(bulk::submit_bulk::<R>)
        }));
    }
    if R::Site::KEEPS_VIEWS {
        rows.push(Row::post(urls::columns(&R::META.list_url()), view, |route| {
            route.to(columns::submit_columns::<R>)
        }));
    }
    rows
}

/// The routes of a list with forms: whoever may look sees the form's values, history included.
pub fn editable_routes<E: Editable>() -> Rows<E> {
    let meta = E::META;
    let view = Access::Needs(meta.view);
    let mut rows = resource_routes::<E>();
    if let Some(edit) = meta.edit {
        let edit = Access::Needs(edit);
        rows.extend([
            Row::get(meta.add_url(), edit, |route| route.to(views::add_form::<E>)),
            Row::post(meta.add_url(), edit, |route| route.to(views::submit_add::<E>)),
            Row::post(meta.change_url(ID), edit, |route| route.to(views::submit_change::<E>)),
            Row::get(meta.delete_url(ID), edit, |route| route.to(views::delete_form::<E>)),
            Row::post(meta.delete_url(ID), edit, |route| route.to(views::submit_delete::<E>)),
            Row::get(meta.revert_url(ID, ENTRY), edit, |route| route.to(revert::ask_revert::<E>)),
            Row::post(meta.revert_url(ID, ENTRY), edit, |route| route.to(revert::carry_out::<E>)),
        ]);
    }
    rows.extend([
        Row::get(meta.change_url(ID), view, |route| route.to(views::change_form::<E>)),
        Row::get(meta.history_url(ID), view, |route| route.to(history::show_history::<E>)),
    ]);
    if meta.tabs.is_none() {
        rows.push(Row::get(urls::object(meta.app, meta.name, ID), view, |route| {
            route.to(views::to_change::<E>)
        }));
    }
    rows
}
