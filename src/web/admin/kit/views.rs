//! The pages every resource has: list, add, change, delete; `history` is beside. Each handler reads
//! straight down: read the address or form, ask the resource, draw or redirect.

use super::back::{back_to_list, missing, parameter, preserved_on, problem};
use super::bulk;
use super::conflict;
use super::export::{self, Format};
use super::field::Widget;
use super::filter_view;
use super::form::{FormErrors, FormView, Values};
use super::frame::Level;
use super::list_view::{self, Read};
use super::pages::{ChangeFormPage, ChangelistPage, ConfirmPage};
use super::query::{Asked, read};
use super::resource::{Editable, Loaded, Meta, Resource, Saved, Unsaved};
use super::{copy, once, reauth, reveal};
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::human::{HumanError, found, page, see_other};
use crate::web::problem::Problem;
use crate::webhooks::SaveError;
use actix_web::{HttpResponse, web};
use signalbox_core::listing::{Page, Part};
use signalbox_core::sentence::fill;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::Conn;
use url::form_urlencoded;

/// A posted form.
pub type Posted = web::Form<Vec<(String, String)>>;

type Answer = Result<HttpResponse, HumanError>;

/// GET the list, or its rows as JSON or CSV.
///
/// # Errors
/// The database (503).
pub async fn list<R: Resource>(ctx: AdminContext) -> Answer {
    let (meta, listing) = (R::meta(), R::listing());
    let mut asked = read(&meta.list_url(), ctx.query(), listing);
    let mut conn = ctx.conn().await?;
    if let Some(format) = parameter(ctx.query(), "format").as_deref().and_then(Format::parse) {
        return export::answer::<R>(&mut conn, asked, format).await;
    }
    let read = gather::<R>(&mut conn, &mut asked).await?;
    let yaml = R::transfer().map(|transfer| asked.address.on(transfer.export));
    asked.warnings.extend(R::remarks(&ctx, &mut conn, &read.page.rows).await?);
    let mut list = list_view::draw((meta.plural, clock::now()), listing, asked, &read);
    list.actions = bulk::offered(&ctx, R::actions());
    list.yaml = yaml;
    let may_edit = meta.edit.is_some_and(|edit| ctx.may(edit));
    if !may_edit {
        list = list.without_switches();
    }
    let import = R::transfer().filter(|_| may_edit).map(|transfer| transfer.import);
    let mut tools = R::tools();
    tools.extend(import.map(|href| ("Import", href.to_owned())));
    page(&ChangelistPage {
        reveal: reveal::take(&ctx),
        tools,
        import,
        note: R::note(&ctx),
        frame: ctx.frame(t(meta.title)),
        add: meta.edit.filter(|edit| ctx.may(*edit)).map(|_| meta.add_url()),
        one: meta.label,
        list,
    })
}

/// Reads what a list shows, its rows and counts, in at most four queries.
///
/// # Errors
/// The database (503).
pub async fn gather<R: Resource>(
    conn: &mut Conn,
    asked: &mut Asked<R::Sort, R::Filter>,
) -> Result<Read<R::Row>, HumanError> {
    let page = fetch_within::<R>(conn, asked).await?;
    let tabs = filter_view::counts_tabs(R::listing().filters, &asked.address);
    let counts = R::counts(conn, &asked.query, tabs).await?;
    let all = counts.all.filter(|_| asked.narrows());
    Ok(Read { page, all, counts })
}

/// Fetches the part asked for; past the end, the last one there is, with a warning.
async fn fetch_within<R: Resource>(
    conn: &mut Conn,
    asked: &mut Asked<R::Sort, R::Filter>,
) -> Result<Page<R::Row>, HumanError> {
    let rows = R::fetch(conn, &asked.query).await?;
    if !rows.rows.is_empty() || asked.query.part == Part::FIRST {
        return Ok(rows);
    }
    let limit = asked.query.limit;
    let last = (rows.matching.number().saturating_add(limit - 1) / limit).max(1);
    if let Part::Numbered(page) = asked.query.part {
        asked.warnings.push(say!("There is no page {page}. This is the last page.", page = page));
        asked.address = asked.address.with("p", Some(&last.to_string()));
        asked.query.part = Part::Numbered(last);
    } else {
        asked.address = asked.address.with("p", None);
        asked.query.part = Part::FIRST;
    }
    Ok(R::fetch(conn, &asked.query).await?)
}

/// GET the form for a new object; the address may fill in fields.
///
/// # Errors
/// The database (503).
pub async fn add_form<E: Editable>(ctx: AdminContext) -> Answer {
    let mut values = E::blank(&ctx);
    prefill::<E>(&ctx, &mut values, None);
    form_page::<E>(&ctx, None, (&values, FormErrors::default()))
}

/// POST the form for a new object.
///
/// # Errors
/// The database (503).
pub async fn add<E: Editable>(ctx: AdminContext, posted: Posted) -> Answer {
    let values = Values::from_pairs(posted.into_inner());
    if values.is_on("_refresh") {
        return form_page::<E>(&ctx, None, (&values, FormErrors::default()));
    }
    if let Some(errors) = reauth::errors::<E>(&ctx, None, &values).await? {
        return form_page::<E>(&ctx, None, (&values, errors));
    }
    let mut conn = ctx.conn().await?;
    match once::save::<E>(&ctx, &mut conn, &values).await {
        Ok(None) => Ok(once::sent_before::<E>(&ctx)),
        Ok(Some(saved)) => {
            let next = E::after_add(&values, &saved);
            Ok(after_save(&ctx, E::meta(), &values, (saved, "The {one} “{name}” was added.", next)))
        }
        Err(Unsaved::Invalid(errors)) => form_page::<E>(&ctx, None, (&values, errors)),
        Err(Unsaved::Failed(error)) => Err(problem(&ctx, E::meta(), "", error).into()),
    }
}

/// GET an object's form; for those who may only read, its values.
///
/// # Errors
/// No such object (404), the database (503).
pub async fn change_form<E: Editable>(ctx: AdminContext) -> Answer {
    let id = ctx.segment("id").to_owned();
    let mut conn = ctx.conn().await?;
    let object = load::<E>(&ctx, &mut conn, &id).await?;
    let mut values = object.values.clone();
    prefill::<E>(&ctx, &mut values, Some(&object));
    form_page::<E>(&ctx, Some(&object), (&values, FormErrors::default()))
}

/// POST an object's form.
///
/// # Errors
/// No such object (404), no version in the form (400), the database (503).
pub async fn change<E: Editable>(ctx: AdminContext, posted: Posted) -> Answer {
    let id = ctx.segment("id").to_owned();
    let values = Values::from_pairs(posted.into_inner());
    let mut conn = ctx.conn().await?;
    let mut object = load::<E>(&ctx, &mut conn, &id).await?;
    let current = object.version;
    object.version = values
        .trimmed("version")
        .parse()
        .map_err(|_| Problem::bad_request("The form is incomplete. Reload the page."))?;
    if values.is_on("_refresh") {
        return form_page::<E>(&ctx, Some(&object), (&values, FormErrors::default()));
    }
    if values.is_on("_saveasnew") && E::meta().copies.is_some() {
        return copy::save::<E>(&ctx, &mut conn, (&object, &values)).await;
    }
    if let Some(errors) = reauth::errors::<E>(&ctx, Some(&object), &values).await? {
        return form_page::<E>(&ctx, Some(&object), (&values, errors));
    }
    match E::save(&ctx, &mut conn, Some(&object), &values).await {
        Ok(saved) => Ok(after_save(
            &ctx,
            E::meta(),
            &values,
            (saved, "The {one} “{name}” was changed.", None),
        )),
        Err(Unsaved::Invalid(errors)) => form_page::<E>(&ctx, Some(&object), (&values, errors)),
        Err(Unsaved::Failed(SaveError::Stale)) => {
            object.version = current;
            conflict::page::<E>(&ctx, &object, &values)
        }
        Err(Unsaved::Failed(error)) => Err(problem(&ctx, E::meta(), &id, error).into()),
    }
}

/// GET the question whether to delete an object.
///
/// # Errors
/// No such object (404), the database (503).
pub async fn delete_form<E: Editable>(ctx: AdminContext) -> Answer {
    delete_page::<E>(&ctx, None).await
}

async fn delete_page<E: Editable>(ctx: &AdminContext, wrong: Option<String>) -> Answer {
    let (meta, id) = (E::meta(), ctx.segment("id").to_owned());
    let mut conn = ctx.conn().await?;
    let plan = E::plan_delete(ctx, &mut conn, &id)
        .await
        .map_err(|error| missing(ctx, meta, &id, error))?;
    let title = say!("Delete {one} “{name}”?", one = t(meta.label), name = plan.name);
    let frame = ctx
        .frame(title)
        .crumb(t(meta.title), meta.list_url())
        .crumb(plan.name.clone(), meta.change_url(&id))
        .with_errors(wrong.is_some());
    page(&ConfirmPage {
        frame,
        ask: if meta.deleting_is_guarded { reauth::ask(ctx, wrong) } else { None },
        plan,
        cancel: preserved_on(ctx, &meta.change_url(&id)),
        button: say!("Delete {one}", one = t(meta.label)),
    })
}

/// POST: deletes an object.
///
/// # Errors
/// No such object (404), the database (503).
pub async fn delete<E: Editable>(ctx: AdminContext, posted: Posted) -> Answer {
    let (meta, id) = (E::meta(), ctx.segment("id").to_owned());
    if meta.deleting_is_guarded {
        let posted = Values::from_pairs(posted.into_inner());
        if let Some(wrong) = reauth::refusal(&ctx, &posted).await? {
            return delete_page::<E>(&ctx, Some(wrong)).await;
        }
    }
    let mut conn = ctx.conn().await?;
    let name =
        E::delete(&ctx, &mut conn, &id).await.map_err(|error| problem(&ctx, meta, &id, error))?;
    ctx.flash_link(
        Level::Success,
        say!("The {one} “{name}” was deleted.", one = t(meta.label), name = name),
        "Its history",
        meta.history_url(&id),
    );
    Ok(see_other(back_to_list(&ctx, meta)))
}

/// GET the bare address of an object: leads to its form.
///
/// # Errors
/// None.
pub async fn to_change<E: Editable>(ctx: AdminContext) -> Answer {
    Ok(found(E::meta().change_url(ctx.segment("id"))))
}

async fn load<E: Editable>(
    ctx: &AdminContext,
    conn: &mut Conn,
    id: &str,
) -> Result<Loaded, HumanError> {
    Ok(E::load(ctx, conn, id).await.map_err(|error| missing(ctx, E::meta(), id, error))?)
}

/// What the address asks for.
fn asked(ctx: &AdminContext) -> Vec<(String, String)> {
    form_urlencoded::parse(ctx.query().as_bytes()).into_owned().collect()
}

/// Fields that the address fills in, secrets excepted.
fn prefill<E: Editable>(ctx: &AdminContext, values: &mut Values, object: Option<&Loaded>) {
    let asked = asked(ctx);
    // Twice: what is asked for first may bring fields of its own.
    for _ in 0..2 {
        for field in E::fieldsets(ctx, values, object).into_iter().flat_map(|set| set.fields) {
            let given = asked.iter().rev().find(|(name, _)| *name == field.name);
            match (&field.widget, given) {
                (Widget::Secret { .. }, _) | (_, None) => {}
                (Widget::Check { .. }, Some((name, value))) => {
                    values.tick(name, !matches!(value.as_str(), "" | "0" | "false" | "off"));
                }
                (_, Some((name, value))) => values.set(name, value.as_str()),
            }
        }
    }
}

/// A form, for adding where there is no object.
pub(super) fn form_page<E: Editable>(
    ctx: &AdminContext,
    object: Option<&Loaded>,
    (values, errors): (&Values, FormErrors),
) -> Answer {
    let meta = E::meta();
    let may_edit = meta.edit.is_some_and(|edit| ctx.may(edit));
    let mut fieldsets = E::fieldsets(ctx, values, object);
    if let Some(when) = meta.guarded.filter(|_| may_edit) {
        reauth::join(ctx, &mut fieldsets, when);
    }
    let mut form = FormView::of(fieldsets, values, &errors);
    if let Some(object) = object {
        form.mark_suggested(&object.values, &asked(ctx));
    }
    let title = match object {
        Some(object) => object.name.clone(),
        None => say!("Add {one}", one = t(meta.label)),
    };
    let frame = ctx
        .frame(title)
        .crumb(t(meta.title), back_to_list(ctx, meta))
        .with_errors(!form.summary.is_empty());
    let delete = object.filter(|_| may_edit).map(|object| meta.delete_url(&object.id));
    page(&ChangeFormPage {
        frame,
        form,
        may_edit,
        now: clock::now(),
        reveal: reveal::take(ctx),
        action: preserved_on(
            ctx,
            &object.map_or_else(|| meta.add_url(), |_| ctx.path().to_owned()),
        ),
        copies: meta.copies.filter(|_| object.is_some()),
        add_tools: if object.is_none() { E::add_tools() } else { Vec::new() },
        history: object.map(|object| meta.history_url(&object.id)),
        delete: delete.map(|href| preserved_on(ctx, &href)),
        close: back_to_list(ctx, meta),
        was: was(object, values),
        once: clock::unique(),
        object: object.cloned(),
        one: meta.label,
    })
}

/// What an object's fields were when its form was first opened; nothing for a new one.
fn was(object: Option<&Loaded>, values: &Values) -> String {
    let Some(object) = object else { return String::new() };
    match values.get(conflict::WAS) {
        "" => object.values.to_text(),
        kept => kept.to_owned(),
    }
}

/// Says what was done (a text with `{one}` and `{name}`) and leads on by the button that was pressed.
pub(super) fn after_save(
    ctx: &AdminContext,
    meta: &Meta,
    values: &Values,
    (saved, done, next): (Saved, &str, Option<String>),
) -> HttpResponse {
    let href = meta.change_url(&saved.id);
    let names = [("one", t(meta.label).to_owned()), ("name", saved.name.clone())];
    let text = fill(t(done), &names);
    let continues = values.is_on("_continue") || saved.opens;
    if continues {
        // Its page comes next and says the rest.
        let hint = saved.hint.filter(|_| saved.opens);
        ctx.flash(
            Level::Success,
            text + &hint.map(|hint| format!(" {}", t(hint))).unwrap_or_default(),
        );
    } else {
        let hint = saved.hint.map(|hint| format!(" {}", t(hint))).unwrap_or_default();
        ctx.flash_link(Level::Success, text + &hint, "Open it", href.clone());
    }
    reveal::keep(ctx, &saved.reveal);
    if continues {
        see_other(preserved_on(ctx, &href))
    } else if values.is_on("_addanother") {
        see_other(preserved_on(ctx, &meta.add_url()))
    } else {
        see_other(next.unwrap_or_else(|| back_to_list(ctx, meta)))
    }
}
