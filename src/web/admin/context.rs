//! What every admin handler takes: who is signed in, what the request was, a connection, the
//! messages for the next page. The only way to a connection in the panel.
//!
//! [`Signalbox`] is this program as the kit sees it. Whether the person may come here at all was
//! decided before (`crate::web::middleware::authorize` and the table in `super::routes`).

use super::kit::context::Context;
use super::kit::entry::{Entries, Entry};
use super::kit::frame::{Banner, Chrome, Crumb, Flash, Frame, Level};
use super::kit::kept::{ChosenColumns, Kept};
use super::kit::query::VIEW;
use super::kit::site::{Failure, Site};
use super::kit::{back, bulk, resource};
use super::{banner, help, nav, saved, words};
use crate::accounts::login::{self, Attempt, LoginError};
use crate::accounts::views::{self, By, ViewError};
use crate::clock;
use crate::web::human::HumanError;
use crate::web::middleware::authenticate::{self, Around, Visit};
use crate::web::middleware::authorize::FormSecret;
use crate::web::middleware::csrf;
use crate::web::origin;
use crate::web::problem::Problem;
use crate::web::session_store::{CONFIRMED, REFERENCE};
use crate::web::{Deps, VERSION, urls};
use crate::webhooks::SaveError;
use actix_session::SessionExt;
use actix_web::{HttpMessage, HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use signalbox_core::actor::Actor;
use signalbox_core::ids::UserId;
use signalbox_core::pause::{Pause, Scope};
use signalbox_core::role::{Permission, Role};
use signalbox_core::seal;
use signalbox_i18n::{Tz, t};
use signalbox_store::saved_views::{self, Columns, View};
use signalbox_store::{Conn, PooledConn, StoreError, audit};
use std::ops::DerefMut;

/// A signed-in person's request.
pub type AdminContext = Context<Signalbox>;

/// A resource's names and permissions.
pub type Meta = resource::Meta<Signalbox>;

/// Something that can be done to many rows.
pub type BulkAction = bulk::BulkAction<Signalbox>;

/// Why nothing was saved or deleted.
pub type Unsaved = resource::Unsaved<StoreError>;

/// How long a password that was typed counts, in seconds.
const CONFIRMED_S: i64 = 15 * 60;

/// What new secrets are sealed for.
const SHOWN_ONCE: &[u8] = b"shown once";

/// This program, for one request of a signed-in person.
pub struct Signalbox {
    /// Who is signed in.
    pub actor: Actor,
    deps: web::Data<Deps>,
    csrf: String,
    around: Around,
    request: HttpRequest,
}

impl Signalbox {
    /// A connection to the database.
    ///
    /// # Errors
    /// The database is away (503).
    pub async fn get_conn(&self) -> Result<PooledConn, HumanError> {
        Ok(self.deps.pool.get_conn().await?)
    }

    /// What the server was started with.
    pub fn deps(&self) -> &Deps {
        &self.deps
    }

    /// Whether this person has the permission.
    pub fn has_permission(&self, permission: Permission) -> bool {
        self.actor.may(permission)
    }

    /// What is paused.
    pub fn pauses(&self) -> &[Pause] {
        &self.around.pauses
    }

    /// Whether every job is paused.
    pub fn is_all_paused(&self) -> bool {
        self.pauses().iter().any(|pause| pause.scope == Scope::All)
    }

    /// The token for this page's forms.
    pub fn csrf_token(&self) -> &str {
        &self.csrf
    }

    /// The time zone that this person chose; none = their browser's.
    pub fn chosen_zone(&self) -> Option<Tz> {
        self.around.zone
    }

    /// Who asks, as services of accounts are told.
    pub fn asked_by<'a>(&'a self, remote_addr: &'a str) -> By<'a> {
        By { actor: &self.actor, at: clock::now(), remote_addr }
    }

    /// Whose the session is, and what it is called.
    pub fn session_id(&self) -> (UserId, String) {
        let reference = self.request.get_session().get(REFERENCE);
        (self.actor.id, reference.ok().flatten().unwrap_or_default())
    }

    /// Begins this person's session anew, after the old ones were ended.
    ///
    /// # Errors
    /// The session does not take it (500).
    pub fn sign_in_anew(&self) -> Result<(), HumanError> {
        authenticate::sign_in(&self.request, &self.actor)
    }

    /// Where the request came from, as text.
    pub fn remote_addr(&self) -> String {
        origin::remote_addr_text(&self.request)
    }

    /// The address GitLab and browsers call us by, without a slash at the end.
    pub fn public_address(&self) -> String {
        origin::public_address(&self.request)
    }
}

impl Site for Signalbox {
    type Permission = Permission;
    type Conn = Conn;
    type Error = StoreError;
    type Refusal = HumanError;

    fn from_request(request: &HttpRequest) -> Result<Self, HumanError> {
        let deps = request
            .app_data::<web::Data<Deps>>()
            .cloned()
            .ok_or_else(|| Problem::internal().caused_by("the server has no Deps"))?;
        let visit = request.extensions().get::<Visit>().cloned().unwrap_or_default();
        let secret = request.extensions().get::<FormSecret>().copied();
        let (Some(actor), Some(FormSecret(secret))) = (visit.actor, secret) else {
            return Err(Problem::signed_out().with_link("Sign in", urls::login()).into());
        };
        let csrf = csrf::new_token(&secret);
        Ok(Self { actor, deps, csrf, around: visit.around, request: request.clone() })
    }

    fn has_permission(&self, permission: Permission) -> bool {
        self.actor.may(permission)
    }

    fn build_chrome(&self, path: &str) -> Chrome {
        let banners = self.pauses().iter().map(|pause| banner_of(banner::pause_text(pause)));
        let open = back::query_parameter(self.request.query_string(), VIEW);
        let open = open.and_then(|id| id.parse().ok());
        let mut chrome = signalbox_chrome(&self.actor, path);
        saved::add_to_nav(&self.around.views, &mut chrome.nav, path, open);
        Chrome {
            label: self.deps.settings.label.clone(),
            csrf: self.csrf.clone(),
            banners: banners.collect(),
            follows_browser: self.around.zone.is_none(),
            ..chrome
        }
    }

    async fn get_conn(&self) -> Result<impl DerefMut<Target = Conn>, HumanError> {
        Self::get_conn(self).await
    }

    fn classify_error(error: StoreError) -> Failure {
        match error {
            StoreError::NotFound => Failure::Missing,
            StoreError::Stale => Failure::Stale,
            other => Failure::Other(other.into()),
        }
    }

    async fn load_history(
        conn: &mut Conn,
        kind: &str,
        id: &str,
        entries: Entries,
    ) -> Result<Vec<Entry>, StoreError> {
        let rows = match entries {
            Entries::Some(skipped, wanted) => {
                audit::object_history(conn, kind, id, skipped, wanted).await?
            }
            Entries::One(number) => match audit::find_entry(conn, number).await {
                Ok(row) if row.object_type == kind && row.object_id == id => vec![row],
                Ok(_) | Err(StoreError::NotFound) => Vec::new(),
                Err(error) => return Err(error),
            },
        };
        Ok(rows.into_iter().map(words::to_kit_entry).collect())
    }

    const KEEPS_VIEWS: bool = true;

    fn kept_of(&self, list: &str) -> Kept {
        saved::kept_of(&self.actor, &self.around, list)
    }

    async fn keep_columns(
        ctx: &AdminContext,
        chosen: ChosenColumns<'_>,
    ) -> Result<String, HumanError> {
        let columns = Columns {
            list: chosen.list.to_owned(),
            columns: chosen.keys.map(|keys| keys.join(",")).unwrap_or_default(),
        };
        let remote_addr = ctx.remote_addr();
        let mut conn = ctx.get_conn().await?;
        let by = ctx.asked_by(&remote_addr);
        views::choose_columns(&mut conn, by, chosen.view, columns).await.map_err(view_problem)?;
        Ok(match chosen.view {
            Some(_) => t("The view has these columns now."),
            None => t("Your columns were saved."),
        }
        .to_owned())
    }

    fn is_confirmed(ctx: &AdminContext) -> bool {
        let at = ctx.session().get::<i64>(CONFIRMED).ok().flatten().unwrap_or_default();
        (0..CONFIRMED_S).contains(&(clock::now().timestamp() - at))
    }

    async fn confirm_password(
        ctx: &AdminContext,
        password: &str,
    ) -> Result<Option<String>, HumanError> {
        let deps = ctx.deps();
        let attempt = Attempt {
            username: ctx.actor.username.clone(),
            password: password.into(),
            remote_addr: ctx.remote_addr().parse().ok(),
            device: None,
            at: clock::now(),
        };
        let (pool, throttle, cost) = (&deps.pool, &deps.throttle, deps.password_cost);
        match login::confirm_password(pool, throttle, cost, ctx.actor.id, attempt).await {
            Ok(()) => {
                let kept = ctx.session().insert(CONFIRMED, clock::now().timestamp());
                kept.map_err(|error| Problem::internal().caused_by(error))?;
                Ok(None)
            }
            Err(LoginError::Refused) => Ok(Some("This is not your password.".to_owned())),
            Err(error @ LoginError::Throttled(_)) => Ok(Some(words::login_error_text(&error))),
            Err(LoginError::Store(error)) => Err(error.into()),
            Err(error @ LoginError::Hash(_)) => Err(Problem::internal().caused_by(error).into()),
        }
    }

    fn seal_secret(&self, plain: &[u8]) -> Option<String> {
        let sealed =
            seal::seal_bytes(&self.deps.keys.seal, clock::random_bytes(), SHOWN_ONCE, plain)
                .ok()?;
        Some(STANDARD_NO_PAD.encode(sealed))
    }

    fn open_secret(&self, sealed: &str) -> Option<Vec<u8>> {
        let sealed = STANDARD_NO_PAD.decode(sealed).ok()?;
        seal::open_sealed(&self.deps.keys.seal, SHOWN_ONCE, &sealed).ok()
    }
}

/// What stands around every page, whatever the installation.
fn signalbox_chrome(actor: &Actor, path: &str) -> Chrome {
    Chrome {
        name: "Signalbox",
        version: VERSION,
        person: (actor.username.clone(), actor.role.label()),
        nav: nav::nav_sections(actor, path),
        search: Some(urls::search()),
        palette: Some(urls::palette()),
        help: Some(help::help_for(path)),
        account: vec![
            ("Change password", urls::password_change()),
            ("Your sessions", urls::own_sessions()),
            ("Time zone", urls::time_zone()),
        ],
        language: Some(urls::language()),
        time_zone: Some(urls::time_zone()),
        logout: Some(urls::logout()),
        log: actor.may(Permission::ReadLog).then(urls::log),
        ..Chrome::default()
    }
}

fn banner_of(text: String) -> Banner {
    Banner { text, link: ("Resume…", urls::workers()) }
}

/// A frame for samples.
pub fn sample_frame(title: &str) -> Frame {
    let actor = Actor { id: UserId(1), username: "ada".to_owned(), role: Role::Admin };
    let mut chrome = Chrome {
        label: "预发环境".to_owned(),
        csrf: "token".to_owned(),
        banners: vec![banner_of(t("All jobs are paused").to_owned())],
        ..signalbox_chrome(&actor, "/admin/")
    };
    let view = |owner_id| View {
        id: 7,
        version: 1,
        values: saved_views::Values {
            owner_id,
            list: "delivery".to_owned(),
            name: "生产".to_owned(),
            query: String::new(),
            columns: String::new(),
        },
    };
    saved::add_to_nav(&[view(None), view(Some(1))], &mut chrome.nav, "/admin/", None);
    Frame {
        flashes: vec![Flash {
            level: Level::Success,
            text: "The password was not set".to_owned(),
            link: None,
            undo: None,
        }],
        breadcrumbs: vec![
            Crumb { label: t("Home").into(), href: Some("/admin/".to_owned()) },
            Crumb { label: t(title).to_owned().into(), href: None },
        ],
        path: "/admin/".to_owned(),
        address: "/admin/?q=a".to_owned(),
        ..Frame::around_page(chrome, t(title).to_owned())
    }
}

/// Why a view was left as it is, for a page of its own.
pub fn view_problem(error: ViewError) -> Problem {
    match error {
        ViewError::Store(StoreError::NotFound) => Problem::no_such(t("view")),
        ViewError::Store(StoreError::Stale) => Problem::conflict(),
        ViewError::Store(error) => error.into(),
        other => Problem::forbidden().caused_by(other),
    }
}

/// Why a webhook or an account was not saved, as the kit is told.
pub fn to_unsaved(error: SaveError) -> Unsaved {
    match error {
        SaveError::Stale => Unsaved::Failed(StoreError::Stale),
        SaveError::Gone => Unsaved::Failed(StoreError::NotFound),
        SaveError::Refused(why) => Unsaved::Refused(why),
        SaveError::Seal(error) => Unsaved::Broken(Problem::internal().caused_by(error)),
        SaveError::Store(error) => Unsaved::Failed(error),
    }
}

/// Why a webhook was not saved, for a page of its own.
pub fn save_problem(error: SaveError) -> Problem {
    match error {
        SaveError::Store(error) => error.into(),
        SaveError::Stale => Problem::conflict(),
        SaveError::Gone => Problem::no_such(t("webhook")),
        other @ (SaveError::Refused(_) | SaveError::Seal(_)) => {
            Problem::internal().caused_by(other)
        }
    }
}
