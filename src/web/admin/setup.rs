//! To come.
use super::context::AdminContext;
use actix_web::HttpResponse;
pub async fn page(_context: AdminContext) -> HttpResponse {
    HttpResponse::Ok().finish()
}
pub async fn submit(_context: AdminContext) -> HttpResponse {
    HttpResponse::Ok().finish()
}
