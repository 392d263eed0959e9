//! Webhooks out of a file into the panel, and out of the panel into a file: what `export` and
//! `import` do on the command line. First the plan, webhook by webhook; then, on a button, all of it
//! in one transaction. Secrets are never in the file. The doing is `crate::webhooks::transfer`.

mod plan;

use self::plan::PlanView;
use super::{Webhooks, act_from};
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::form::{BoundField, Values};
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::admin::kit::resource::Resource;
use crate::web::admin::kit::views::Posted;
use crate::web::admin::kit::{export, query, reauth};
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use crate::webhooks::SaveError;
use crate::webhooks::transfer::preview::{import_seen, preview_import};
use crate::webhooks::transfer::{ImportError, Imported, Setting, file_of};
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use askama::Template;
use signalbox_core::listing::group_thousands;
use signalbox_core::transfer::{Document, Unreadable, read_document};
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};

/// Webhooks named in a message.
const NAMED: usize = 5;

/// The page: where a file is given, and its plan once one was.
#[derive(Template)]
#[template(path = "admin/webhooks/import.html")]
pub struct ImportPage {
    /// The page's frame.
    pub frame: Frame,
    /// The file.
    pub text: String,
    /// Why the file cannot be read: words of ours, or the YAML reader's own.
    pub unreadable: Option<Result<String, String>>,
    /// Why nothing was imported though it was asked for.
    pub refused: Option<String>,
    /// What it would do.
    pub plan: Option<PlanView>,
    /// One's own password, where it is asked for.
    pub ask: Option<BoundField>,
}

/// GET the page where a file is given.
///
/// # Errors
/// Never.
pub async fn show_import(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    draw_import(&ctx, Given::default(), None)
}

/// POST: a file leads to its plan; with `mark`, the plan is carried out.
///
/// # Errors
/// The database (503).
pub async fn submit_import(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let text = values.get("file").replace("\r\n", "\n");
    let given = Given { text: text.clone(), ..Given::default() };
    let mut file = match read_document(&text) {
        Ok(file) => file,
        Err(error) => {
            let told = match error {
                Unreadable::Yaml(text) => Err(text),
                Unreadable::Wrong(sentence) => Ok(i18n::say(&sentence)),
            };
            return draw_import(&ctx, Given { unreadable: Some(told), ..given }, None);
        }
    };
    let mark = values.get_trimmed("mark");
    if mark.is_empty() {
        return show_plan(&ctx, &mut file, given).await;
    }
    if let Some(wrong) = reauth::refuse_unconfirmed(&ctx, &values).await? {
        return show_plan(&ctx, &mut file, Given { wrong: Some(wrong), ..given }).await;
    }
    let done = {
        let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
        let find = |name: &str| ctx.deps().catalogue.get(name);
        let setting = Setting {
            action: &find,
            allow_no_secret: ctx.deps().settings.allow_no_secret,
            act: &|| act_from(&ctx, &remote_addr),
        };
        import_seen(&mut conn, &mut file, mark, &setting).await
    };
    match done {
        Ok((done, lacking)) => Ok(redirect_to_list(&ctx, done, &lacking)),
        Err(ImportError::Save(SaveError::Stale | SaveError::Gone)) => {
            let refused = Some(say!(
                "Nothing was imported: webhooks have changed since you opened this page. This is what the file would do now."
            ));
            show_plan(&ctx, &mut file, Given { refused, ..given }).await
        }
        Err(ImportError::Faults(_)) => show_plan(&ctx, &mut file, given).await,
        Err(ImportError::Save(SaveError::Store(error))) => Err(error.into()),
        Err(error) => Err(Problem::internal().caused_by(error).into()),
    }
}

/// What was given, and what was wrong with it.
#[derive(Default)]
struct Given {
    text: String,
    unreadable: Option<Result<String, String>>,
    refused: Option<String>,
    wrong: Option<String>,
}

async fn show_plan(
    ctx: &AdminContext,
    file: &mut Document,
    given: Given,
) -> Result<HttpResponse, HumanError> {
    let preview = {
        let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
        let find = |name: &str| ctx.deps().catalogue.get(name);
        let setting = Setting {
            action: &find,
            allow_no_secret: ctx.deps().settings.allow_no_secret,
            act: &|| act_from(ctx, &remote_addr),
        };
        preview_import(&mut conn, file, &setting).await?
    };
    draw_import(ctx, given, Some(PlanView::from_preview(&preview)))
}

fn draw_import(
    ctx: &AdminContext,
    given: Given,
    plan: Option<PlanView>,
) -> Result<HttpResponse, HumanError> {
    let has_errors = given.unreadable.is_some() || given.wrong.is_some();
    let frame = ctx
        .new_frame(t("Import webhooks"))
        .with_crumb(t("Webhooks"), urls::webhooks())
        .with_errors(has_errors);
    let may_start = plan.as_ref().is_some_and(PlanView::can_start);
    render_page(&ImportPage {
        frame,
        text: given.text,
        unreadable: given.unreadable,
        refused: given.refused,
        plan,
        ask: if may_start { reauth::ask_password(ctx, given.wrong) } else { None },
    })
}

/// Back to the list, with what was done and who needs a secret.
fn redirect_to_list(ctx: &AdminContext, done: Imported, lacking: &[String]) -> HttpResponse {
    let who = &ctx.actor.username;
    tracing::info!(user.name = %who, import.added = done.added, import.changed = done.changed, "Import by {who} added {} webhooks and changed {}", done.added, done.changed);
    let text = say!(
        "Imported: {added} added, {changed} changed, {same} unchanged.",
        added = group_thousands(done.added),
        changed = group_thousands(done.changed),
        same = group_thousands(done.same)
    );
    if lacking.is_empty() {
        ctx.leave_message(Level::Success, text);
        return see_other(urls::webhooks());
    }
    let named = lacking.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if lacking.len() > NAMED { " …" } else { "" };
    let need =
        say!("Disabled until they have a secret: {names}.", names = format!("{named}{more}"));
    let off = urls::with_query(&urls::webhooks(), &[("enabled", "0")]);
    ctx.flash_link(Level::Success, format!("{text} {need}"), t("Disabled webhooks"), off);
    see_other(urls::webhooks())
}

/// GET the list's webhooks as a file.
///
/// # Errors
/// The database (503), a webhook that YAML cannot hold (500).
pub async fn download_export(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let asked = query::read_query(&urls::webhooks(), ctx.query(), Webhooks::LISTING);
    if !asked.warnings.is_empty() {
        let warnings = asked.warnings.join(" ");
        ctx.leave_message(Level::Warning, format!("{warnings} {}", t("Check the list again.")));
        return Ok(see_other(asked.address.href()));
    }
    let mut conn = ctx.get_conn().await?;
    let (rows, _) = export::fetch_all_rows::<Webhooks>(&mut conn, asked.query).await?;
    let text = file_of(rows).map_err(|error| Problem::internal().caused_by(error))?;
    let name = "attachment; filename=\"webhooks.yaml\"";
    let mut response = HttpResponse::Ok();
    Ok(response
        .content_type("application/yaml; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, name))
        .body(text))
}

/// The page in every state, for the test of all pages.
#[cfg(test)]
pub fn sample_pages(words: &str) -> Vec<ImportPage> {
    use self::plan::LineView;
    use super::badges::{import_changed_badge, import_faulty_badge, import_new_badge};
    use crate::web::admin::kit::badge::Badge;
    let line = |number: usize, badge: Badge, faults: Vec<(String, String)>| LineView {
        number,
        label: words.to_owned(),
        badge,
        facts: [words.to_owned(), words.to_owned(), words.to_owned()],
        changes: vec![("Notes".to_owned(), String::new(), words.to_owned())],
        faults,
        lacks_secret: true,
    };
    let plan = |faulty: usize| PlanView {
        lines: vec![
            line(1, import_new_badge(), Vec::new()),
            line(2, import_changed_badge(), Vec::new()),
            line(3, import_faulty_badge(), vec![("repo_name".to_owned(), words.to_owned())]),
        ],
        more: faulty,
        lacking: 3,
        same: vec![words.to_owned()],
        counts: [1, 1, 1, faulty],
        only_here: 7,
        mark: "0".repeat(64),
    };
    let page = |plan, unreadable, refused: Option<&str>| ImportPage {
        frame: crate::web::admin::context::sample_frame(words),
        text: words.to_owned(),
        unreadable,
        refused: refused.map(str::to_owned),
        plan,
        ask: None,
    };
    vec![
        page(None, None, None),
        page(None, Some(Err(words.to_owned())), None),
        page(None, Some(Ok(words.to_owned())), None),
        page(Some(plan(0)), None, Some(words)),
        page(Some(plan(2)), None, None),
    ]
}
