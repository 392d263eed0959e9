//! Sessions: where a person is signed in, and ending that. Everybody sees their own; who manages
//! users sees everybody's.

use super::{Users, asked_by, user_id};
use crate::accounts::roster;
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::back::missing_object;
use crate::web::admin::kit::form::{BoundField, Values};
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::admin::kit::reauth;
use crate::web::admin::kit::resource::Resource;
use crate::web::admin::kit::views::Posted;
use crate::web::filters;
use crate::web::human::{self, HumanError, see_other};
use crate::web::session_store::REFERENCE;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::actor::Actor;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::sessions::{self, Seen, Which};
use signalbox_store::users;

/// A person's sessions.
#[derive(Template)]
#[template(path = "admin/users/sessions.html")]
pub struct SessionsPage {
    frame: Frame,
    action: String,
    rows: Vec<SessionRow>,
    ask: Option<BoundField>,
    is_own: bool,
    now: DateTime<Utc>,
}

/// One session.
struct SessionRow {
    reference: String,
    browser: String,
    agent: String,
    address: String,
    started: At,
    seen: At,
    is_this: bool,
}

impl SessionsPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let at = DateTime::UNIX_EPOCH;
        let seen = |user_agent: &str| Seen {
            reference: user_agent.to_owned(),
            created_at: at,
            seen_at: at,
            remote_addr: "192.0.2.7".to_owned(),
            user_agent: user_agent.to_owned(),
        };
        let page = |rows: Vec<Seen>, is_own| Self {
            frame: crate::web::admin::context::sample_frame("Sessions"),
            action: urls::user_sessions(7),
            rows: rows
                .into_iter()
                .map(|row| SessionRow::from_seen(row, "Firefox/130.0 <b>"))
                .collect(),
            ask: None,
            is_own,
            now: at,
        };
        let two = vec![seen("Firefox/130.0 <b>"), seen("")];
        vec![page(two.clone(), true), page(two, false), page(Vec::new(), false)]
    }

    fn has_others(&self) -> bool {
        self.rows.iter().any(|row| !row.is_this)
    }
}

impl SessionRow {
    fn from_seen(seen: Seen, this: &str) -> Self {
        Self {
            is_this: seen.reference == this,
            browser: browser_name(&seen.user_agent),
            agent: seen.user_agent,
            address: seen.remote_addr,
            started: At(seen.created_at),
            seen: At(seen.seen_at),
            reference: seen.reference,
        }
    }
}

/// What a browser calls itself, as a person would: `Firefox on Linux`.
fn browser_name(agent: &str) -> String {
    // The order matters: each of them also says what those after it say.
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let known = |names: &[(&str, &'static str)]| {
        names.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    match (known(&browsers), known(&systems)) {
        (Some(browser), Some(system)) => {
            say!("{browser} on {system}", browser = browser, system = system)
        }
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => say!("Browser on {system}", system = system),
        (None, None) if agent.is_empty() => t("Unknown").to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

/// `GET /admin/sessions/`: one's own.
///
/// # Errors
/// The database is away (503).
pub async fn show_own(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let actor = ctx.actor.clone();
    draw_sessions(&ctx, &actor, None).await
}

/// `POST /admin/sessions/`: ends one's own.
///
/// # Errors
/// The database is away (503).
pub async fn end_own(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let actor = ctx.actor.clone();
    end_chosen(&ctx, &actor, Values::from_pairs(posted.into_inner())).await
}

/// `GET /admin/auth/user/<id>/sessions/`
///
/// # Errors
/// No such user (404); the database is away (503).
pub async fn show_user_sessions(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let user = find_path_user(&ctx).await?;
    draw_sessions(&ctx, &user, None).await
}

/// `POST /admin/auth/user/<id>/sessions/`
///
/// # Errors
/// As the page.
pub async fn end_of_user(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let user = find_path_user(&ctx).await?;
    let values = Values::from_pairs(posted.into_inner());
    if user.id != ctx.actor.id
        && let Some(wrong) = reauth::refuse_unconfirmed(&ctx, &values).await?
    {
        return draw_sessions(&ctx, &user, Some(wrong)).await;
    }
    end_chosen(&ctx, &user, values).await
}

async fn find_path_user(ctx: &AdminContext) -> Result<Actor, HumanError> {
    let id = ctx.segment("id");
    let gone = |error| missing_object(ctx, Users::META, id, error);
    let mut conn = ctx.get_conn().await?;
    Ok(users::find_user(&mut conn, user_id(id).map_err(gone)?).await.map_err(gone)?.as_actor())
}

fn this_session(ctx: &AdminContext) -> String {
    ctx.session().get(REFERENCE).ok().flatten().unwrap_or_default()
}

async fn end_chosen(
    ctx: &AdminContext,
    user: &Actor,
    values: Values,
) -> Result<HttpResponse, HumanError> {
    let (this, remote_addr) = (this_session(ctx), ctx.remote_addr());
    let which = if values.is_on("all") {
        Which::AllBut(&this)
    } else {
        Which::One(values.get_trimmed("session"))
    };
    let mut conn = ctx.get_conn().await?;
    let asked = asked_by(ctx, &remote_addr);
    let ended = roster::end_sessions(&mut conn, &ctx.actor, user, which, asked).await?;
    match ended {
        0 => ctx.leave_message(Level::Info, "The session had already ended."),
        1 => ctx.leave_message(
            Level::Success,
            say!("{n} session of “{name}” was ended.", n = 1, name = user.username),
        ),
        n => ctx.leave_message(
            Level::Success,
            say!("{n} sessions of “{name}” were ended.", n = n, name = user.username),
        ),
    }
    // Where this very session was ended, the login page comes next.
    Ok(see_other(ctx.path()))
}

async fn draw_sessions(
    ctx: &AdminContext,
    user: &Actor,
    wrong: Option<String>,
) -> Result<HttpResponse, HumanError> {
    let now = clock::now();
    let rows = sessions::of_user(&mut *ctx.get_conn().await?, user.id, now).await?;
    let is_own = user.id == ctx.actor.id;
    let mut frame = ctx.new_frame(if is_own {
        t("Your sessions").to_owned()
    } else {
        say!("Sessions of “{name}”", name = user.username)
    });
    if ctx.path() != urls::own_sessions() {
        frame = frame
            .with_crumb(t("Users"), urls::users())
            .with_crumb(user.username.clone(), urls::user(user.id));
    }
    let this = this_session(ctx);
    human::render_page(&SessionsPage {
        frame: frame.with_errors(wrong.is_some()),
        action: ctx.path().to_owned(),
        rows: rows.into_iter().map(|row| SessionRow::from_seen(row, &this)).collect(),
        ask: if is_own { None } else { reauth::ask_password(ctx, wrong) },
        is_own,
        now,
    })
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn a_browser_is_named_as_people_name_it() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
        assert_eq!(browser_name(firefox), "Firefox on Linux");
        let edge =
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/125.0 Safari/537.36 Edg/125.0";
        assert_eq!(browser_name(edge), "Edge on Windows");
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Safari/604.1";
        assert_eq!(browser_name(phone), "Safari on iPhone");
        assert_eq!(browser_name(""), "Unknown");
        assert_eq!(browser_name("robot/1"), "robot/1");
    }
}
