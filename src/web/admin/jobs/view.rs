//! How a person wants to see output: whole lines, times, one stream, what they look for. All of it
//! stands in the address, so that it works without scripts and can be sent to others.

use crate::web::admin::kit::query::PRESERVED;
use crate::web::urls;
use std::borrow::Cow;
use url::form_urlencoded;

/// The longest text that is looked for.
const LONGEST: usize = 200;

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Long lines go on beside the page's edge.
    pub is_unwrapped: bool,
    /// Each line says when it was written.
    pub times: bool,
    /// Only what was written to standard error.
    pub only_stderr: bool,
    /// Only lines that hold this, in capitals or not.
    pub find: String,
    /// The page of lines that begins shortly before this one, instead of the last.
    pub line: Option<usize>,
    /// The attempt that `find` and `line` are of; none = the newest.
    pub attempt: Option<i32>,
    /// The query of the list that the page was opened from, which leads back to it.
    pub list: String,
}

impl View {
    /// Reads a query; what makes no sense is as if it were not there.
    pub fn from_query(query: &str) -> Self {
        let mut view = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "wrap" => view.is_unwrapped = value == "0",
                "times" => view.times = value == "1",
                "only" => view.only_stderr = value == "stderr",
                "find" => view.find = value.trim().chars().take(LONGEST).collect(),
                "line" => view.line = value.parse().ok().filter(|line| *line > 0),
                PRESERVED => view.list = value.into_owned(),
                "attempt" => view.attempt = value.parse().ok(),
                _ => {}
            }
        }
        view
    }

    /// The pairs of its query.
    pub fn query_pairs(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let mut pairs: Vec<(&'static str, Cow<'_, str>)> = Vec::new();
        if self.is_unwrapped {
            pairs.push(("wrap", "0".into()));
        }
        if self.times {
            pairs.push(("times", "1".into()));
        }
        if self.only_stderr {
            pairs.push(("only", "stderr".into()));
        }
        if let Some(attempt) = self.attempt {
            pairs.push(("attempt", attempt.to_string().into()));
        }
        if !self.find.is_empty() {
            pairs.push(("find", self.find.as_str().into()));
        }
        if let Some(line) = self.line {
            pairs.push(("line", line.to_string().into()));
        }
        if !self.list.is_empty() {
            pairs.push((PRESERVED, self.list.as_str().into()));
        }
        pairs
    }

    /// An address that asks for it.
    pub fn address_at(&self, path: &str) -> String {
        let pairs = self.query_pairs();
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        if pairs.is_empty() { path.to_owned() } else { urls::with_query(path, &pairs) }
    }

    /// The same without what picks lines: the end of the newest attempt's output.
    #[must_use]
    pub fn at_the_end(&self) -> Self {
        Self { find: String::new(), line: None, attempt: None, ..self.clone() }
    }

    /// Whether it shows some lines that do not change, instead of following the output.
    pub fn is_fixed(&self) -> bool {
        !self.find.is_empty() || self.line.is_some()
    }

    /// What of it concerns this attempt: the newest, or another.
    #[must_use]
    pub fn for_attempt(&self, number: i32, is_newest: bool) -> Self {
        let is_meant = self.attempt.map_or(is_newest, |attempt| attempt == number);
        let kept = if is_meant { self.clone() } else { self.at_the_end() };
        Self { attempt: (!is_newest).then_some(number), ..kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_asks_for() {
        let query = "wrap=0&times=1&only=stderr&attempt=2&find=a%26b&line=7";
        let view = View::from_query(query);
        assert_eq!(view.address_at("/x/"), format!("/x/?{query}"));
        assert_eq!(View::from_query("wrap=1&line=-3&attempt=x&only=all").address_at("/x/"), "/x/");
        assert_eq!(view.at_the_end().address_at("/x/"), "/x/?wrap=0&times=1&only=stderr");
        assert!(view.is_fixed() && !view.at_the_end().is_fixed());
        assert_eq!(view.for_attempt(2, false), view);
        assert_eq!(view.for_attempt(3, true), view.at_the_end());
        let newest = View::from_query("find=x");
        assert_eq!(newest.for_attempt(3, true), newest);
        assert_eq!(newest.for_attempt(2, false).address_at("/x/"), "/x/?attempt=2");
    }
}
