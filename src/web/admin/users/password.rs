//! Setting another user's password: all their sessions end. One's own is `super::super::password`.

use super::{Users, asked_by, user_id};
use crate::accounts::password::{self, HELP};
use crate::accounts::roster;
use crate::accounts::users::AccountError;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::back::missing_object;
use crate::web::admin::kit::field::{Field, Fieldset, Widget};
use crate::web::admin::kit::form::{FormErrors, FormView, Values};
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::admin::kit::reauth;
use crate::web::admin::kit::resource::Resource;
use crate::web::admin::kit::views::Posted;
use crate::web::admin::setup::DIFFERS;
use crate::web::filters;
use crate::web::human::{self, HumanError, redirect_to, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::users;

/// The form for another user's password.
#[derive(Template)]
#[template(path = "admin/users/password.html")]
pub struct UserPasswordPage {
    frame: Frame,
    username: String,
    form: FormView,
    action: String,
    cancel: String,
}

impl UserPasswordPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let page = |errors: &FormErrors| {
            let form = FormView::bind_form(
                vec![password_fields("<b>grace</b>")],
                &Values::default(),
                errors,
            );
            let (action, cancel) = (urls::user_password(7), urls::users());
            let username = "<b>grace</b>".to_owned();
            Self {
                frame: crate::web::admin::context::sample_frame("Set a password"),
                username,
                form,
                action,
                cancel,
            }
        };
        let mut wrong = FormErrors::default();
        wrong.add_error("password", password::Weak::Short.to_string());
        wrong.add_error("password_again", DIFFERS);
        vec![page(&FormErrors::default()), page(&wrong)]
    }
}

fn password_fields(username: &str) -> Fieldset {
    let secret = || Widget::Secret { is_set: false, generates: false };
    Fieldset {
        id: "password",
        legend: "New password",
        help: say!(
            "All sessions of {name} end. Share the password over a secure channel.",
            name = username
        )
        .into(),
        fields: vec![
            Field::new("password", "Password", secret()).as_required().with_help(HELP),
            Field::new("password_again", "Repeat password", secret()).as_required(),
        ],
        ..Fieldset::default()
    }
}

/// Checks a new password that was typed twice; names of both fields, and whose it becomes.
pub(super) fn check_pair(
    values: &Values,
    name: &str,
    again: &str,
    username: &str,
    errors: &mut FormErrors,
) {
    if let Err(weak) = password::check_strength(&values.get(name).into(), username) {
        errors.add_error(name, weak.to_string());
    }
    if values.get(name) != values.get(again) {
        errors.add_error(again, DIFFERS);
    }
}

/// `GET /admin/auth/user/<id>/password/`
///
/// # Errors
/// No such user (404); the database is away (503).
pub async fn show_user_password(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let user = find_path_user(&ctx).await?;
    if user.id == ctx.actor.id {
        return Ok(redirect_to(urls::password_change()));
    }
    draw_password_form(&ctx, &user, &FormErrors::default())
}

/// `POST /admin/auth/user/<id>/password/`
///
/// # Errors
/// As the page.
pub async fn submit_user_password(
    ctx: AdminContext,
    posted: Posted,
) -> Result<HttpResponse, HumanError> {
    let user = find_path_user(&ctx).await?;
    if user.id == ctx.actor.id {
        return Ok(see_other(urls::password_change()));
    }
    let values = Values::from_pairs(posted.into_inner());
    let mut errors = FormErrors::default();
    if let Some(wrong) = reauth::refuse_unconfirmed(&ctx, &values).await? {
        errors.add_error(reauth::FIELD, wrong);
    }
    check_pair(&values, "password", "password_again", &user.username, &mut errors);
    if !errors.is_empty() {
        return draw_password_form(&ctx, &user, &errors);
    }
    let remote_addr = ctx.remote_addr();
    let actor = user.as_actor();
    let (pool, new) = (&ctx.deps().pool, values.get("password").into());
    let asked = asked_by(&ctx, &remote_addr);
    match roster::reset_password(pool, &ctx.actor, &actor, new, asked).await {
        Ok(()) => {}
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(Problem::internal().caused_by(error).into()),
    }
    tracing::info!(user.name = %ctx.actor.username, object.name = %user.username, "Password of {} was set by {}", user.username, ctx.actor.username);
    ctx.leave_message(
        Level::Success,
        say!(
            "The password of “{name}” was set, and their sessions have ended.",
            name = user.username
        ),
    );
    Ok(see_other(urls::user(user.id)))
}

async fn find_path_user(ctx: &AdminContext) -> Result<users::User, HumanError> {
    let id = ctx.segment("id");
    let gone = |error| missing_object(ctx, Users::META, id, error);
    let mut conn = ctx.get_conn().await?;
    Ok(users::find_user(&mut conn, user_id(id).map_err(gone)?).await.map_err(gone)?)
}

fn draw_password_form(
    ctx: &AdminContext,
    user: &users::User,
    errors: &FormErrors,
) -> Result<HttpResponse, HumanError> {
    let mut sets = vec![password_fields(&user.username)];
    reauth::join_fieldsets(ctx, &mut sets, "Required when you change accounts.");
    let form = FormView::bind_form(sets, &Values::default(), errors);
    let frame = ctx
        .new_frame(say!("Password of “{name}”", name = user.username))
        .with_crumb(t("Users"), urls::users())
        .with_crumb(user.username.clone(), urls::user(user.id))
        .with_errors(!form.summary.is_empty());
    human::render_page(&UserPasswordPage {
        frame,
        username: user.username.clone(),
        form,
        action: urls::user_password(user.id),
        cancel: urls::user(user.id),
    })
}
