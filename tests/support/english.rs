//! What a page in another language still says in English. Data is not translated: it stands in
//! `<code>`, `<pre>`, `<time>` or under `translate="no"`, or is known here; what says of itself that it
//! is English may be. The samples of pages
//! (`web::admin::samples::chinese`) use this file too.

use regex::Regex;
use scraper::{ElementRef, Html, Node};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What stands in quotes or is marked up by a sample.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"<b>.*?</b>|\{\w+\}|“[^”]*”|"(?:[^"\\]|\\.)*""#).unwrap());
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9_./:@-]*[A-Za-z]{2,}[A-Za-z0-9_./:@-]*").unwrap());

/// Elements whose text is data or code.
const DATA: [&str; 9] =
    ["code", "pre", "kbd", "time", "script", "noscript", "output", "option", "textarea"];

/// Attributes that people read or hear.
const SPOKEN: [&str; 5] = ["aria-label", "title", "placeholder", "alt", "data-label"];

/// Names that are the same in every language, and what the samples hold.
const KNOWN: &[&str] = &[
    "Signalbox",
    "GitLab",
    "Gitlab",
    "JSON",
    "YAML",
    "CSV",
    "HTTP",
    "HTTPS",
    "URL",
    "UTC",
    "ID",
    "SHA",
    "SSH",
    "Ctrl",
    "Esc",
    "Enter",
    "English",
    "PostgreSQL",
    "Docker",
    "CPU",
    "KiB",
    "MiB",
    "IP",
    "curl",
    "Webhook",
    "Webhooks",
    "Hook",
    "Push",
    "Test",
    "Token",
    "Cookie",
    "TOML",
    "Firefox",
    "Linux",
    "ada",
    "diaspora",
    "push",
    "long",
    "SSL",
    "build",
    "issue",
    "note",
    "pipeline",
    "release",
    "gone",
    "Slack",
    "Mattermost",
    "Rocket.Chat",
    "Microsoft",
    "Teams",
    "Discord",
    "Standard",
];

/// What a page still says in English; `data` are names and the like that it holds.
pub fn english(html: &str, data: &[&str]) -> BTreeSet<String> {
    let has_english = |text: &str| has_english(text, data);
    let document = Html::parse_document(html);
    let mut left = BTreeSet::new();
    for node in document.tree.nodes() {
        match node.value() {
            Node::Text(text) => {
                let is_data = node.ancestors().filter_map(ElementRef::wrap).any(|element| {
                    DATA.contains(&element.value().name())
                        || element.attr("translate") == Some("no")
                        || (element.value().name() != "html" && element.attr("lang") == Some("en"))
                });
                if !is_data && has_english(text) {
                    left.insert(text.trim().to_owned());
                }
            }
            Node::Element(element) => {
                let spoken = SPOKEN.iter().filter_map(|name| element.attr(name));
                left.extend(spoken.filter(|text| has_english(text)).map(str::to_owned));
            }
            _ => {}
        }
    }
    left
}

/// Whether words are left that are neither known nor a few terms in a Chinese sentence.
fn has_english(text: &str, data: &[&str]) -> bool {
    let text = data.iter().fold(text.to_owned(), |text, data| text.replace(data, ""));
    let text = QUOTED.replace_all(&text, "");
    let is_english = |found: &str| {
        let plain = found.chars().all(|letter| letter.is_ascii_alphabetic());
        plain && !KNOWN.contains(&found)
    };
    let words = WORD.find_iter(&text).map(|found| found.as_str().trim_matches(['.', ':', '-']));
    let words = words.filter(|found| is_english(found)).count();
    let chinese = text.chars().filter(|letter| ('\u{4e00}'..='\u{9fff}').contains(letter)).count();
    words > 0 && chinese < 4 * words && !text.starts_with("例如：branch")
}
