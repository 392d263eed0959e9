//! Sentences for people, said in English and yet translatable: a pattern with named gaps, and
//! what goes into them. In which language one is read is decided where it is shown
//! (`signalbox_i18n`); nothing here knows a language.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A sentence: an English pattern, `{name}` standing for a value, and the values. Stored, it is read
/// back with the pattern that it was stored with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// The pattern: what a translation is found by.
    pub pattern: Cow<'static, str>,
    /// What goes into its gaps, by name.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub values: Vec<(Cow<'static, str>, Gap)>,
}

/// What goes into a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Gap {
    /// Data: never translated.
    Text(String),
    /// A sentence of ours.
    Sentence(Sentence),
    /// Words of ours, one after the other.
    List(Vec<Sentence>),
}

impl Sentence {
    /// A sentence without gaps, or whose gaps [`Self::with`] fills.
    #[must_use]
    pub fn new(pattern: &'static str) -> Self {
        Self { pattern: pattern.into(), values: Vec::new() }
    }

    /// Fills a gap with data.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "references and values fill gaps alike")]
    pub fn with(self, name: &'static str, value: impl ToString) -> Self {
        self.with_gap(name, Gap::Text(value.to_string()))
    }

    /// Fills a gap with a sentence.
    #[must_use]
    pub fn with_sentence(self, name: &'static str, sentence: impl Into<Self>) -> Self {
        self.with_gap(name, Gap::Sentence(sentence.into()))
    }

    /// Fills a gap with a list.
    #[must_use]
    pub fn with_list(self, name: &'static str, list: Vec<Self>) -> Self {
        self.with_gap(name, Gap::List(list))
    }

    /// Sentences, one after the other.
    #[must_use]
    pub fn from_sequence(sentences: Vec<Self>) -> Self {
        let all = sentences.into_iter().reduce(|before, next| {
            Self::new("{before} {next}").with_sentence("before", before).with_sentence("next", next)
        });
        all.unwrap_or_else(|| Self::new(""))
    }

    fn with_gap(mut self, name: &'static str, gap: Gap) -> Self {
        self.values.push((name.into(), gap));
        self
    }

    /// The sentence in a language: `translate` finds a pattern's, `join` makes a text of a list.
    pub fn in_words<'t>(
        &'t self,
        translate: &impl Fn(&'t str) -> &'t str,
        join: fn(&[String]) -> String,
    ) -> String {
        let words = |gap: &'t Gap| match gap {
            Gap::Text(text) => text.clone(),
            Gap::Sentence(sentence) => sentence.in_words(translate, join),
            Gap::List(list) => {
                let list: Vec<_> = list.iter().map(|one| one.in_words(translate, join)).collect();
                join(&list)
            }
        };
        let values = self.values.iter().map(|(name, gap)| (name.as_ref(), words(gap)));
        fill_pattern(translate(&self.pattern), &values.collect::<Vec<_>>())
    }
}

impl From<&'static str> for Sentence {
    fn from(pattern: &'static str) -> Self {
        Self::new(pattern)
    }
}

/// What somebody else says: an operating system, a parser. It is shown as it is.
impl From<String> for Sentence {
    fn from(text: String) -> Self {
        Self::new("{text}").with("text", text)
    }
}

/// In English.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(&|pattern| pattern, english_list))
    }
}

fn english_list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// The pattern with its gaps filled, in one pass: braces inside a value stay as they are, and so
/// does a gap that no value is for.
pub fn fill_pattern(pattern: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let gap = after.split_once('}').and_then(|(name, behind)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, behind))
        });
        if let Some((value, behind)) = gap {
            filled.push_str(value);
            rest = behind;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_by_name_once() {
        let values = [("a", "{b}".to_owned()), ("b", "2".to_owned())];
        assert_eq!(fill_pattern("{a} and {b}, {a}", &values), "{b} and 2, {b}");
        assert_eq!(fill_pattern("{unknown} { {b", &values), "{unknown} { {b");
        assert_eq!(Sentence::new("{n} jobs").with("n", 3).to_string(), "3 jobs");
    }

    #[test]
    fn a_sentence_in_a_sentence_is_said_and_stored_with_it() {
        let inner = Sentence::new("{path} is not a file").with("path", "/a {why}");
        let list = ["a", "b", "c"].map(Sentence::new).to_vec();
        let whole = Sentence::new("Not run: {why}; {all} differ.").with_sentence("why", inner);
        let whole = whole.with_list("all", list);
        assert_eq!(whole.to_string(), "Not run: /a {why} is not a file; a, b and c differ.");
        let upper = |text: &'static str| if text == "b" { "B" } else { text };
        assert_eq!(
            whole.clone().in_words(&|text| if text == "b" { upper("b") } else { text }, |all| all
                .join("、")),
            "Not run: /a {why} is not a file; a、B、c differ."
        );
        let stored = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Sentence>(&stored).unwrap(), whole);
        assert_eq!(Sentence::from("{why}".to_owned()).to_string(), "{why}");
    }
}
