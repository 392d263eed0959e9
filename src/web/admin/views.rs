//! Saved views in the panel: the form for a new one, for one there is, and the question before it
//! goes. What may be changed at all is decided by `crate::accounts::views`; how a list is opened by
//! one, `kit::saved`.

use super::context::{AdminContext, view_problem};
use super::kit::back::query_parameter;
use super::kit::field::{Choice, Field, Fieldset, Widget};
use super::kit::form::{FormErrors, FormView, Values};
use super::kit::frame::{Frame, Level};
use super::kit::pages::ConfirmPage;
use super::kit::resource::DeletePlan;
use super::kit::saved::view_url;
use super::kit::views::Posted;
use super::saved::list_of;
use crate::accounts::views::{self, SHARING, ViewError};
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use signalbox_i18n::{say, t};
use signalbox_store::StoreError;
use signalbox_store::saved_views::{self, View};

/// The form of a view.
#[derive(Template)]
#[template(path = "admin/view.html")]
pub struct ViewPage {
    /// The page's frame.
    pub frame: Frame,
    /// Its name, and whose it is.
    pub form: FormView,
    /// The search, filters and order that it is to keep.
    pub query: String,
    /// Whether those differ from what is stored.
    pub replaces: bool,
    /// What else the form carries.
    pub carried: Vec<(&'static str, String)>,
    /// Its deletion, unless it is new.
    pub delete: Option<String>,
    /// The way out.
    pub cancel: String,
}

/// What a form is about: a view that is stored, or one to be.
struct Draft {
    wanted: saved_views::Values,
    /// The version that its form was opened at.
    version: i32,
    /// What is stored; none = it is new.
    stored: Option<View>,
}

/// `GET /admin/view/add/?list=…&query=…&columns=…`
///
/// # Errors
/// There is no such list (400).
pub async fn show_add(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let asked = |name| query_parameter(ctx.query(), name).unwrap_or_default();
    let wanted = saved_views::Values {
        owner_id: Some(ctx.actor.id.0),
        list: asked("list"),
        name: asked("name"),
        query: asked("query"),
        columns: asked("columns"),
    };
    draw_form(&ctx, Draft { wanted, version: 0, stored: None }, &FormErrors::default())
}

/// `POST /admin/view/add/`
///
/// # Errors
/// There is no such list (400), the database (503).
pub async fn submit_add(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let mut conn = ctx.get_conn().await?;
    let wanted = from_form(&ctx, &values, values.get_trimmed("list"));
    find_list(&wanted.list)?;
    let remote_addr = ctx.remote_addr();
    match views::add_view(&mut conn, ctx.asked_by(&remote_addr), &wanted).await {
        Ok(id) => Ok(saved(&ctx, id, &wanted, "The view “{name}” was saved.")),
        Err(error) => refuse(&ctx, Draft { wanted, version: 0, stored: None }, error),
    }
}

/// `GET /admin/view/<id>/`; `?query=…` proposes another search.
///
/// # Errors
/// No such view (404), not this person's to change (403), the database (503).
pub async fn show_change(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let stored = find_own(&ctx).await?;
    let mut wanted = stored.values.clone();
    if let Some(query) = query_parameter(ctx.query(), "query") {
        wanted.query = query;
    }
    let draft = Draft { wanted, version: stored.version, stored: Some(stored) };
    draw_form(&ctx, draft, &FormErrors::default())
}

/// `POST /admin/view/<id>/`
///
/// # Errors
/// As the page; somebody else changed it (409).
pub async fn submit_change(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let stored = find_own(&ctx).await?;
    let wanted = from_form(&ctx, &values, &stored.values.list);
    let version = values.get_trimmed("version").parse().unwrap_or_default();
    let mut conn = ctx.get_conn().await?;
    let remote_addr = ctx.remote_addr();
    let (by, id) = (ctx.asked_by(&remote_addr), stored.id);
    match views::change_view(&mut conn, by, (id, version), &wanted).await {
        Ok(()) => Ok(saved(&ctx, id, &wanted, "The view “{name}” was changed.")),
        Err(error) => refuse(&ctx, Draft { wanted, version, stored: Some(stored) }, error),
    }
}

/// `GET /admin/view/<id>/delete/`
///
/// # Errors
/// As [`show_change`].
pub async fn ask_delete(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let View { id, values: view, .. } = find_own(&ctx).await?;
    let goes = match view.owner_id {
        Some(_) => "The view, for you.",
        None => "The view, for everybody.",
    };
    let list = find_list(&view.list)?;
    render_page(&ConfirmPage {
        frame: ctx
            .new_frame(say!("Delete the view “{name}”?", name = view.name))
            .with_crumb(t(list.0), list.1),
        plan: DeletePlan {
            goes: vec![goes.to_owned()],
            stays: vec!["The rows that it shows.".to_owned()],
            ..DeletePlan::default()
        },
        ask: None,
        cancel: urls::view(id),
        button: t("Delete view").to_owned(),
    })
}

/// `POST /admin/view/<id>/delete/`
///
/// # Errors
/// As [`show_change`].
pub async fn submit_delete(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let View { id, values: view, .. } = find_own(&ctx).await?;
    let mut conn = ctx.get_conn().await?;
    let remote_addr = ctx.remote_addr();
    views::delete_view(&mut conn, ctx.asked_by(&remote_addr), id).await.map_err(view_problem)?;
    ctx.leave_message(Level::Success, say!("The view “{name}” was deleted.", name = view.name));
    Ok(see_other(find_list(&view.list)?.1))
}

/// A list's title and address, by its name.
fn find_list(name: &str) -> Result<(&'static str, String), HumanError> {
    Ok(list_of(name).ok_or_else(|| Problem::bad_request("There is no such list."))?)
}

/// The view of the address, if this person may change it.
async fn find_own(ctx: &AdminContext) -> Result<View, HumanError> {
    let no_such = || Problem::no_such(t("view").to_owned());
    let id = ctx.segment("id").parse().map_err(|_| no_such())?;
    let mut conn = ctx.get_conn().await?;
    let view = match saved_views::find_view(&mut conn, id, ctx.actor.id).await {
        Err(StoreError::NotFound) => return Err(no_such().into()),
        found => found?,
    };
    if views::may_change(&ctx.actor, &view) { Ok(view) } else { Err(Problem::forbidden().into()) }
}

fn from_form(ctx: &AdminContext, values: &Values, list: &str) -> saved_views::Values {
    let is_for_all = values.get_trimmed("for") == "everybody";
    saved_views::Values {
        owner_id: (!is_for_all).then_some(ctx.actor.id.0),
        list: list.to_owned(),
        name: values.get_trimmed("name").to_owned(),
        query: values.get_trimmed("query").to_owned(),
        columns: values.get_trimmed("columns").to_owned(),
    }
}

fn saved(
    ctx: &AdminContext,
    id: i64,
    view: &saved_views::Values,
    done: &'static str,
) -> HttpResponse {
    let names = [("name", view.name.clone())];
    ctx.leave_message(Level::Success, signalbox_core::sentence::fill_pattern(t(done), &names));
    let list = list_of(&view.list).map_or_else(String::new, |(_, list)| list);
    see_other(view_url(&list, &view.query, id))
}

/// The form again, with what is wrong; or a page that says why not.
fn refuse(ctx: &AdminContext, draft: Draft, error: ViewError) -> Result<HttpResponse, HumanError> {
    let field = match &error {
        ViewError::BadName(_) | ViewError::NameTaken => "name",
        ViewError::MayNotShare => "for",
        ViewError::TooLong | ViewError::TooMany => "",
        ViewError::Store(_) => return Err(view_problem(error).into()),
    };
    let mut errors = FormErrors::default();
    errors.add_error(field, error.to_string());
    draw_form(ctx, draft, &errors)
}

fn view_fields(may_share: bool) -> Fieldset {
    let mut fields = vec![
        Field::text_field("name", "Name")
            .as_required()
            .with_help("At most 60 characters. It appears in the menu, below its list."),
    ];
    if may_share {
        let choices = [("me", "Only me"), ("everybody", "Everybody")];
        let choices = choices.map(|(value, label)| Choice::new(value, label));
        fields.push(
            Field::new("for", "Who sees it", Widget::Select(choices.into())).with_help(
                "What everybody sees, operators and administrators can change and delete.",
            ),
        );
    }
    Fieldset { id: "view", legend: "View", fields, ..Fieldset::default() }
}

fn draw_form(
    ctx: &AdminContext,
    Draft { wanted: view, version, stored }: Draft,
    errors: &FormErrors,
) -> Result<HttpResponse, HumanError> {
    let (list_title, list) = find_list(&view.list)?;
    let mut values = Values::default();
    values.set_field("name", view.name.as_str());
    values.set_field("for", if view.owner_id.is_none() { "everybody" } else { "me" });
    let form = FormView::bind_form(vec![view_fields(ctx.actor.may(SHARING))], &values, errors);
    let title = match &stored {
        Some(stored) => say!("View “{name}”", name = stored.values.name),
        None => t("Save as a view").to_owned(),
    };
    let cancel = match &stored {
        Some(stored) => view_url(&list, &view.query, stored.id),
        None if view.query.is_empty() => list.clone(),
        None => format!("{list}?{}", view.query),
    };
    render_page(&ViewPage {
        frame: ctx.new_frame(title).with_crumb(t(list_title), list).with_errors(!errors.is_empty()),
        replaces: stored.as_ref().is_some_and(|stored| stored.values.query != view.query),
        carried: vec![
            ("list", view.list),
            ("query", view.query.clone()),
            ("columns", view.columns),
            ("version", version.to_string()),
        ],
        query: view.query,
        delete: stored.map(|stored| urls::view_delete(stored.id)),
        form,
        cancel,
    })
}

#[cfg(test)]
impl ViewPage {
    /// A new view, and one there is whose search is to be another.
    pub fn sample_pages() -> Vec<Self> {
        let page = |query: &str, stored: bool, errors: &FormErrors| {
            let mut values = Values::default();
            values.set_field("name", "生产环境");
            Self {
                frame: super::context::sample_frame("Save as a view"),
                form: FormView::bind_form(vec![view_fields(stored)], &values, errors),
                query: query.to_owned(),
                replaces: stored,
                carried: vec![("list", "delivery".to_owned())],
                delete: stored.then(|| urls::view_delete(7)),
                cancel: "/admin/hooks/delivery/".to_owned(),
            }
        };
        let mut errors = FormErrors::default();
        errors.add_error("name", ViewError::NameTaken.to_string());
        vec![page("", false, &FormErrors::default()), page("verdict=failed", true, &errors)]
    }
}
