//! The program around the list: who may what, what stands around every page, its server. The list
//! itself is described in `todos.rs`; its table is `table.rs`'.

mod table;
mod todos;

use actix_session::{SessionMiddleware, storage::CookieSessionStore};
use actix_web::body::BoxBody;
use actix_web::cookie::Key;
use actix_web::dev::{Server, ServiceRequest};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{App, HttpRequest, HttpServer, ResponseError, web};
use signalbox::web::admin::kit::frame::{Chrome, NavRow, NavSection};
use signalbox::web::admin::kit::route::{self, Access, Guarded, Row, Rules};
use signalbox::web::admin::kit::site::{Failure, Site};
use signalbox::web::admin::kit::{mount, urls};
use signalbox::web::{answer, assets, problem::Problem};
use std::net::TcpListener;
use std::ops::DerefMut;
use table::TodoError;
use todos::{META, Todos};
use tokio_postgres::Client;

pub use table::prepare;

/// The program, for one request. Whoever reaches it is its one person.
pub struct TodoApp(web::Data<String>);

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    Look,
    Change,
}

impl Site for TodoApp {
    type Permission = May;
    type Conn = Client;
    type Error = TodoError;
    type Refusal = Refusal;

    fn from_request(request: &HttpRequest) -> Result<Self, Refusal> {
        let url = request.app_data::<web::Data<String>>().cloned();
        url.map(Self).ok_or_else(|| Problem::internal().into())
    }

    fn has_permission(&self, _: May) -> bool {
        true
    }

    fn build_chrome(&self, _: &str) -> Chrome {
        let list = NavRow {
            label: "To-dos",
            icon: "check",
            href: META.list_url(),
            add: Some(META.add_url()),
            key: 't',
            current: true,
            count: None,
            views: Vec::new(),
        };
        Chrome {
            name: "To-do",
            version: "1",
            person: ("you".to_owned(), "Owner"),
            nav: vec![NavSection { title: "Lists", rows: vec![list] }],
            ..Chrome::default()
        }
    }

    async fn get_conn(&self) -> Result<impl DerefMut<Target = Client>, Refusal> {
        Ok(Box::new(table::connect(&self.0).await?))
    }

    fn classify_error(error: TodoError) -> Failure {
        match error {
            TodoError::Missing => Failure::Missing,
            TodoError::Stale => Failure::Stale,
            TodoError::Database(_) => Failure::Other(error.into()),
        }
    }
}

/// A problem as this program answers it.
#[derive(Debug)]
pub struct Refusal(Problem);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.0.title, self.0.detail)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<TodoError> for Problem {
    fn from(error: TodoError) -> Self {
        Self::internal().caused_by(error)
    }
}

impl From<TodoError> for Refusal {
    fn from(error: TodoError) -> Self {
        Self(error.into())
    }
}

/// Lets everybody look, and a form through that comes from a page of ours.
fn guard(_: Rules<May>, request: ServiceRequest, next: Next<BoxBody>) -> Guarded {
    let from = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let is_ours = request.method().is_safe() || from == Some("same-origin");
    Box::pin(async move {
        if is_ours {
            return next.call(request).await;
        }
        Ok(request.into_response(Refusal(Problem::csrf()).error_response()))
    })
}

/// Serves the list on a socket that is bound already, over the database at `url`.
///
/// # Errors
/// The socket cannot be used.
pub fn serve(listener: TcpListener, url: &str) -> std::io::Result<Server> {
    let (url, key) = (web::Data::new(url.to_owned()), Key::generate());
    let app = move || {
        let home = Row::get(urls::index(), Access::Public, |route| {
            route.to(async || answer::redirect_to(META.list_url()))
        });
        let rows = mount::editable_routes::<Todos>().into_iter().chain([home]).collect();
        let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone());
        App::new()
            .app_data(url.clone())
            .service(web::resource("/static/{path:.*}").get(assets::serve_asset))
            .service(web::redirect("/", urls::index()))
            .service(
                web::scope(urls::ADMIN)
                    .configure(|config| route::mount_rows::<TodoApp>(config, rows, guard))
                    .wrap(sessions.cookie_secure(false).build()),
            )
    };
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}
