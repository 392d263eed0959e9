//! The pages every resource has: list, add, change, delete; `history` is beside. Each handler reads
//! straight down: read the address or form, ask the resource, draw or redirect.

use super::back::{
    back_to_list, explain_unsaved, form_frame, missing_object, preserved_on, query_parameter,
    to_failure, unsaved_problem,
};
use super::context::Context;
use super::export::{self, Format};
use super::field::Widget;
use super::filter_view;
use super::form::{FormErrors, FormView, Values};
use super::frame::Level;
use super::list_view::{self, Read};
use super::pages::{ChangeFormPage, ChangelistPage, ConfirmPage};
use super::query::{Asked, read_query};
use super::resource::{
    Answer, ConnOf, ContextOf, Editable, ErrorOf, Loaded, Meta, Resource, Saved, Unsaved,
};
use super::site::{Failure, Site};
use super::{bulk, conflict, copy, reauth, reveal, saved};
use crate::clock;
use crate::web::answer::{redirect_to, render_page, see_other};
use crate::web::problem::Problem;
use actix_web::{HttpResponse, web};
use signalbox_core::listing::{Page, Part};
use signalbox_core::sentence::fill_pattern;
use signalbox_i18n::say;
use signalbox_i18n::t;
use url::form_urlencoded;

/// A posted form.
pub type Posted = web::Form<Vec<(String, String)>>;

/// GET the list, or its rows as JSON or CSV.
///
/// # Errors
/// The database (503).
pub async fn show_list<R: Resource>(ctx: ContextOf<R>) -> Answer<R> {
    let (meta, listing) = (R::META, R::LISTING);
    let mut asked = read_query(&meta.list_url(), ctx.query(), listing);
    let kept = ctx.kept_of(meta.name);
    let view = saved::open_view(&kept, listing, &mut asked);
    let mut conn = ctx.get_conn().await?;
    if let Some(format) = query_parameter(ctx.query(), "format").as_deref().and_then(Format::parse)
    {
        return export::answer_export::<R>(&mut conn, asked, format).await;
    }
    let read = gather_list::<R>(&mut conn, &mut asked).await?;
    let yaml = meta.transfer.map(|transfer| asked.address.at_path(transfer.export));
    let remarks = R::load_remarks(&ctx, &mut conn, &read.page.rows).await?;
    asked.warnings.extend(remarks.above);
    let choice = R::Site::KEEPS_VIEWS.then(|| saved::column_choice(listing, &asked, view));
    let save_view = saved::save_url(&kept, meta.name, &asked);
    let view = view.map(|view| saved::draw_view(view, &asked.address));
    let mut list = list_view::draw_list(meta.plural, clock::now(), listing, asked, &read);
    (list.choice, list.view, list.save_view) = (choice, view, save_view);
    list.actions = bulk::offered_actions(&ctx, meta.actions);
    list.yaml = yaml;
    let may_edit = meta.edit.is_some_and(|edit| ctx.has_permission(edit));
    if !may_edit {
        list = list.without_switches();
    }
    let import = meta.transfer.filter(|_| may_edit).map(|transfer| transfer.import);
    render_page(&ChangelistPage {
        reveal: reveal::take_secrets(&ctx),
        tools: meta.tools,
        import,
        note: remarks.below,
        frame: ctx.new_frame(t(meta.title)),
        add: meta.edit.filter(|edit| ctx.has_permission(*edit)).map(|_| meta.add_url()),
        one: meta.label,
        list,
    })
}

/// Reads what a list shows, its rows and counts, in at most four queries.
///
/// # Errors
/// The database (503).
pub async fn gather_list<R: Resource>(
    conn: &mut ConnOf<R>,
    asked: &mut Asked<R::Sort, R::Filter>,
) -> Result<Read<R::Row>, ErrorOf<R>> {
    let page = fetch_within::<R>(conn, asked).await?;
    let tabs = filter_view::counts_tabs(R::LISTING.filters, &asked.address);
    let counts = R::count_rows(conn, &asked.query, tabs).await?;
    let all = counts.all.filter(|_| asked.is_narrowed());
    Ok(Read { page, all, counts })
}

/// Fetches the part asked for; past the end, the last one there is, with a warning.
async fn fetch_within<R: Resource>(
    conn: &mut ConnOf<R>,
    asked: &mut Asked<R::Sort, R::Filter>,
) -> Result<Page<R::Row>, ErrorOf<R>> {
    let rows = R::fetch_page(conn, &asked.query).await?;
    if !rows.rows.is_empty() || asked.query.part == Part::FIRST {
        return Ok(rows);
    }
    let limit = asked.query.limit;
    let last = (rows.matching.number().saturating_add(limit - 1) / limit).max(1);
    if let Part::Numbered(page) = asked.query.part {
        asked.warnings.push(say!("There is no page {page}. This is the last page.", page = page));
        asked.address = asked.address.with_param("p", Some(&last.to_string()));
        asked.query.part = Part::Numbered(last);
    } else {
        asked.address = asked.address.with_param("p", None);
        asked.query.part = Part::FIRST;
    }
    R::fetch_page(conn, &asked.query).await
}

/// GET the form for a new object; the address may fill in fields.
///
/// # Errors
/// The database (503).
pub async fn add_form<E: Editable>(ctx: ContextOf<E>) -> Answer<E> {
    let mut conn = ctx.get_conn().await?;
    let mut values = E::blank_values(&ctx, &mut conn).await?;
    prefill_values::<E>(&ctx, &mut values, None);
    form_page::<E>(&ctx, None, &values, &FormErrors::default())
}

/// POST the form for a new object.
///
/// # Errors
/// The database (503).
pub async fn submit_add<E: Editable>(ctx: ContextOf<E>, posted: Posted) -> Answer<E> {
    let values = Values::from_pairs(posted.into_inner());
    let mut conn = ctx.get_conn().await?;
    if values.is_on("_refresh") {
        return form_again::<E>(&ctx, &mut conn, values, &FormErrors::default()).await;
    }
    if let Some(errors) = reauth::form_errors::<E>(&ctx, None, &values).await? {
        return form_again::<E>(&ctx, &mut conn, values, &errors).await;
    }
    match E::save_object(&ctx, &mut conn, None, &values).await.map_err(to_failure::<E::Site>) {
        Ok(saved) => Ok(after_save(&ctx, E::META, &values, After::Added(saved))),
        Err(Unsaved::SentBefore) => Ok(sent_before(&ctx, E::META)),
        Err(Unsaved::Invalid(errors)) => form_again::<E>(&ctx, &mut conn, values, &errors).await,
        Err(unsaved) => Err(unsaved_problem(&ctx, E::META, "", unsaved).into()),
    }
}

/// The form for a new object once more, with what was typed.
///
/// # Errors
/// The database (503).
pub(super) async fn form_again<E: Editable>(
    ctx: &ContextOf<E>,
    conn: &mut ConnOf<E>,
    values: Values,
    errors: &FormErrors,
) -> Answer<E> {
    let blank = E::blank_values(ctx, conn).await?;
    form_page::<E>(ctx, None, &values.with_offers_of(&blank), errors)
}

/// GET an object's form; for those who may only read, its values.
///
/// # Errors
/// No such object (404), the database (503).
pub async fn change_form<E: Editable>(ctx: ContextOf<E>) -> Answer<E> {
    let id = ctx.segment("id").to_owned();
    let mut conn = ctx.get_conn().await?;
    let object = load_or_refuse::<E>(&ctx, &mut conn, &id).await?;
    let mut values = object.values.clone();
    prefill_values::<E>(&ctx, &mut values, Some(&object));
    form_page::<E>(&ctx, Some(&object), &values, &FormErrors::default())
}

/// POST an object's form.
///
/// # Errors
/// No such object (404), no version in the form (400), the database (503).
pub async fn submit_change<E: Editable>(ctx: ContextOf<E>, posted: Posted) -> Answer<E> {
    let id = ctx.segment("id").to_owned();
    let values = Values::from_pairs(posted.into_inner());
    let mut conn = ctx.get_conn().await?;
    let mut object = load_or_refuse::<E>(&ctx, &mut conn, &id).await?;
    let values = values.with_offers_of(&object.values);
    let current = object.version;
    object.version = values
        .get_trimmed("version")
        .parse()
        .map_err(|_| Problem::bad_request("The form is incomplete. Reload the page."))?;
    if values.is_on("_refresh") {
        return form_page::<E>(&ctx, Some(&object), &values, &FormErrors::default());
    }
    if values.is_on("_saveasnew") && E::META.copies.is_some() {
        return copy::save_copy::<E>(&ctx, &mut conn, &object, &values).await;
    }
    if let Some(errors) = reauth::form_errors::<E>(&ctx, Some(&object), &values).await? {
        return form_page::<E>(&ctx, Some(&object), &values, &errors);
    }
    match E::save_object(&ctx, &mut conn, Some(&object), &values)
        .await
        .map_err(to_failure::<E::Site>)
    {
        Ok(saved) => Ok(after_save(&ctx, E::META, &values, After::Changed(saved))),
        Err(Unsaved::Invalid(errors)) => form_page::<E>(&ctx, Some(&object), &values, &errors),
        Err(Unsaved::Failed(Failure::Stale)) => {
            object.version = current;
            conflict::conflict_page::<E>(&ctx, &object, &values)
        }
        Err(unsaved) => Err(unsaved_problem(&ctx, E::META, &id, unsaved).into()),
    }
}

/// GET the question whether to delete an object.
///
/// # Errors
/// No such object (404), the database (503).
pub async fn delete_form<E: Editable>(ctx: ContextOf<E>) -> Answer<E> {
    delete_page::<E>(&ctx, None).await
}

async fn delete_page<E: Editable>(ctx: &ContextOf<E>, wrong: Option<String>) -> Answer<E> {
    let (meta, id) = (E::META, ctx.segment("id").to_owned());
    let mut conn = ctx.get_conn().await?;
    let plan = E::plan_delete(ctx, &mut conn, &id)
        .await
        .map_err(|error| missing_object(ctx, meta, &id, error))?;
    let title = say!("Delete {one} “{name}”?", one = t(meta.label), name = plan.name);
    let frame = ctx
        .new_frame(title)
        .with_crumb(t(meta.title), meta.list_url())
        .with_crumb(plan.name.clone(), meta.page_url(&id))
        .with_errors(wrong.is_some());
    render_page(&ConfirmPage {
        frame,
        ask: if meta.guarded.is_some_and(|guarded| guarded.deleting) {
            reauth::ask_password(ctx, wrong)
        } else {
            None
        },
        plan,
        cancel: preserved_on(ctx, &meta.change_url(&id)),
        button: say!("Delete {one}", one = t(meta.label)),
    })
}

/// POST: deletes an object.
///
/// # Errors
/// No such object (404), the database (503).
pub async fn submit_delete<E: Editable>(ctx: ContextOf<E>, posted: Posted) -> Answer<E> {
    let (meta, id) = (E::META, ctx.segment("id").to_owned());
    if meta.guarded.is_some_and(|guarded| guarded.deleting) {
        let posted = Values::from_pairs(posted.into_inner());
        if let Some(wrong) = reauth::refuse_unconfirmed(&ctx, &posted).await? {
            return delete_page::<E>(&ctx, Some(wrong)).await;
        }
    }
    let mut conn = ctx.get_conn().await?;
    let name = E::delete_object(&ctx, &mut conn, &id).await;
    let name = name.map_err(|unsaved| explain_unsaved(&ctx, meta, &id, unsaved))?;
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
pub async fn to_change<E: Editable>(ctx: ContextOf<E>) -> Answer<E> {
    Ok(redirect_to(E::META.change_url(ctx.segment("id"))))
}

async fn load_or_refuse<E: Editable>(
    ctx: &ContextOf<E>,
    conn: &mut ConnOf<E>,
    id: &str,
) -> Result<Loaded, <E::Site as Site>::Refusal> {
    let object = E::load_object(ctx, conn, id).await;
    Ok(object.map_err(|error| missing_object(ctx, E::META, id, error))?)
}

/// What the address asks for.
fn asked_pairs<S: Site>(ctx: &Context<S>) -> Vec<(String, String)> {
    form_urlencoded::parse(ctx.query().as_bytes()).into_owned().collect()
}

/// Fields that the address fills in, secrets excepted.
fn prefill_values<E: Editable>(ctx: &ContextOf<E>, values: &mut Values, object: Option<&Loaded>) {
    let asked = asked_pairs(ctx);
    // Twice: what is asked for first may bring fields of its own.
    for _ in 0..2 {
        for field in E::build_fieldsets(ctx, values, object).into_iter().flat_map(|set| set.fields)
        {
            let given = asked.iter().rev().find(|(name, _)| *name == field.name);
            match (&field.widget, given) {
                (Widget::Secret { .. }, _) | (_, None) => {}
                (Widget::Check { .. }, Some((name, value))) => {
                    values.tick_box(name, !matches!(value.as_str(), "" | "0" | "false" | "off"));
                }
                (_, Some((name, value))) => values.set_field(name, value.as_str()),
            }
        }
    }
}

/// A form, for adding where there is no object.
fn form_page<E: Editable>(
    ctx: &ContextOf<E>,
    object: Option<&Loaded>,
    values: &Values,
    errors: &FormErrors,
) -> Answer<E> {
    let meta = E::META;
    let may_edit = meta.edit.is_some_and(|edit| ctx.has_permission(edit));
    let mut fieldsets = E::build_fieldsets(ctx, values, object);
    if let Some(guarded) = meta.guarded.filter(|_| may_edit) {
        reauth::join_fieldsets(ctx, &mut fieldsets, guarded.when);
    }
    let mut form = FormView::bind_form(fieldsets, values, errors);
    if let Some(object) = object {
        form.mark_suggested(&object.values, &asked_pairs(ctx), meta.log.suggested);
    }
    let frame = form_frame(ctx, meta, object).with_errors(!form.summary.is_empty());
    let delete = object.filter(|_| may_edit).map(|object| meta.delete_url(&object.id));
    render_page(&ChangeFormPage {
        frame,
        form,
        may_edit,
        now: clock::now(),
        reveal: reveal::take_secrets(ctx),
        action: preserved_on(
            ctx,
            &object.map_or_else(|| meta.add_url(), |_| ctx.path().to_owned()),
        ),
        copies: meta.copies.filter(|_| object.is_some()),
        add_tools: if object.is_none() { meta.add_tools } else { &[] },
        history: object.filter(|_| meta.tabs.is_none()).map(|object| meta.history_url(&object.id)),
        delete: delete.map(|href| preserved_on(ctx, &href)),
        close: back_to_list(ctx, meta),
        was: conflict::initial_values(object, values),
        once: clock::unique_id(),
        object: object.cloned(),
        one: meta.label,
    })
}

/// What was done to an object.
pub(super) enum After {
    Added(Saved),
    Copied(Saved),
    Changed(Saved),
}

/// Says what was done and leads on by the button that was pressed.
pub(super) fn after_save<S: Site>(
    ctx: &Context<S>,
    meta: &Meta<S>,
    values: &Values,
    after: After,
) -> HttpResponse {
    let (saved, done) = match after {
        After::Added(saved) => (saved, "The {one} “{name}” was added."),
        After::Copied(saved) => (saved, "The {one} “{name}” was added as a copy."),
        After::Changed(saved) => (saved, "The {one} “{name}” was changed."),
    };
    let href = meta.change_url(&saved.id);
    let names = [("one", t(meta.label).to_owned()), ("name", saved.name.clone())];
    let text = fill_pattern(t(done), &names);
    let continues = values.is_on("_continue") || saved.opens;
    if continues {
        // Its page comes next and says the rest.
        let hint = saved.hint.filter(|_| saved.opens);
        ctx.leave_message(
            Level::Success,
            text + &hint.map(|hint| format!(" {}", t(hint))).unwrap_or_default(),
        );
    } else {
        let hint = saved.hint.map(|hint| format!(" {}", t(hint))).unwrap_or_default();
        ctx.flash_link(Level::Success, text + &hint, "Open it", meta.page_url(&saved.id));
    }
    reveal::keep_secrets(ctx, &saved.reveal);
    if continues {
        see_other(preserved_on(ctx, &href))
    } else if values.is_on("_addanother") {
        see_other(preserved_on(ctx, &meta.add_url()))
    } else {
        see_other(saved.next.unwrap_or_else(|| back_to_list(ctx, meta)))
    }
}

/// Leads to the list, where what the form added stands.
pub(super) fn sent_before<S: Site>(ctx: &Context<S>, meta: &Meta<S>) -> HttpResponse {
    ctx.leave_message(Level::Warning, t("This form was already sent. Nothing was added twice."));
    see_other(back_to_list(ctx, meta))
}
