//! The documentation, as pages of the panel: the files of `docs/` that people who use or run
//! Signalbox read, as this very version has them.

mod render;

use super::context::AdminContext;
use super::kit::frame::Frame;
use crate::web::filters;
use crate::web::human::{self, HumanError};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use render::Document;
use signalbox_i18n::{Locale, current_locale, say, t};
use std::sync::LazyLock;

/// A file of `docs/`.
struct Source {
    /// Its name in addresses.
    name: &'static str,
    /// Its name in `docs/`, by which others link to it.
    file: &'static str,
    /// Its first heading.
    title: &'static str,
    /// What it is about, in a line.
    about: &'static str,
    text: &'static str,
}

macro_rules! source {
    ($name:literal, $file:literal, $title:literal, $about:literal) => {
        Source {
            name: $name,
            file: $file,
            title: $title,
            about: $about,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/", $file)),
        }
    };
}

/// The documents, in the order in which they are listed.
static SOURCES: [Source; 11] = [
    source!(
        "panel",
        "panel.md",
        "The panel",
        "Lists, forms, jobs, replays, people and keys: what each page does."
    ),
    source!(
        "gitlab",
        "gitlab.md",
        "GitLab and Signalbox",
        "Set up a webhook in GitLab, and find out why nothing ran."
    ),
    source!(
        "gitlab-connection",
        "gitlab-connection.md",
        "A connection to GitLab",
        "With an access token, Signalbox adds webhooks in GitLab and keeps them in order."
    ),
    source!(
        "matching",
        "matching.md",
        "What matches, and what runs",
        "Which webhooks an event matches: fields, secrets, filters, conditions."
    ),
    source!(
        "actions",
        "actions.md",
        "Actions",
        "Files that say what may run: commands, HTTP calls, containers."
    ),
    source!(
        "notifications",
        "notifications.md",
        "Notifications",
        "Who gets messages about failures, by mail, in a chat or by a call, and when."
    ),
    source!(
        "operations",
        "operations.md",
        "Operations",
        "Install, back up, upgrade, and what to do when something is wrong."
    ),
    source!(
        "reliability",
        "reliability.md",
        "Reliability",
        "What survives a crash, and how that is tested."
    ),
    source!("metrics", "metrics.md", "Metrics", "The numbers at /metrics."),
    source!("logging", "LOGGING.md", "Logging", "Log messages, and what to do about each."),
    source!("glossary", "GLOSSARY.md", "Glossary", "The words that pages and documents use."),
];

static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let address = |file: &str| {
        SOURCES.iter().find(|source| source.file == file).map(|source| urls::document(source.name))
    };
    SOURCES.iter().map(|source| render::render_document(source.text, address)).collect()
});

fn documents() -> impl Iterator<Item = (&'static Source, &'static Document)> {
    SOURCES.iter().zip(DOCUMENTS.iter())
}

/// Words and address of the documentation and of each of its documents.
pub fn document_links() -> impl Iterator<Item = (String, String)> {
    let all = (t("Documentation").to_owned(), urls::docs().to_owned());
    let of_source = |source: &Source| {
        let title = say!("Documentation: {title}", title = t(source.title));
        (title, urls::document(source.name))
    };
    std::iter::once(all).chain(SOURCES.iter().map(of_source))
}

/// The list of the documents.
#[derive(Template)]
#[template(path = "admin/docs/index.html")]
pub struct DocsPage {
    frame: Frame,
}

/// A document.
#[derive(Template)]
#[template(path = "admin/docs/document.html")]
pub struct DocumentPage {
    frame: Frame,
    document: &'static Document,
}

/// Whether the reader reads another language than the documents are in.
fn is_foreign() -> bool {
    current_locale() != Locale::English
}

/// `GET /admin/docs/`
///
/// # Errors
/// None of its own.
pub async fn show_docs(context: AdminContext) -> Result<HttpResponse, HumanError> {
    human::render_page(&DocsPage { frame: context.new_frame(t("Documentation")) })
}

/// `GET /admin/docs/{id}/`
///
/// # Errors
/// There is no such document (404).
pub async fn show_document(context: AdminContext) -> Result<HttpResponse, HumanError> {
    let name = context.segment("id");
    let found = documents().find(|(source, _)| source.name == name);
    let (source, document) =
        found.ok_or_else(|| Problem::not_found().with_link(t("All documents"), urls::docs()))?;
    let frame = context.new_frame(t(source.title)).with_crumb(t("Documentation"), urls::docs());
    human::render_page(&DocumentPage { frame, document })
}

#[cfg(test)]
pub(super) fn sample_pages() -> (Vec<DocsPage>, Vec<DocumentPage>) {
    let frame = crate::web::admin::context::sample_frame;
    let page = |(source, document): (&Source, &'static Document)| DocumentPage {
        frame: frame(source.title),
        document,
    };
    (vec![DocsPage { frame: frame("Documentation") }], documents().map(page).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::admin::help;
    use crate::web::admin::help::of_webhook::{ACTION, FILTERS, MATCH, SECURITY};
    use crate::web::admin::kit::route::Access;
    use crate::web::admin::routes::route_rows;
    use actix_web::http::Method;
    use scraper::{Html, Selector};

    /// Whether an address of the documentation, with its anchor, leads somewhere.
    fn exists(address: &str) -> bool {
        let (path, anchor) = address.split_once('#').unwrap_or((address, ""));
        path == urls::docs()
            || documents().any(|(source, document)| {
                path == urls::document(source.name)
                    && (anchor.is_empty() || document.has_anchor(anchor))
            })
    }

    #[test]
    fn every_link_of_every_document_leads_somewhere() {
        let mut inner = 0;
        for (source, document) in documents() {
            assert_eq!(document.title, source.title);
            assert!(document.contents.iter().all(|(anchor, _)| document.has_anchor(anchor)));
            let page = Html::parse_fragment(&document.html.0);
            for link in page.select(&Selector::parse("a").unwrap()) {
                let href = link.attr("href").unwrap();
                if href.starts_with("https://") {
                    continue;
                }
                let whole = format!("{}{href}", urls::document(source.name));
                let address = if href.starts_with('#') { &whole } else { href };
                assert!(exists(address), "{}: {href}", source.file);
                inner += 1;
            }
            let found = |css: &str| page.select(&Selector::parse(css).unwrap()).count();
            assert_eq!(found("[style], script, img, h1, link, iframe"), 0, "{}", source.file);
        }
        assert!(inner > 10, "{inner}");
        assert!(!exists("/admin/docs/panel/#nothing") && !exists("/admin/docs/kit/"));
    }

    #[test]
    fn every_page_has_a_section_that_helps() {
        let mut sections = std::collections::BTreeSet::new();
        for row in route_rows() {
            if row.method != Method::GET || row.access == Access::Public {
                continue;
            }
            let help = help::help_for(&row.address.replace(urls::ID, "7"));
            assert!(exists(&help), "{}: {help}", row.address);
            sections.insert(help);
        }
        assert!(sections.len() > 12, "{sections:?}");
        for section in [MATCH, SECURITY, FILTERS, ACTION] {
            assert!(exists(&help::section_url(section)), "{section:?}");
        }
    }
}
