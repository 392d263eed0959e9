//! The least that a receiver can do: read a body, parse it, answer. Nothing is compared or kept.

use actix_web::web::{Bytes, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

async fn receive(body: Bytes) -> HttpResponse {
    match serde_json::from_slice::<Value>(&body) {
        Ok(event) => HttpResponse::Accepted().json(json!({ "project_id": event["project_id"] })),
        Err(error) => HttpResponse::BadRequest().body(error.to_string()),
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    HttpServer::new(|| {
        App::new()
            .app_data(PayloadConfig::new(1 << 20))
            .route("/", web::post().to(receive))
    })
    .bind(address)?
    .run()
    .await
}
