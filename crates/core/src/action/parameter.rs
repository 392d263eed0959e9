//! Declared parameters: the only things a person of the panel may say to an action.

use super::git;
use crate::event::is_commit_id;
use crate::sentence::Sentence;
use regex::{Regex, RegexBuilder};

/// The longest text an entry may allow, in characters.
pub const MAX_LENGTH: usize = 2_000;

/// The longest text where the entry says nothing.
pub const DEFAULT_LENGTH: usize = 200;

/// A parameter as an entry declares it; draws its field in the webhook's form.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name: lower-case letters, digits and `_`.
    pub name: String,
    /// What may be filled in.
    pub kind: ParameterKind,
    /// Whether it must be filled in; never so where there is a default.
    pub required: bool,
    /// What is taken if nothing is filled in.
    pub default: Option<String>,
    /// One line for the person filling it in.
    pub help: String,
}

/// What may be filled in for a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterKind {
    /// One line of text without a leading `-` or control characters.
    Text {
        /// What the whole text must match.
        pattern: Option<Pattern>,
        /// Its longest length, in characters.
        max_length: usize,
    },
    /// One of these.
    Choice(Vec<String>),
    /// A whole number in a range, both ends included.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// `true` or `false`; left out, it is `false`.
    Boolean,
    /// A branch's, tag's or full ref's name as git allows it.
    GitRef,
    /// A commit, written out: 40 digits, or the 64 of SHA-256.
    GitSha,
    /// A project of GitLab's by its path: `group/name`.
    ProjectPath,
}

/// A regular expression that must match from the first character to the last.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    whole: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Pattern {
    /// Compiles a pattern as an entry writes it, without anchors.
    ///
    /// # Errors
    /// What is wrong with it, in the last line of the compiler's words.
    pub fn new(source: &str) -> Result<Self, String> {
        // Alone first: `a)(?:b` would be complete only inside the brackets added below.
        let compile = |text: &str| RegexBuilder::new(text).size_limit(1 << 20).build();
        compile(source)
            .and_then(|_| compile(&format!(r"\A(?:{source})\z")))
            .map(|whole| Self { source: source.to_owned(), whole })
            .map_err(|error| error.to_string().lines().last().unwrap_or_default().to_owned())
    }

    /// As the entry writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

impl Parameter {
    /// The value for what was filled in; `None` if that is nothing and nothing is fine.
    ///
    /// # Errors
    /// What to say beside the field.
    pub fn resolve_value(&self, given: Option<&str>) -> Result<Option<String>, Sentence> {
        match given.filter(|text| !text.is_empty()) {
            Some(text) => self.kind.check_text(text).map(|()| Some(text.to_owned())),
            None if self.default.is_some() => Ok(self.default.clone()),
            None if self.kind == ParameterKind::Boolean => Ok(Some("false".to_owned())),
            None if self.required => Err("Fill this in: the action needs it.".into()),
            None => Ok(None),
        }
    }

    /// Whether a value is there whatever is filled in.
    #[must_use]
    pub fn always_has_a_value(&self) -> bool {
        self.required || self.default.is_some() || self.kind == ParameterKind::Boolean
    }
}

impl ParameterKind {
    /// Checks a text that is not empty.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn check_text(&self, text: &str) -> Result<(), Sentence> {
        match self {
            Self::Text { pattern, max_length } => check_text(text, pattern.as_ref(), *max_length),
            Self::Choice(values) if values.iter().any(|value| value == text) => Ok(()),
            Self::Choice(values) => {
                Err(Sentence::new("Choose one of: {values}.").with("values", values.join(", ")))
            }
            Self::Integer { min, max } => match text.parse::<i64>() {
                // The plain form only: `+5` and `007` would be other texts for the same number.
                Ok(number) if number.to_string() == text && (*min..=*max).contains(&number) => {
                    Ok(())
                }
                _ => Err(Sentence::new("Enter a whole number from {min} to {max}.")
                    .with("min", min)
                    .with("max", max)),
            },
            Self::Boolean if matches!(text, "true" | "false") => Ok(()),
            Self::Boolean => Err("Enter true or false.".into()),
            Self::GitRef if git::is_ref(text) => Ok(()),
            Self::GitRef => {
                Err("Enter a branch, a tag or a ref, such as main or refs/tags/v1.".into())
            }
            Self::GitSha if is_commit_id(text) => Ok(()),
            Self::GitSha => Err("Enter a whole commit: 40 digits and letters from a to f.".into()),
            Self::ProjectPath if git::is_project_path(text) => Ok(()),
            Self::ProjectPath => {
                Err("Enter a project's path in GitLab, such as group/name.".into())
            }
        }
    }

    /// What may be filled in, in words for a person.
    #[must_use]
    pub fn in_words(&self) -> Sentence {
        match self {
            Self::Text { pattern: Some(pattern), max_length } => {
                Sentence::new("text matching {pattern}, at most {n} characters")
                    .with("pattern", pattern.as_str())
                    .with("n", max_length)
            }
            Self::Text { pattern: None, max_length } => {
                Sentence::new("text, at most {n} characters").with("n", max_length)
            }
            Self::Choice(values) => {
                Sentence::new("one of {values}").with("values", values.join(", "))
            }
            Self::Integer { min, max: i64::MAX } => {
                Sentence::new("a whole number, {min} or more").with("min", min)
            }
            Self::Integer { min, max } => Sentence::new("a whole number from {min} to {max}")
                .with("min", min)
                .with("max", max),
            Self::Boolean => Sentence::new("yes or no"),
            Self::GitRef => Sentence::new("a branch, tag or ref"),
            Self::GitSha => Sentence::new("a commit"),
            Self::ProjectPath => Sentence::new("a project's path"),
        }
    }
}

fn check_text(text: &str, pattern: Option<&Pattern>, max_length: usize) -> Result<(), Sentence> {
    let length = text.chars().count();
    if length > max_length {
        return Err(Sentence::new("At most {max_length} characters; this has {length}.")
            .with("max_length", max_length)
            .with("length", length));
    }
    if text.starts_with('-') {
        return Err("It may not start with “-”, which a program would read as an option.".into());
    }
    if text.chars().any(char::is_control) {
        return Err("It may not contain line ends or other control characters.".into());
    }
    match pattern {
        Some(pattern) if !pattern.matches(text) => {
            Err(Sentence::new("It must match the pattern {pattern} as a whole.")
                .with("pattern", pattern.as_str()))
        }
        _ => Ok(()),
    }
}
