//! People in the panel: the list of accounts, a two-step form for a new one, role and state of
//! one there is. Their passwords are `password.rs`, their sessions `sessions.rs`; what may be
//! changed at all is decided by `crate::accounts::roster`.

pub mod badges;
mod list;
pub mod password;
pub mod sessions;

use super::context::{AdminContext, Meta, Signalbox, Unsaved};
use super::kit::field::{Choice, Field, Fieldset, Widget};
use super::kit::form::{FormErrors, Values};
use super::kit::listing::Listing;
use super::kit::resource::{DeletePlan, Editable, Guarded, Loaded, Resource, Saved};
use super::once::add_once;
use super::words::LOG_WORDS;
use crate::accounts::password::HELP;
use crate::accounts::roster;
use crate::accounts::users::{AccountError, Asked, Credentials, clean_name};
use crate::clock;
use crate::web::admin::users::badges::{active_badge, role_badge};
use crate::web::urls;
use signalbox_core::ids::UserId;
use signalbox_core::listing::{Counts, ListQuery, Page};
use signalbox_core::role::{Permission, Role};
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::users::{Filter, Row, Sort, Standing, User};
use signalbox_store::{self as store, Conn, StoreError, users};

/// The resource.
pub struct Users;

static META: Meta = Meta {
    edit: Some(Permission::ManageUsers),
    guarded: Some(Guarded {
        when: "Required when you change accounts.",
        is_sensitive: |_, _| true,
        deleting: true,
    }),
    log: LOG_WORDS,
    ..Meta::new("auth", "user", ["user", "users", "Users"], Permission::ManageUsers)
};

impl Resource for Users {
    type Site = Signalbox;
    type Row = Row;
    type Sort = Sort;
    type Filter = Filter;

    const META: &'static Meta = &META;
    const LISTING: &'static Listing<Row, Sort, Filter> = &list::LISTING;

    async fn fetch_page(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
    ) -> store::Result<Page<Row>> {
        users::list_users(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<Sort, Filter>,
        _: bool,
    ) -> store::Result<Counts> {
        users::count_users(conn).await
    }
}

impl Editable for Users {
    fn build_fieldsets(_: &AdminContext, _: &Values, object: Option<&Loaded>) -> Vec<Fieldset> {
        match object {
            None => vec![first_step()],
            Some(object) => vec![sign_in(object), permission_fieldset()],
        }
    }

    async fn blank_values(_: &AdminContext, _: &mut Conn) -> store::Result<Values> {
        Ok(Values::default())
    }

    async fn load_object(ctx: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<Loaded> {
        let user = users::find_user(conn, user_id(id)?).await?;
        let open = store::sessions::of_user(conn, user.id, clock::now()).await?.len();
        Ok(to_loaded(&user, open, ctx.actor.id == user.id))
    }

    async fn save_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved> {
        match object {
            None => add_once(conn, values, async |_| add_user(ctx, values).await).await,
            Some(object) => change_user(ctx, conn, object, values).await,
        }
    }

    async fn plan_delete(
        ctx: &AdminContext,
        conn: &mut Conn,
        id: &str,
    ) -> store::Result<DeletePlan> {
        let user = users::find_user(conn, user_id(id)?).await?;
        let open = store::sessions::of_user(conn, user.id, clock::now()).await?.len();
        let sessions = match open {
            0 => "No open sessions.".to_owned(),
            1 => say!("{n} open session. The user is signed out at once.", n = 1),
            n => say!("{n} open sessions. The user is signed out at once.", n = n),
        };
        let mut goes = vec![
            say!(
                "The account {name}, {role}, and its password.",
                name = user.username,
                role = t(user.role.label())
            ),
            sessions,
        ];
        let views = store::saved_views::count_views(conn, Some(user.id.0)).await?;
        if views > 0 {
            goes.push(i18n::count_phrase(
                views,
                "{n} saved view of their own.",
                "{n} saved views of their own.",
            ));
        }
        Ok(DeletePlan {
            refused: roster::why_undeletable(conn, &ctx.actor, user.id).await?,
            goes,
            stays: vec![
                "Their entries in the log and in histories, under this name.".to_owned(),
                "Webhooks they created, and jobs they requested.".to_owned(),
                "To keep the account but block signing in, disable it instead.".to_owned(),
            ],
            name: user.username,
        })
    }

    async fn delete_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        id: &str,
    ) -> Result<String, Unsaved> {
        let remote_addr = ctx.remote_addr();
        let user =
            roster::delete_account(conn, &ctx.actor, user_id(id)?, asked_by(ctx, &remote_addr))
                .await;
        let user = user.map_err(failed_unsaved)?;
        tracing::info!(user.name = %ctx.actor.username, object.name = %user.username, "User {} was deleted by {}", user.username, ctx.actor.username);
        Ok(user.username)
    }
}

/// Reads an id of the address.
fn user_id(text: &str) -> Result<UserId, StoreError> {
    text.parse().map(UserId).map_err(|_| StoreError::NotFound)
}

fn asked_by<'a>(ctx: &AdminContext, remote_addr: &'a str) -> Asked<'a> {
    Asked { at: clock::now(), remote_addr, cost: ctx.deps().password_cost }
}

/// An error that is about no field.
fn failed_unsaved(error: AccountError) -> Unsaved {
    match error {
        AccountError::Store(error) => Unsaved::Failed(error),
        AccountError::NoSuchUser => Unsaved::Failed(StoreError::NotFound),
        AccountError::Refused(why) => Unsaved::Refused(why),
        other => Unsaved::Failed(StoreError::Unavailable(other.to_string())),
    }
}

fn first_step() -> Fieldset {
    let secret = || Widget::Secret { is_set: false, generates: false };
    Fieldset {
        id: "first-step",
        legend: "Name and password",
        help: "You set the role next. Until then, the new user can only read.".into(),
        fields: vec![
            Field::text_field("username", "Username")
                .as_required()
                .with_help("At most 150 letters, digits and @ . + - _. Signing in ignores case."),
            Field::new("password", "Password", secret()).as_required().with_help(HELP),
            Field::new("password_again", "Repeat password", secret()).as_required(),
        ],
        ..Fieldset::default()
    }
}

fn sign_in(object: &Loaded) -> Fieldset {
    let reset = ("Set a new password", urls::user_password(&object.id));
    Fieldset {
        id: "sign-in",
        legend: "Signing in",
        fields: vec![
            Field::new("username", "Username", Widget::Fixed(None)),
            Field::new("password_summary", "Password", Widget::Fixed(Some(reset)))
                .with_help("Stored as a hash, so the password cannot be shown."),
            Field::checkbox_field("active", "Active").with_help(
                "Untick to sign the user out everywhere and block signing in. Prefer this to \
                 deleting.",
            ),
        ],
        ..Fieldset::default()
    }
}

fn permission_fieldset() -> Fieldset {
    let roles = Role::ALL.map(|role| {
        Choice::new(
            role.as_str(),
            say!("{role}: {explained}", role = t(role.label()), explained = t(role.explain_role())),
        )
    });
    Fieldset {
        id: "permissions",
        legend: "Permissions",
        fields: vec![
            Field::new("role", "Role", Widget::Select(roles.into()))
                .as_required()
                .with_help("Takes effect with the user's next request."),
        ],
        ..Fieldset::default()
    }
}

fn to_loaded(user: &User, sessions: usize, is_oneself: bool) -> Loaded {
    let mut values = Values::default();
    values.set_field("username", user.username.as_str());
    values.set_field(
        "password_summary",
        crate::accounts::password::describe_hash(&user.password_hash),
    );
    values.set_field("role", user.role.as_str());
    values.tick_box("active", user.active);
    let id = user.id.to_string();
    let last = user
        .last_login_at
        .map(|at| say!("Last signed in {time}", time = super::kit::at::At(at).absolute()));
    let open = i64::try_from(sessions).unwrap_or(i64::MAX);
    Loaded {
        name: user.username.clone(),
        version: user.version,
        values,
        badges: vec![role_badge(user.role), active_badge(user.active)],
        facts: vec![
            last.unwrap_or_else(|| t("Never signed in").to_owned()),
            i18n::count_phrase(open, "{n} open session", "{n} open sessions"),
            if is_oneself { t("This is you") } else { "" }.to_owned(),
        ]
        .into_iter()
        .filter(|fact| !fact.is_empty())
        .collect(),
        tools: vec![
            ("Sessions", urls::user_sessions(&id)),
            ("Activity", urls::with_query(&urls::log(), &[("user", &user.username)])),
        ],
        id,
        ..Loaded::default()
    }
}

async fn add_user(ctx: &AdminContext, values: &Values) -> Result<Saved, Unsaved> {
    let mut errors = FormErrors::default();
    let username = values.get_trimmed("username").to_owned();
    if let Err(error) = clean_name(&username) {
        errors.add_error("username", error.to_string());
    }
    password::check_pair(values, "password", "password_again", &username, &mut errors);
    if !errors.is_empty() {
        return Err(Unsaved::Invalid(errors));
    }
    let credentials = Credentials { username, password: values.get("password").into() };
    let remote_addr = ctx.remote_addr();
    let asked = asked_by(ctx, &remote_addr);
    match roster::add_account(&ctx.deps().pool, &ctx.actor, credentials, asked).await {
        Ok(actor) => Ok(Saved {
            id: actor.id.to_string(),
            name: actor.username,
            reveal: Vec::new(),
            next: None,
            hint: Some("Now choose the role."),
            opens: true,
        }),
        Err(AccountError::NameTaken(name)) => {
            Err(wrong_field("username", &say!("A user named {name} already exists.", name = name)))
        }
        Err(error @ AccountError::BadName(_)) => Err(wrong_field("username", &error)),
        Err(AccountError::Weak(weak)) => Err(wrong_field("password", &weak)),
        Err(error) => Err(failed_unsaved(error)),
    }
}

async fn change_user(
    ctx: &AdminContext,
    conn: &mut Conn,
    object: &Loaded,
    values: &Values,
) -> Result<Saved, Unsaved> {
    let Some(role) = Role::parse(values.get_trimmed("role")) else {
        return Err(wrong_field("role", &"Choose one of the roles."));
    };
    let standing = Standing { role, active: values.is_on("active") };
    let id = user_id(&object.id)?;
    let remote_addr = ctx.remote_addr();
    let asked = asked_by(ctx, &remote_addr);
    match roster::change_account(conn, &ctx.actor, (id, object.version), standing, asked).await {
        Ok(user) => Ok(Saved {
            id: object.id.clone(),
            name: user.username,
            reveal: Vec::new(),
            next: None,
            hint: None,
            opens: false,
        }),
        Err(AccountError::Refused(why)) => {
            // Beside what was changed.
            let field = if standing.active { "role" } else { "active" };
            Err(wrong_field(field, &why))
        }
        Err(error) => Err(failed_unsaved(error)),
    }
}

fn wrong_field(field: &str, error: &dyn std::fmt::Display) -> Unsaved {
    let mut errors = FormErrors::default();
    errors.add_error(field, error.to_string());
    Unsaved::Invalid(errors)
}
