//! Sentences for people, said in English and yet translatable: a pattern with named gaps, and
//! what goes into them. In which language one is read is decided where it is shown
//! (`signalbox_i18n`); nothing here knows a language.

use std::fmt;

/// A sentence: an English pattern, `{name}` standing for a value, and the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The pattern: what a translation is found by.
    pub pattern: &'static str,
    /// What goes into its gaps, by name.
    pub values: Vec<(&'static str, String)>,
}

impl Sentence {
    /// A sentence without gaps, or whose gaps [`Self::with`] fills.
    #[must_use]
    pub fn new(pattern: &'static str) -> Self {
        Self { pattern, values: Vec::new() }
    }

    /// Fills a gap.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "references and values fill gaps alike")]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, value.to_string()));
        self
    }
}

impl From<&'static str> for Sentence {
    fn from(pattern: &'static str) -> Self {
        Self::new(pattern)
    }
}

/// In English.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&fill(self.pattern, &self.values))
    }
}

/// The pattern with its gaps filled, in one pass: braces inside a value stay as they are, and so
/// does a gap that no value is for.
pub fn fill(pattern: &str, values: &[(&str, String)]) -> String {
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
        assert_eq!(fill("{a} and {b}, {a}", &values), "{b} and 2, {b}");
        assert_eq!(fill("{unknown} { {b", &values), "{unknown} { {b");
        assert_eq!(Sentence::new("{n} jobs").with("n", 3).to_string(), "3 jobs");
    }
}
