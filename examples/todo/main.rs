//! A to-do list over a table of its own, with the panel's kit alone.
//!
//! `cargo run --example todo postgresql://localhost/todo`, then open <http://127.0.0.1:8000/>.

mod app;

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::args().nth(1);
    let url = url.ok_or_else(|| anyhow::anyhow!("name a database: postgresql://…"))?;
    app::prepare(&url).await?;
    Ok(app::serve(std::net::TcpListener::bind("127.0.0.1:8000")?, &url)?.await?)
}
