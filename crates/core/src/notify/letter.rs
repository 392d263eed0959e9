//! A message in a language, before it has the form of a channel.

use super::wording::{Draft, Tone};
use crate::sentence::Sentence;

/// The message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the draft's, in a language")]
pub struct Letter {
    pub tone: Tone,
    pub title: String,
    pub intro: String,
    pub parts: Vec<Part>,
    pub more: String,
    /// Who sends it: this installation's name.
    pub footer: String,
}

/// One happening.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the draft's, in a language")]
pub struct Part {
    pub title: String,
    pub error: String,
    pub facts: Vec<(String, String)>,
    pub output: String,
    pub links: Vec<(String, String)>,
}

impl Letter {
    /// The draft in a language, which `say` knows.
    pub fn from_draft(draft: &Draft, footer: String, say: &dyn Fn(&Sentence) -> String) -> Self {
        let say_some = |sentence: &Option<Sentence>| sentence.as_ref().map(say).unwrap_or_default();
        let pairs = |pairs: &[(Sentence, String)]| {
            pairs.iter().map(|(words, value)| (say(words), value.clone())).collect()
        };
        Self {
            tone: draft.tone,
            title: say(&draft.title),
            intro: say_some(&draft.intro),
            parts: draft
                .parts
                .iter()
                .map(|part| Part {
                    title: part.title.clone(),
                    error: say_some(&part.error),
                    facts: pairs(&part.facts),
                    output: part.output.clone(),
                    links: pairs(&part.links),
                })
                .collect(),
            more: say_some(&draft.more),
            footer,
        }
    }
}

/// At most so many characters of a text; `…` stands for the rest.
pub fn cut_end(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let mut kept: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

/// The last lines of a text, at most so many and so many characters: an error stands at the end.
pub fn last_lines(text: &str, lines: usize, most: usize) -> String {
    let all: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let kept = all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n");
    let letters = kept.chars().count();
    if letters <= most {
        return kept;
    }
    std::iter::once('…').chain(kept.chars().skip(letters + 1 - most)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_where_they_tell_least() {
        assert_eq!((cut_end("abc", 3).as_str(), cut_end("〇二三四", 3).as_str()), ("abc", "〇二…"));
        assert_eq!(last_lines("a\n\n b \r\nc\n\n", 2, 80), " b\nc");
        assert_eq!(last_lines("abcdef", 3, 4), "…def");
        assert_eq!(last_lines("", 3, 4), "");
    }
}
