//! Texts that were made in English before anybody asked for another language: the reason of a
//! delivery and the error of an attempt, which the database holds, and the faults that rules name.
//! They are recognised by the patterns they were made with, and said anew.
//!
//! The patterns are those of `locales/<language>/told/*.po`: literals of `format!` as they stand
//! in the sources. A gap `{name:?}` holds something in quotes, which is never translated, `{n}` a
//! number; any other gap may hold a text that is itself recognised.
//!
//! What is not recognised (an operating system's words, a server's) stays as it is.

use regex::Regex;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::OnceLock;

/// How deep texts in texts are looked for.
const MAX_DEPTH: usize = 5;
/// How many texts in one text are looked at: an unlucky text must not cost a page its time.
const MAX_LOOKS: u32 = 60;
/// Longer texts are not ours: they hold what somebody else said.
const MAX_BYTES: usize = 2_000;

/// How much may still be looked at.
#[derive(Clone, Copy)]
struct Left<'l> {
    depth: usize,
    looks: &'l Cell<u32>,
}

impl Left<'_> {
    /// For a text inside.
    fn inside(self) -> Option<Self> {
        let looks = self.looks.get().checked_sub(1)?;
        self.looks.set(looks);
        Some(Self { depth: self.depth.checked_sub(1)?, ..self })
    }
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Gap { name: String, quoted: bool },
}

/// Whether this stands in braces for a value: a name, and how the value is written.
fn is_gap(inside: &str) -> bool {
    let name = inside.split(':').next().unwrap_or_default();
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// The pieces of a pattern of `format!`.
fn parts(pattern: &str) -> Vec<Part> {
    let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), pattern);
    while let Some(next) = rest.chars().next() {
        let behind = rest.get(next.len_utf8()..).unwrap_or_default();
        let twice = behind.starts_with(next);
        match (next, behind.split_once('}')) {
            ('{' | '}', _) if twice => {
                text.push(next);
                rest = behind.get(1..).unwrap_or_default();
            }
            ('{', Some((gap, after))) if is_gap(gap) => {
                let (name, form) = gap.split_once(':').unwrap_or((gap, ""));
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Gap { name: name.to_owned(), quoted: form.contains('?') });
                rest = after;
            }
            _ => {
                text.push(next);
                rest = behind;
            }
        }
    }
    parts.push(Part::Text(text));
    parts.retain(|part| *part != Part::Text(String::new()));
    parts
}

/// One pattern and how it is said.
struct Known {
    pattern: Vec<Part>,
    said: Vec<Part>,
    regex: OnceLock<Option<Regex>>,
}

impl Known {
    fn literals(&self) -> impl Iterator<Item = &str> {
        self.pattern.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Gap { .. } => None,
        })
    }

    /// How much of it is not gaps: of two that fit, the one with more is meant.
    fn weight(&self) -> usize {
        self.literals().map(str::len).sum()
    }

    fn regex(&self) -> Option<&Regex> {
        let build = || {
            let mut source = String::from("(?s)^");
            for part in &self.pattern {
                match part {
                    Part::Text(text) => source.push_str(&regex::escape(text)),
                    Part::Gap { quoted: true, .. } => {
                        source.push_str(r#"("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)+')"#);
                    }
                    Part::Gap { name, .. } if name == "n" => source.push_str("([0-9.,]+)"),
                    Part::Gap { .. } => source.push_str("(.*?)"),
                }
            }
            source.push('$');
            Regex::new(&source).ok()
        };
        self.regex.get_or_init(build).as_ref()
    }

    /// What the text holds in the gaps; `None` if it was not made with this pattern.
    fn values<'t>(&self, text: &'t str) -> Option<Vec<(&str, bool, &'t str)>> {
        if !self.literals().all(|literal| text.contains(literal)) {
            return None;
        }
        let found = self.regex()?.captures(text)?;
        let gaps = self.pattern.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Gap { name, quoted } => Some((name.as_str(), *quoted)),
        });
        let held = found.iter().skip(1).map(|held| held.map_or("", |held| held.as_str()));
        Some(gaps.zip(held).map(|((name, quoted), held)| (name, quoted, held)).collect())
    }
}

/// All patterns of a language.
pub struct Patterns {
    whole: HashMap<String, String>,
    with_gaps: Vec<Known>,
}

impl Patterns {
    /// Of texts and how they are said.
    pub fn of(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let (mut whole, mut with_gaps) = (HashMap::new(), Vec::new());
        for (text, said) in texts {
            let pattern = parts(&text);
            if pattern.iter().any(|part| matches!(part, Part::Gap { .. })) {
                with_gaps.push(Known { pattern, said: parts(&said), regex: OnceLock::new() });
            } else {
                whole.insert(text, said);
            }
        }
        with_gaps.sort_by_key(|known| std::cmp::Reverse(known.weight()));
        Self { whole, with_gaps }
    }

    /// The text in this language; `None` if it is none of ours.
    pub fn say(&self, text: &str) -> Option<String> {
        let looks = Cell::new(MAX_LOOKS);
        self.recognise(text, Left { depth: MAX_DEPTH, looks: &looks })
    }

    fn recognise(&self, text: &str, left: Left<'_>) -> Option<String> {
        let left = left.inside()?;
        if text.is_empty() || text.len() > MAX_BYTES {
            return None;
        }
        if let Some(said) = self.whole.get(text) {
            return Some(said.clone());
        }
        for known in &self.with_gaps {
            if let Some(values) = known.values(text) {
                return Some(self.fill(&known.said, &values, left));
            }
        }
        if text.starts_with('"') {
            return None;
        }
        self.sentences(text, left)
            .or_else(|| self.after_a_name(text, left))
            .or_else(|| self.list(text, left))
    }

    fn fill(&self, said: &[Part], values: &[(&str, bool, &str)], left: Left<'_>) -> String {
        let piece = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Gap { name, .. } => {
                let found = values.iter().find(|(known, _, _)| known == name);
                let &(_, quoted, held) = found.unwrap_or(&("", true, ""));
                let said = if quoted { None } else { self.recognise(held, left) };
                said.unwrap_or_else(|| held.to_owned())
            }
        };
        said.iter().map(piece).collect()
    }

    /// Several sentences, one after the other, all of them ours.
    fn sentences(&self, text: &str, left: Left<'_>) -> Option<String> {
        let ends = text.match_indices(". ").map(|(at, _)| at + 1);
        ends.filter_map(|end| text.split_at_checked(end)).find_map(|(first, rest)| {
            let first = self.recognise(first, left)?;
            Some(first + &self.recognise(rest.trim_start(), left)?)
        })
    }

    /// `name: what is wrong with it`.
    fn after_a_name(&self, text: &str, left: Left<'_>) -> Option<String> {
        text.match_indices(": ").find_map(|(at, colon)| {
            let (name, rest) = (text.get(..at)?, text.get(at + colon.len()..)?);
            let rest = self.recognise(rest, left)?;
            let name = self.recognise(name, left).unwrap_or_else(|| name.to_owned());
            Some(format!("{name}：{rest}"))
        })
    }

    /// `this, that`: all of it ours.
    fn list(&self, text: &str, left: Left<'_>) -> Option<String> {
        let parts: Vec<&str> = text.split(", ").collect();
        let said = parts.iter().map(|part| self.recognise(part, left));
        let said = if parts.len() > 1 { said.collect::<Option<Vec<_>>>() } else { None };
        said.map(|said| said.join("、"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns() -> Patterns {
        let texts = [
            ("{name:?} holds {{{count}}}: {why}", "{name:?} 有 {{{count}}}：{why}"),
            ("No {what}.", "没有{what}。"),
            ("too {size}", "太{size}"),
            ("a queue that stands", "停住的队列"),
        ];
        Patterns::of(texts.map(|(text, said)| (text.to_owned(), said.to_owned())))
    }

    #[test]
    fn a_text_is_recognised_by_its_pattern_and_so_are_texts_in_it() {
        let patterns = patterns();
        let say = |text: &str| patterns.say(text);
        assert_eq!(say("\"a\" holds {3}: b").unwrap(), "\"a\" 有 {3}：b");
        // What stands in quotes is somebody's, whatever it looks like.
        let text = r#""\"too big\" holds {1}: x" holds {3}: too big"#;
        assert_eq!(say(text).unwrap(), r#""\"too big\" holds {1}: x" 有 {3}：太big"#);
        assert_eq!(say("No a queue that stands.").unwrap(), "没有停住的队列。");
        assert_eq!(say("No such thing. No other.").unwrap(), "没有such thing. No other。");
        assert_eq!(say("x.toml:3: too big").unwrap(), "x.toml:3：太big");
        assert_eq!(say("a queue that stands, too big").unwrap(), "停住的队列、太big");
        for strange in ["", "a", "holds {3}: b", "a queue that stands, and", "\"a holds {3}: b"] {
            assert_eq!(say(strange), None, "{strange}");
        }
    }

    #[test]
    fn a_long_text_takes_no_long_time() {
        let patterns = patterns();
        for unit in ["too ", ". ", ": ", ", ", "a: too, "] {
            let began = std::time::Instant::now();
            patterns.say(&unit.repeat(MAX_BYTES / unit.len()));
            assert!(began.elapsed().as_secs() < 3, "{unit}");
        }
    }
}
