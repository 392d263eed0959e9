//! Every page in every state once more, in Chinese: what stays English in it was forgotten.
//! Data is not translated: it stands in `<code>`, `<pre>`, `<time>` or under `translate="no"`,
//! or is known here.

use super::{LONG, ODD};
use crate::i18n::{Locale, say_in};
use regex::Regex;
use scraper::{ElementRef, Html, Node};
use std::collections::BTreeSet;

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
];

/// What a page still says in English.
fn english(html: &str) -> BTreeSet<String> {
    let document = Html::parse_document(html);
    let mut left = BTreeSet::new();
    for node in document.tree.nodes() {
        match node.value() {
            Node::Text(text) => {
                let data = node.ancestors().filter_map(ElementRef::wrap).any(|element| {
                    DATA.contains(&element.value().name())
                        || element.attr("translate") == Some("no")
                });
                if !data && has_english(text) {
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
fn has_english(text: &str) -> bool {
    let data = Regex::new(r"<b>.*?</b>|\{\w+\}|“[^”]*”").unwrap();
    let text = text.replace(ODD, "").replace(LONG, "");
    let text = data.replace_all(&text, "");
    let word = Regex::new(r"[A-Za-z0-9_./:@-]*[A-Za-z]{2,}[A-Za-z0-9_./:@-]*").unwrap();
    let is_english = |found: &str| {
        let plain = found.chars().all(|letter| letter.is_ascii_alphabetic());
        plain && !KNOWN.contains(&found)
    };
    let words = word.find_iter(&text).map(|found| found.as_str().trim_matches(['.', ':', '-']));
    let words = words.filter(|found| is_english(found)).count();
    let chinese = text.chars().filter(|letter| ('\u{4e00}'..='\u{9fff}').contains(letter)).count();
    words > 0 && chinese < 4 * words && !text.starts_with("例如：branch")
}

/// Fails with all that is left of English in these pages.
pub fn assert_chinese(samples: impl FnOnce() -> Vec<(String, String)>) {
    let samples = say_in(Locale::SimplifiedChinese, samples);
    assert!(!samples.is_empty());
    let mut faults = Vec::new();
    for (name, html) in samples {
        assert!(html.contains("lang=\"zh-Hans\""), "{name}");
        faults.extend(english(&html).into_iter().map(|text| format!("{name}: {text}")));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn what_is_english_is_found() {
    let page =
        "<p title='登录'>共 3 个 jobs</p><p>GitLab <code>push</code></p><i aria-label='Menu'></i>";
    assert_eq!(english(page).into_iter().collect::<Vec<_>>(), ["Menu", "共 3 个 jobs"]);
}
