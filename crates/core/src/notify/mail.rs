//! A message as a mail: plain text, and the same as simple HTML.

use super::letter::{Letter, cut_end};

/// The most characters of a subject.
const SUBJECT: usize = 150;

/// The subject: one line.
pub fn subject(letter: &Letter) -> String {
    let line: String = letter.title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut_end(line.trim(), SUBJECT)
}

/// The plain text.
pub fn text_body(letter: &Letter) -> String {
    let mut text = format!("{}\n", letter.title);
    let mut paragraph = |lines: &str| {
        if !lines.is_empty() {
            text.push('\n');
            text.push_str(lines.trim_end());
            text.push('\n');
        }
    };
    paragraph(&letter.intro);
    for part in &letter.parts {
        let mut lines = Vec::new();
        if !part.title.is_empty() {
            lines.push(part.title.clone());
        }
        if !part.error.is_empty() {
            lines.push(part.error.clone());
        }
        lines.extend(part.facts.iter().map(|(label, value)| format!("{label}: {value}")));
        lines.extend(part.output.lines().map(|line| format!("  | {line}")));
        lines.extend(part.links.iter().map(|(words, href)| format!("{words}: {href}")));
        paragraph(&lines.join("\n"));
    }
    paragraph(&letter.more);
    if !letter.footer.is_empty() {
        paragraph(&format!("-- \n{}", letter.footer));
    }
    text
}

/// The HTML: no style sheet, no picture, nothing that is fetched.
pub fn html_body(letter: &Letter) -> String {
    let mut html = format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"></head><body><h2>{}</h2>",
        escape(&letter.title)
    );
    let paragraph = |text: &str| element("p", text);
    html.push_str(&paragraph(&letter.intro));
    for part in &letter.parts {
        html.push_str(&element("h3", &part.title));
        html.push_str(&paragraph(&part.error));
        let rows = part.facts.iter().map(|(label, value)| {
            format!("<tr><th align=\"left\">{}</th>{}</tr>", escape(label), element("td", value))
        });
        if !part.facts.is_empty() {
            html.extend(["<table>", &rows.collect::<String>(), "</table>"]);
        }
        html.push_str(&element("pre", &part.output));
        let links: Vec<String> = part
            .links
            .iter()
            .filter(|(_, href)| href.starts_with("https://") || href.starts_with("http://"))
            .map(|(words, href)| format!("<a href=\"{}\">{}</a>", escape(href), escape(words)))
            .collect();
        if !links.is_empty() {
            html.extend(["<p>", &links.join(" · "), "</p>"]);
        }
    }
    html.push_str(&paragraph(&letter.more));
    html.push_str(&paragraph(&letter.footer));
    html.push_str("</body></html>");
    html
}

/// An element with a text; nothing without one.
fn element(name: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<{name}>{}</{name}>", escape(text)) }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::letter::Part;
    use super::super::wording::Tone;
    use super::*;

    fn hostile() -> Letter {
        let bad = "</pre><script>alert('&\"')</script>".to_owned();
        Letter {
            tone: Tone::Bad,
            title: format!("a\r\nBcc: x@example.com{bad}"),
            intro: bad.clone(),
            parts: vec![Part {
                title: bad.clone(),
                error: bad.clone(),
                facts: vec![(bad.clone(), bad.clone())],
                output: bad.clone(),
                links: vec![
                    (bad.clone(), format!("https://x/{bad}")),
                    ("odd".to_owned(), "javascript:alert(1)".to_owned()),
                ],
            }],
            more: bad.clone(),
            footer: bad,
        }
    }

    #[test]
    fn data_marks_nothing_up_and_a_subject_is_one_line() {
        let html = html_body(&hostile());
        assert!(!html.contains("<script") && !html.contains("javascript:"), "{html}");
        assert_eq!(html.matches("<pre>").count(), 1);
        assert_eq!(html.matches("</pre>").count(), 1);
        let subject = subject(&hostile());
        assert!(!subject.contains(['\r', '\n']) && subject.starts_with("a  Bcc:"), "{subject}");
        assert_eq!(
            super::subject(&Letter { title: "二".repeat(500), ..hostile() }).chars().count(),
            150
        );
    }

    #[test]
    fn the_plain_text_has_all_of_it() {
        let letter = Letter {
            tone: Tone::Bad,
            title: "“deploy” failed".to_owned(),
            intro: String::new(),
            parts: vec![Part {
                title: "deploy: 修复".to_owned(),
                error: "It ended with exit code 1.".to_owned(),
                facts: vec![("Ref".to_owned(), "main".to_owned())],
                output: "one\ntwo".to_owned(),
                links: vec![("Open job".to_owned(), "https://s/1/".to_owned())],
            }],
            more: String::new(),
            footer: "Signalbox".to_owned(),
        };
        assert_eq!(
            text_body(&letter),
            "“deploy” failed\n\ndeploy: 修复\nIt ended with exit code 1.\nRef: main\n  | one\n  | two\n\
             Open job: https://s/1/\n\n-- \nSignalbox\n"
        );
    }
}
