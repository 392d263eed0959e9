//! `GET /metrics`: the process's own numbers, and how the installation stands, in Prometheus' text
//! form. Told to whoever presents the token; at an address of its own, without a token, to all
//! that reach it.

use super::Deps;
use super::machine::MachineError;
use super::problem::Problem;
use crate::clock;
use crate::metrics::Numbers;
use actix_web::dev::Server;
use actix_web::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use secrecy::{ExposeSecret, SecretString};
use signalbox_store::gauges::{self, Gauges};
use signalbox_store::{self as store, Pool};
use std::fmt::Write;
use std::net::TcpListener;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// So long the database may take; then the numbers go without it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Prometheus' text form, version 0.0.4.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is told, and to whom. Cheap to clone.
#[derive(Clone)]
pub struct Measures {
    /// The process's own numbers.
    pub numbers: Numbers,
    /// A connection of their own: they are told when all others are taken.
    pub pool: Pool,
    /// What has to be presented.
    pub token: Option<SecretString>,
}

/// Adds `/metrics` to the main address: it answers there only if there is a token.
pub fn metrics_routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/metrics").route(web::get().to(at_main)));
}

/// An address that answers `/metrics` alone.
///
/// # Errors
/// The socket cannot be used.
pub fn serve_metrics(measures: Measures, listener: TcpListener) -> std::io::Result<Server> {
    let measures = web::Data::new(measures);
    let app = move || {
        App::new()
            .app_data(measures.clone())
            .service(web::resource("/metrics").route(web::get().to(answer_alone)))
    };
    Ok(HttpServer::new(app)
        .workers(1)
        // Whoever reaches this address takes no files from deliveries.
        .max_connections(64)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .run())
}

async fn at_main(
    deps: web::Data<Deps>,
    request: HttpRequest,
) -> Result<HttpResponse, MachineError> {
    match &deps.measures {
        Some(measures) if measures.token.is_some() => answer_metrics(measures, &request).await,
        // As if there were nothing, which there is not.
        _ => Err(Problem::not_found().into()),
    }
}

async fn answer_alone(
    measures: web::Data<Measures>,
    request: HttpRequest,
) -> Result<HttpResponse, MachineError> {
    answer_metrics(&measures, &request).await
}

async fn answer_metrics(
    measures: &Measures,
    request: &HttpRequest,
) -> Result<HttpResponse, MachineError> {
    if let Some(token) = &measures.token {
        let given = request.headers().get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
        if !bool::from(given.ct_eq(token.expose_secret().as_bytes())) {
            return Ok(HttpResponse::Unauthorized()
                .insert_header((WWW_AUTHENTICATE, "Bearer"))
                .content_type("text/plain; charset=utf-8")
                .body("The bearer token is missing or wrong.\n"));
        }
    }
    let gauges = match tokio::time::timeout(PATIENCE, read_gauges(&measures.pool)).await {
        Ok(Ok(gauges)) => Some(gauges),
        Ok(Err(error)) => {
            tracing::warn!(%error, "Failed to read metrics of the database: {error}; serving the others");
            None
        }
        Err(_) => None,
    };
    let text = measures.numbers.render_text() + &gauges_text(gauges.as_ref());
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(text))
}

async fn read_gauges(pool: &Pool) -> store::Result<Gauges> {
    gauges::load_gauges(&mut *pool.get_conn().await?, clock::now()).await
}

/// How the installation stands, in text form.
fn gauges_text(gauges: Option<&Gauges>) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, values: &[(String, String)]| {
        // Writing to a string cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (labels, value) in values {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
        text.push('\n');
    };
    let one = |value: &dyn ToString| vec![(String::new(), value.to_string())];
    let up = u8::from(gauges.is_some());
    gauge("signalbox_database_up", "Whether the database answers", &one(&up));
    let version = [(format!("{{version=\"{}\"}}", super::VERSION), "1".to_owned())];
    gauge("signalbox_build_info", "The version that runs", &version);
    let Some(gauges) = gauges else { return text };
    let jobs = gauges
        .jobs
        .map(|(state, jobs)| (format!("{{state=\"{}\"}}", state.as_str()), jobs.to_string()));
    gauge("signalbox_jobs", "Jobs that have not ended, up to 100000 of each state", &jobs);
    gauge(
        "signalbox_oldest_due_job_seconds",
        "How long the oldest due job has waited",
        &one(&gauges.oldest_due_s),
    );
    gauge("signalbox_workers_alive", "Workers with a recent heartbeat", &one(&gauges.workers));
    gauge("signalbox_pauses", "Pauses in force", &one(&gauges.pauses));
    text
}
