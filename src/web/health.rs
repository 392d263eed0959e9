//! Whether the process lives, and whether it can do its work.

use super::Deps;
use super::machine::MachineError;
use super::problem::Problem;
use actix_web::{HttpResponse, web};
use serde_json::json;
use signalbox_store::{Result, migrate, secret_key};

/// Adds `/healthz` and `/readyz`.
pub fn health_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/healthz").route(web::get().to(healthz)))
        .service(web::resource("/readyz").route(web::get().to(readyz)));
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// 200 when the database answers and its migrations are current; else 503 and why.
async fn readyz(deps: web::Data<Deps>) -> std::result::Result<HttpResponse, MachineError> {
    match is_current(&deps).await {
        Ok(true) if !has_the_secret_key(&deps).await? => {
            let mut problem = Problem::unavailable();
            problem.detail = "The secret key is not the one of this database: restart Signalbox \
                              with the right one."
                .into();
            Err(problem.into())
        }
        Ok(true) => Ok(HttpResponse::Ok().json(json!({ "status": "ready" }))),
        Ok(false) => {
            let mut problem = Problem::unavailable();
            problem.detail = "The database has not all migrations: run signalbox migrate.".into();
            Err(problem.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn has_the_secret_key(deps: &Deps) -> Result<bool> {
    let check = secret_key::load_check_value(&mut *deps.pool.get_conn().await?).await?;
    Ok(check.is_some_and(|check| deps.keys.fits_check_value(&check)))
}

async fn is_current(deps: &Deps) -> Result<bool> {
    migrate::is_current(&mut *deps.pool.get_conn().await?).await
}
