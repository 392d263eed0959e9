//! A document of `docs/` as HTML: headings that can be linked to, links between documents as they
//! are in the panel, and nothing that its policy forbids. What is not here is left out: pictures, and
//! links to files of the source.

use askama::filters::Safe;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use std::collections::HashMap;

/// A document.
pub struct Document {
    /// Its first heading.
    pub title: String,
    /// All after that: made here of our own text, each piece of it escaped.
    pub html: Safe<String>,
    /// The anchor and the words of each of its parts.
    pub contents: Vec<(String, String)>,
    anchors: HashMap<String, usize>,
}

impl Document {
    /// Whether there is a heading with this anchor.
    #[cfg(test)]
    pub fn has_anchor(&self, anchor: &str) -> bool {
        self.anchors.contains_key(anchor)
    }

    /// The anchor of a heading, as GitLab and GitHub make it; unlike those before it.
    fn take_anchor(&mut self, heading: &str) -> String {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        let plain = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let before = self.anchors.entry(plain.clone()).or_default();
        let anchor = if *before == 0 { plain } else { format!("{plain}-{before}") };
        *before += 1;
        self.anchors.entry(anchor.clone()).or_insert(1);
        anchor
    }
}

/// Renders a document. `address` says where a file of `docs/` is in the panel, if it is.
pub fn render_document(text: &str, address: impl Fn(&str) -> Option<String>) -> Document {
    let mut document = Document {
        title: String::new(),
        html: Safe(String::new()),
        contents: Vec::new(),
        anchors: HashMap::new(),
    };
    let mut events = Vec::new();
    let mut parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    let mut is_linked = false;
    while let Some(event) = parser.next() {
        match event {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let inner: Vec<_> = parser
                    .by_ref()
                    .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                    .collect();
                let words = plain_words(&inner);
                if level == HeadingLevel::H1 {
                    document.title = words;
                    continue;
                }
                let anchor = document.take_anchor(&words);
                if level == HeadingLevel::H2 {
                    document.contents.push((anchor.clone(), words));
                }
                let id = Some(CowStr::from(anchor));
                events.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
                events.extend(inner);
                events.push(Event::End(TagEnd::Heading(level)));
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let found = link_address(&dest_url, &address);
                is_linked = found.is_some();
                events.extend(found.map(|found| {
                    let dest_url = CowStr::from(found);
                    Event::Start(Tag::Link { link_type, dest_url, title, id })
                }));
            }
            Event::End(TagEnd::Link) if !is_linked => {}
            Event::Start(Tag::Image { .. }) => {
                parser.by_ref().find(|event| matches!(event, Event::End(TagEnd::Image)));
            }
            // Comments are for whoever writes; there is no other markup in our documents.
            Event::Html(text) | Event::InlineHtml(text) => {
                if !text.starts_with("<!--") {
                    events.push(Event::Text(text));
                }
            }
            event => events.push(event),
        }
    }
    html::push_html(&mut document.html.0, events.into_iter());
    // The policy of our pages allows no style inside of them.
    let html = std::mem::take(&mut document.html.0);
    document.html.0 = html
        .replace(" style=\"text-align: right\"", " class=\"number\"")
        .replace(" style=\"text-align: left\"", "")
        .replace(" style=\"text-align: center\"", "");
    document
}

fn plain_words(events: &[Event]) -> String {
    let words = events.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    words.collect()
}

/// Where a link leads in the panel; none = its words stand alone.
fn link_address(dest: &str, address: impl Fn(&str) -> Option<String>) -> Option<String> {
    if dest.starts_with("https://") || dest.starts_with('#') {
        return Some(dest.to_owned());
    }
    match dest.split_once('#') {
        Some((file, anchor)) => Some(format!("{}#{anchor}", address(file)?)),
        None => address(dest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_page_of_the_panel() {
        let text = "# The *title*\n<!-- note -->\n## What `it` is\n[a](b.md#c) [d](../d.rs) \
                    [e](https://e.example) [f](#g)\n\n![picture](x.png)\n\n## What it is\n<b>x</b>\n\n\
                    |n|\n|-:|\n|1|\n";
        let document =
            render_document(text, |file| (file == "b.md").then(|| "/admin/docs/b/".to_owned()));
        assert_eq!(document.title, "The title");
        let anchors: Vec<_> = document.contents.iter().map(|(anchor, _)| anchor.as_str()).collect();
        assert_eq!(anchors, ["what-it-is", "what-it-is-1"]);
        let html = document.html.0;
        for part in [
            "<h2 id=\"what-it-is\">What <code>it</code> is</h2>",
            "<a href=\"/admin/docs/b/#c\">a</a> d <a href=\"https://e.example\">e</a> <a href=\"#g\">f</a>",
            "&lt;b&gt;x&lt;/b&gt;",
            "<td class=\"number\">1</td>",
        ] {
            assert!(html.contains(part), "{part}:\n{html}");
        }
        assert!(!html.contains("note") && !html.contains("picture"), "{html}");
    }
}
