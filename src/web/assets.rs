//! The static files, embedded in the binary.
//!
//! Each is served under a name that carries its hash (`/static/css/base.1a2b3c4d5e6f.css`), so
//! that browsers may keep it for ever; [`url()`] gives that name. The plain name works too, and is
//! asked for anew each time. Scripts import each other by their plain names, in whose place the
//! hashed ones are served. What packing makes smaller is packed once, as small as it gets.

use super::human::HumanError;
use super::problem::Problem;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header};
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use signalbox_core::idempotency::to_hex;
use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

struct Asset {
    hashed: String,
    etag: String,
    content_type: String,
    body: web::Bytes,
    /// The same packed, if that is smaller.
    packed: Option<web::Bytes>,
}

#[derive(Default)]
struct Assets {
    by_name: HashMap<String, Asset>,
    names_by_hashed: HashMap<String, String>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut assets = Assets::default();
    let mut waiting: Vec<String> = Files::iter().map(|name| name.to_string()).collect();
    // What is imported comes before what imports it.
    while let Some(at) = waiting.iter().position(|name| !imports_any(name, &waiting)) {
        assets.add_file(waiting.swap_remove(at));
    }
    assert!(waiting.is_empty(), "scripts import each other in a circle: {waiting:?}");
    assets
});

/// How a script names one that lies beside it.
fn import_path(name: &str) -> Option<String> {
    Some(format!("\"./{}\"", name.strip_prefix("js/")?))
}

fn imports_any(name: &str, others: &[String]) -> bool {
    let Some(file) = Files::get(name).filter(|_| name.starts_with("js/")) else { return false };
    let text = String::from_utf8_lossy(&file.data);
    others.iter().filter_map(|other| import_path(other)).any(|path| text.contains(&path))
}

impl Assets {
    fn add_file(&mut self, name: String) {
        let Some(file) = Files::get(&name) else { return };
        let mut body = file.data.into_owned();
        if name.starts_with("js/") {
            let mut text = String::from_utf8_lossy(&body).into_owned();
            for (other, asset) in &self.by_name {
                if let (Some(plain), Some(hashed)) =
                    (import_path(other), import_path(&asset.hashed))
                {
                    text = text.replace(&plain, &hashed);
                }
            }
            body = text.into_bytes();
        }
        let hash: String = to_hex(&Sha256::digest(&body)).chars().take(12).collect();
        let hashed = match name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
            None => format!("{name}.{hash}"),
        };
        let asset = Asset {
            hashed: hashed.clone(),
            etag: format!("\"{hash}\""),
            content_type: content_type(file.metadata.mimetype()),
            packed: pack(&body).filter(|packed| packed.len() < body.len()).map(web::Bytes::from),
            body: body.into(),
        };
        self.names_by_hashed.insert(hashed, name.clone());
        self.by_name.insert(name, asset);
    }
}

fn pack(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// The address of a static file, by its name below `static/`: `url("css/base.css")`.
pub fn url(name: &str) -> String {
    let known = ASSETS.by_name.get(name).map_or(name, |asset| asset.hashed.as_str());
    format!("/static/{known}")
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
    let by_hash = ASSETS.names_by_hashed.get(&path);
    let asset = ASSETS.by_name.get(by_hash.unwrap_or(&path)).ok_or_else(Problem::not_found)?;
    let caching = match by_hash {
        Some(_) => "public, max-age=31536000, immutable",
        None => "no-cache",
    };
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    let is_known = known.is_some_and(|tags| tags.contains(&asset.etag));
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((header::ETAG, asset.etag.as_str()))
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::VARY, "accept-encoding"));
    if is_known {
        return Ok(answer.finish());
    }
    answer.content_type(asset.content_type.as_str());
    Ok(match asset.packed.as_ref().filter(|_| takes_packed(&request)) {
        Some(packed) => answer.insert_header(header::ContentEncoding::Gzip).body(packed.clone()),
        None => answer.body(asset.body.clone()),
    })
}

fn takes_packed(request: &HttpRequest) -> bool {
    let offered = [Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(request).ok();
    accepted.and_then(|accepted| accepted.negotiate(offered.iter())) == Some(Encoding::gzip())
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

    #[test]
    fn scripts_import_each_other_by_names_that_carry_a_hash() {
        let panel = &ASSETS.by_name["js/panel.js"];
        let text = std::str::from_utf8(&panel.body).unwrap();
        let page = url("js/page.js").replace("/static/js/", "./");
        assert!(text.contains(&format!("from \"{page}\"")), "{page} in {text}");
        assert!(!text.contains("./page.js"));
    }

    fn templates() -> Vec<(String, String)> {
        let mut folders = vec![std::path::PathBuf::from("templates")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    found.push((path.to_str().unwrap().replace("templates/", ""), text));
                }
            }
        }
        found
    }

    /// What stands between `before` and the next quotation mark, wherever it does.
    fn quoted<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
        let parts = text.split(before).skip(1);
        parts.map(|rest| rest.split('"').next().unwrap()).collect()
    }

    /// Every `assets::url("…")` in a template names a file, and every `icon("…")` a symbol.
    #[test]
    fn templates_name_files_and_icons_that_exist() {
        let icons = std::fs::read_to_string("static/icons.svg").unwrap();
        for (path, text) in templates() {
            for name in quoted(&text, "assets::url(\"") {
                assert!(exists(name), "{path}: {name}");
            }
            for name in quoted(&text, "icon(\"") {
                assert!(icons.contains(&format!("id=\"{name}\"")), "{path}: {name}");
            }
        }
    }

    /// What a script looks for on a page, that page loads the script for; and no other page does.
    #[test]
    fn a_page_loads_the_scripts_of_its_parts_and_no_other() {
        let templates: HashMap<String, String> = templates().into_iter().collect();
        let whole = |page: &str| {
            let (mut texts, mut names) = (String::new(), vec![page.to_owned()]);
            while let Some(name) = names.pop() {
                let text = &templates[&name];
                texts.push_str(text);
                names.extend(quoted(text, "{% include \"").into_iter().map(str::to_owned));
            }
            texts
        };
        let pages = templates.iter().filter(|(_, text)| text.contains("extends \""));
        let parts: [(&str, &[&str]); 3] = [
            ("js/list.js", &["data-select", "data-live-list", "data-ticks"]),
            ("js/live.js", &["data-poll", "data-events", "data-end", "data-follow"]),
            ("js/form.js", &["data-warn-unsaved", "data-file-into"]),
        ];
        for (page, text) in pages {
            let whole = whole(page);
            for (script, marks) in parts {
                let needs = marks.iter().any(|mark| whole.contains(mark));
                assert_eq!(
                    text.contains(&format!("assets::url(\"{script}\")")),
                    needs,
                    "{script} on {page}"
                );
            }
        }
    }
}
