//! The static files, embedded in the binary.
//!
//! Each is served under a name that carries its hash (`/static/css/base.1a2b3c4d5e6f.css`), so
//! that browsers may keep it for ever; [`url()`] gives that name. The plain name works too, and is
//! asked for anew each time.

use super::human::HumanError;
use super::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;
use signalbox_core::idempotency::to_hex;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

struct Asset {
    name: String,
    hashed: String,
    etag: String,
}

struct Assets {
    list: Vec<Asset>,
    by_name: HashMap<String, usize>,
    by_hashed: HashMap<String, usize>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut assets =
        Assets { list: Vec::new(), by_name: HashMap::new(), by_hashed: HashMap::new() };
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else { continue };
        let hash: String = to_hex(&file.metadata.sha256_hash()).chars().take(12).collect();
        let hashed = match name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
            None => format!("{name}.{hash}"),
        };
        assets.by_name.insert(name.to_string(), assets.list.len());
        assets.by_hashed.insert(hashed.clone(), assets.list.len());
        assets.list.push(Asset { name: name.to_string(), hashed, etag: format!("\"{hash}\"") });
    }
    assets
});

/// The address of a static file, by its name below `static/`: `url("css/base.css")`.
pub fn url(name: &str) -> String {
    let known = ASSETS.by_name.get(name).and_then(|index| ASSETS.list.get(*index));
    match known {
        Some(asset) => format!("/static/{}", asset.hashed),
        None => format!("/static/{name}"),
    }
}

/// Whether there is such a file: a test asks it of every name a template uses.
pub fn exists(name: &str) -> bool {
    ASSETS.by_name.contains_key(name)
}

/// Answers `GET /static/…`.
///
/// # Errors
/// No such file (404).
pub async fn serve_asset(
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, HumanError> {
    let path = path.into_inner();
    let hashed = ASSETS.by_hashed.get(&path);
    let asset = hashed
        .or_else(|| ASSETS.by_name.get(&path))
        .and_then(|index| ASSETS.list.get(*index))
        .ok_or_else(Problem::not_found)?;
    let caching = if hashed.is_some() { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    if known.is_some_and(|tags| tags.contains(&asset.etag)) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, asset.etag.as_str()))
            .insert_header((header::CACHE_CONTROL, caching))
            .finish());
    }
    let file = Files::get(&asset.name).ok_or_else(Problem::not_found)?;
    let body: web::Bytes = match file.data {
        std::borrow::Cow::Borrowed(bytes) => web::Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    };
    Ok(HttpResponse::Ok()
        .content_type(content_type(file.metadata.mimetype()))
        .insert_header((header::ETAG, asset.etag.as_str()))
        .insert_header((header::CACHE_CONTROL, caching))
        .body(body))
}

fn content_type(mime: &str) -> String {
    if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_a_hash() {
        let address = url("css/base.css");
        let hash = address
            .strip_prefix("/static/css/base.")
            .and_then(|rest| rest.strip_suffix(".css"))
            .unwrap();
        assert_eq!(hash.len(), 12, "{address}");
        assert_eq!(url("no/such.css"), "/static/no/such.css");
    }

    /// Every `assets::url("…")` in a template names a file, and every `icon("…")` a symbol.
    #[test]
    fn templates_name_files_and_icons_that_exist() {
        let icons = std::fs::read_to_string("static/icons.svg").unwrap();
        let mut folders = vec![std::path::PathBuf::from("templates")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for (_, rest) in
                    text.match_indices("assets::url(\"").map(|(at, m)| text.split_at(at + m.len()))
                {
                    let name = rest.split('"').next().unwrap();
                    assert!(exists(name), "{}: {name}", path.display());
                }
                for (_, rest) in
                    text.match_indices("icon(\"").map(|(at, m)| text.split_at(at + m.len()))
                {
                    let name = rest.split('"').next().unwrap();
                    assert!(
                        icons.contains(&format!("id=\"{name}\"")),
                        "{}: {name}",
                        path.display()
                    );
                }
            }
        }
    }
}
