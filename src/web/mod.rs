//! The web server: its scopes and the middleware around them, in order, on one screen.
//!
//! A request passes, from the outside: request id, security headers, catch panic, compress; in
//! the panel then locale, own host, session, authenticate (who), and around each route authorize (may
//! they, and is it our own form); then its handler. What no handler answers is answered here, with the face of its address (`problem::Face`).

pub mod admin;
pub mod answer;
pub mod assets;
mod connections;
mod escape;
pub mod filters;
pub mod gitlab;
pub mod health;
pub mod human;
pub mod machine;
pub mod metrics;
pub mod middleware;
pub mod origin;
pub mod problem;
pub mod session_store;
pub mod urls;

use crate::accounts::password::Cost;
use crate::accounts::setup_link::SetupLink;
use crate::accounts::throttle::Throttle;
use crate::config::{RetentionSettings, WebSettings};
use crate::intake::Intake;
use crate::notify::Teller;
use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::UrlencodedError;
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use admin::context::Signalbox;
use admin::kit::route;
use admin::routes;
use connections::{Connections, Limits};
use human::HumanError;
use machine::MachineError;
use middleware::authorize;
use problem::{Face, Problem};
use session_store::PgSessions;
use signalbox_actions::Catalogue;
use signalbox_core::seal::Keys;
use signalbox_store::Pool;
use signalbox_store::listen::Listener;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The version pages show.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The largest form a panel page takes, in bytes.
const MAX_FORM: usize = 1024 * 1024;

/// How long a client may take to send its headers.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// How long answers under way are waited for when the server stops, in seconds.
const SHUTDOWN_S: u64 = 10;

/// What the server is started with; handlers see it through their contexts.
#[derive(Clone)]
pub struct Deps {
    /// The database.
    pub pool: Pool,
    /// Where deliveries go.
    pub intake: Intake,
    /// What can be run.
    pub catalogue: Catalogue,
    /// What pages that follow a job need.
    pub live: Live,
    /// The installation's keys.
    pub keys: Arc<Keys>,
    /// Sends tests of channels, and messages again.
    pub teller: Teller,
    /// The server's settings.
    pub settings: Arc<WebSettings>,
    /// How long things are kept, for pages to say.
    pub retention: RetentionSettings,
    /// The one-time link for the first account.
    pub setup_link: SetupLink,
    /// What a password hash costs.
    pub password_cost: Cost,
    /// Counts the wrong passwords of the last minute.
    pub throttle: Throttle,
    /// What is told at `/metrics`; none = nothing is measured.
    pub measures: Option<metrics::Measures>,
    /// What the start page's charts have counted.
    pub counts: Arc<admin::index::KeptCounts>,
}

/// What is told of other processes, and the end of this one: answers without an end heed both.
#[derive(Clone)]
pub struct Live {
    /// Who is told.
    pub notices: Listener,
    /// The server stops.
    pub stop: CancellationToken,
}

/// Starts answering on a socket that is bound already. Signals are the caller's.
///
/// # Errors
/// The socket cannot be used.
pub fn serve_web(deps: Deps, listener: TcpListener) -> std::io::Result<Server> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let limits = Limits::of_process(threads);
    let connections = Connections::new(limits, deps.settings.trusted_proxies.clone());
    let deps = web::Data::new(deps);
    let server = HttpServer::new(move || build_app(&deps))
        .workers(threads)
        .max_connections(limits.a_thread)
        .on_connect(move |socket, data| {
            if let Some(connection) = connections.note_accepted(socket) {
                data.insert(connection);
            }
        })
        .client_request_timeout(REQUEST_TIMEOUT)
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Everything the server answers.
pub fn build_app(
    deps: &web::Data<Deps>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    // Of several `wrap`s the last is the outermost.
    App::new()
        .app_data(deps.clone())
        .wrap(Compress::default())
        .wrap(from_fn(middleware::catch_panic::catch_panics))
        .wrap(from_fn(middleware::security_headers::add_headers))
        .wrap(from_fn(middleware::request_id::with_request_id))
        .service(
            web::resource("/static/{path:.*}")
                .get(assets::serve_asset)
                .default_service(web::to(refuse_unknown)),
        )
        .service(web::resource("/").to(go_home))
        .configure(gitlab::gitlab_routes)
        .configure(health::health_routes)
        .configure(metrics::metrics_routes)
        .service(panel_scope(deps))
        .default_service(web::to(refuse_unknown))
}

fn panel_scope(
    deps: &web::Data<Deps>,
) -> actix_web::Scope<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let rows = routes::route_rows();
    web::scope(urls::ADMIN)
        .app_data(web::PayloadConfig::new(MAX_FORM))
        .app_data(web::FormConfig::default().limit(MAX_FORM).error_handler(
            |error, _| match error {
                UrlencodedError::Overflow { .. } => too_large(error),
                error => unreadable_request("The form is invalid.", error),
            },
        ))
        .app_data(web::QueryConfig::default().error_handler(|error, _| {
            unreadable_request("The part of the address after the question mark is invalid.", error)
        }))
        .app_data(web::PathConfig::default().error_handler(|error, _| {
            HumanError::from(Problem::not_found().caused_by(error.to_string())).into()
        }))
        .configure(|config| route::mount_rows::<Signalbox>(config, rows, authorize::guard_route))
        .default_service(web::to(no_such_page))
        .wrap(from_fn(admin::problem::frame_problem))
        .wrap(from_fn(middleware::authenticate::identify_visitor))
        .wrap(session_middleware(deps))
        .wrap(from_fn(with_face))
        .wrap(from_fn(middleware::own_host::check_host))
        .wrap(from_fn(middleware::locale::with_locale))
}

fn session_middleware(deps: &Deps) -> SessionMiddleware<PgSessions> {
    let insecure = deps.settings.insecure_cookies();
    let name = if insecure { "signalbox" } else { "__Host-signalbox" };
    SessionMiddleware::builder(PgSessions::new(deps.pool.clone()), Key::from(&deps.keys.cookie))
        .cookie_name(name.to_owned())
        .cookie_secure(!insecure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(PersistentSession::default().session_ttl(session_store::IDLE))
        .build()
}

/// What actix-session could not store comes out of it as a bare 500: it is given its page here.
async fn with_face(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> middleware::Answer {
    match next.call(request).await {
        Ok(response) => Ok(response.map_into_boxed_body()),
        Err(error) if error.as_error::<HumanError>().is_some() => Err(error),
        Err(error) => {
            Err(HumanError::from(Problem::unavailable().caused_by(error.to_string())).into())
        }
    }
}

fn too_large(error: impl std::fmt::Display) -> Error {
    HumanError::from(Problem::too_large().caused_by(error.to_string())).into()
}

fn unreadable_request(detail: &'static str, error: impl std::fmt::Display) -> Error {
    HumanError::from(Problem::bad_request(detail).caused_by(error.to_string())).into()
}

async fn go_home() -> HttpResponse {
    human::redirect_to(urls::index())
}

/// In the panel, for people who are signed in: a page whose slash was forgotten, or none.
async fn no_such_page(request: HttpRequest) -> Result<HttpResponse, HumanError> {
    if let Err(refusal) = authorize::signed_in(&request) {
        return Ok(refusal.into_response());
    }
    match route::add_slash(&request) {
        Some(address) => Ok(human::redirect_to(address)),
        None => Err(Problem::not_found().with_link("Go to the start page", urls::index()).into()),
    }
}

/// What no route answers.
async fn refuse_unknown(request: HttpRequest) -> Result<HttpResponse, Error> {
    let path = request.path();
    let is_static = path.starts_with("/static/");
    let problem = match (is_static, request.method()) {
        (true, method) => Problem::method_not_allowed(method.as_str(), "GET"),
        (false, _) => Problem::not_found(),
    };
    Err(match Face::from_path(path) {
        Face::Human => HumanError::from(problem).into(),
        Face::Machine => MachineError::from(problem).into(),
    })
}
