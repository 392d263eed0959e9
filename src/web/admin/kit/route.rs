//! Routes as rows of a table: method, address, who may, handler.

use super::site::Site;
use super::urls;
use crate::web::problem::Problem;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpRequest, HttpResponse, Route, guard as guards, web};
use futures_util::future::LocalBoxFuture;
use std::rc::Rc;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access<P> {
    /// Everybody.
    Public,
    /// Signed-in people whose role has the permission.
    Needs(P),
}

/// One route.
pub struct Row<P> {
    /// GET (answers HEAD too) or POST.
    pub method: Method,
    /// The whole address, as a pattern.
    pub address: String,
    /// Who may.
    pub access: Access<P>,
    /// Attaches the handler: `|route| route.to(handler)`.
    pub handler: fn(Route) -> Route,
}

impl<P> Row<P> {
    /// A page.
    pub fn get(address: impl Into<String>, access: Access<P>, handler: fn(Route) -> Route) -> Self {
        Self { method: Method::GET, address: address.into(), access, handler }
    }

    /// What a form or button does.
    pub fn post(
        address: impl Into<String>,
        access: Access<P>,
        handler: fn(Route) -> Route,
    ) -> Self {
        Self { method: Method::POST, address: address.into(), access, handler }
    }
}

/// Who may use which method of one resource.
pub type Rules<P> = Rc<[(Method, Access<P>)]>;

/// What a guard answers.
pub type Guarded = LocalBoxFuture<'static, Result<ServiceResponse<BoxBody>, Error>>;

/// Mounts the rows in a scope at [`urls::ADMIN`], with a guard around each address that is given
/// the same rows: it lets through whom they allow.
pub fn mount_rows<S: Site>(
    config: &mut web::ServiceConfig,
    rows: Vec<Row<S::Permission>>,
    guard: fn(Rules<S::Permission>, ServiceRequest, Next<BoxBody>) -> Guarded,
) {
    let mut resources: Vec<(String, Vec<Row<S::Permission>>)> = Vec::new();
    for row in rows {
        match resources.iter_mut().find(|(address, _)| *address == row.address) {
            Some((_, rows)) => rows.push(row),
            None => resources.push((row.address.clone(), vec![row])),
        }
    }
    for (address, rows) in resources {
        let below = address.strip_prefix(urls::ADMIN).unwrap_or(&address).to_owned();
        let allow = allowed_methods(&rows);
        let rules: Rules<S::Permission> =
            rows.iter().map(|row| (row.method.clone(), row.access)).collect();
        let mut resource = web::resource(below);
        for row in rows {
            let route = match row.method {
                Method::GET => web::route().guard(guards::Any(guards::Get()).or(guards::Head())),
                method => web::method(method),
            };
            resource = resource.route((row.handler)(route));
        }
        let resource = resource.default_service(web::to(move |request: HttpRequest| {
            let problem = Problem::method_not_allowed(request.method().as_str(), allow);
            std::future::ready(Err::<HttpResponse, _>(S::Refusal::from(problem)))
        }));
        config.service(resource.wrap(from_fn(move |request, next: Next<BoxBody>| {
            guard(Rc::clone(&rules), request, next)
        })));
    }
}

/// For a GET whose last slash was forgotten: the address it meant, with its query.
pub fn add_slash(request: &HttpRequest) -> Option<String> {
    let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_get || request.path().ends_with('/') {
        return None;
    }
    let path = format!("{}/", request.path());
    request.resource_map().has_resource(&path).then(|| match request.query_string() {
        "" => path,
        query => format!("{path}?{query}"),
    })
}

fn allowed_methods<P>(rows: &[Row<P>]) -> &'static str {
    let answers = |method: Method| rows.iter().any(|row| row.method == method);
    match (answers(Method::GET), answers(Method::POST)) {
        (true, true) => "GET, HEAD, POST",
        (true, false) => "GET, HEAD",
        (false, _) => "POST",
    }
}
