//! HTTP: requests into calls, answers and faults into responses.

use crate::faults::{Fault, NO_JSON, PAGE};
use crate::reply::{Next, Reply, Request};
use crate::routes;
use crate::world::{Call, World};
use actix_web::body::{BodySize, BoxBody, MessageBody, SizedStream};
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::once;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What all requests share.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub client: reqwest::Client,
}

impl Shared {
    /// The world, also after a test failed while it had it.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens, and answers until the handle says stop.
pub(crate) fn start(bind: &str) -> io::Result<(Arc<Shared>, SocketAddr, ServerHandle)> {
    // A connection for each delivery: none outlives the runtime of the test that made it.
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(io::Error::other)?;
    let listener = std::net::TcpListener::bind(bind)?;
    let address = listener.local_addr()?;
    let world = Mutex::new(World::new(format!("http://{address}")));
    let shared = Arc::new(Shared { world, client });
    let data = web::Data::from(Arc::clone(&shared));
    let server = HttpServer::new(move || {
        App::new().app_data(data.clone()).default_service(web::to(respond))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((shared, address, handle))
}

async fn respond(shared: web::Data<Shared>, http: HttpRequest, body: Bytes) -> HttpResponse {
    let (response, authenticated, broken) = match read(&http, &body) {
        Ok(request) => serve(&shared, &request).await,
        Err(refusal) => (response(refusal), false, false),
    };
    shared.lock().calls.push(Call {
        method: http.method().to_string(),
        path: http.uri().to_string(),
        authenticated,
        status: (!broken).then(|| response.status().as_u16()),
    });
    if broken { response.map_body(|_, body| broken_off(body)) } else { response }
}

/// The response; whether the call came with a token that serves; whether to break off.
async fn serve(shared: &Shared, request: &Request) -> (HttpResponse, bool, bool) {
    let fault = shared.lock().fault(request);
    match &fault {
        Some(Fault::Slow(time)) => tokio::time::sleep(*time).await,
        Some(Fault::BadGateway) => {
            return (page(StatusCode::BAD_GATEWAY, "text/html", PAGE), false, false);
        }
        Some(Fault::WrongJson) => {
            return (page(StatusCode::OK, "application/json", NO_JSON), false, false);
        }
        Some(fault) if let Some(reply) = fault.reply() => return (response(reply), false, false),
        _ => {}
    }
    let (reply, authenticated) = answer(shared, request).await;
    (response(reply), authenticated, matches!(fault, Some(Fault::BrokenOff)))
}

async fn answer(shared: &Shared, request: &Request) -> (Reply, bool) {
    let (next, authenticated) = routes::answer(&mut shared.lock(), request);
    match next {
        Next::Reply(reply) => (reply, authenticated),
        Next::Send(errand) => {
            let outcome = errand.delivery.send(&shared.client).await;
            (shared.lock().answer_errand(&errand, &outcome), authenticated)
        }
    }
}

/// A request as the API knows it.
fn read(http: &HttpRequest, body: &[u8]) -> Result<Request, Reply> {
    let path = http.uri().path().strip_prefix("/api/v4/");
    let path = path.ok_or_else(|| Reply::error(404, "404 Not Found"))?;
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let header = |name| http.headers().get(name).and_then(|value| value.to_str().ok());
    let mut params = Map::new();
    let mut add = |text: &[u8]| {
        for (name, value) in url::form_urlencoded::parse(text) {
            params.insert(name.into_owned(), value.into_owned().into());
        }
    };
    add(http.query_string().as_bytes());
    if header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        match serde_json::from_slice(body) {
            Ok(Value::Object(body)) => params.extend(body),
            _ if body.is_empty() => {}
            _ => return Err(Reply::error(400, "Problems parsing JSON")),
        }
    } else {
        add(body);
    }
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    Ok(Request {
        method: http.method().to_string(),
        target: http.uri().to_string(),
        segments: path.trim_end_matches('/').split('/').map(decoded).collect(),
        params,
        secret: header("private-token").or(bearer).map(|secret| secret.trim().to_owned()),
    })
}

fn response(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for header in reply.headers {
        response.insert_header(header);
    }
    match reply.body {
        Some(body) => response.json(body),
        None => response.finish(),
    }
}

fn page(status: StatusCode, kind: &str, text: &'static str) -> HttpResponse {
    HttpResponse::build(status).insert_header((CONTENT_TYPE, kind)).body(text)
}

/// The first half of a body, of which the whole is announced.
fn broken_off(body: BoxBody) -> BoxBody {
    let BodySize::Sized(length) = body.size() else { return body };
    let Ok(bytes) = body.try_into_bytes() else { return BoxBody::new(()) };
    let half = bytes.slice(..bytes.len() / 2);
    // What is ready at once is thrown away with the connection: the half is sent first.
    let end = async {
        tokio::task::yield_now().await;
        Err(io::Error::other("broken off, as the test wants it"))
    };
    let parts = once(std::future::ready(Ok(half))).chain(once(end));
    BoxBody::new(SizedStream::new(length, Box::pin(parts)))
}
