//! One attempt on its job's page: how it went, what it printed, and how to look at that.

use super::log::Log;
use super::view::View;
use crate::web::admin::deliveries::request::quote_for_shell;
use crate::web::admin::jobs::badges::outcome_badge;
use crate::web::admin::kit::at::{At, span_text};
use crate::web::admin::kit::badge::Badge;
use crate::web::urls;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_i18n as i18n;
use signalbox_i18n::say;
use signalbox_store::jobs::Attempt;

/// The longest command that is seen at once, in bytes.
const LONG: usize = 400;

/// One attempt.
pub struct AttemptView {
    /// Its number.
    pub number: i32,
    /// How it ended.
    pub badge: Badge,
    /// The worker.
    pub worker: String,
    /// When it began.
    pub started: At,
    /// How long it took, or has taken.
    pub took: String,
    /// Exit code, signal or HTTP status, in words.
    pub ending: Option<String>,
    /// Processor time and memory, in words.
    pub used: Option<String>,
    /// Program and arguments as they ran.
    pub command: Option<String>,
    /// What went wrong.
    pub error: String,
    /// Its output; none where it is only shown on demand.
    pub log: Option<Log>,
    /// When upkeep took its output away.
    pub pruned: Option<At>,
    /// What its lines' anchors begin with: `L` for the newest attempt, `a1-L` for others.
    pub prefix: String,
    /// How its output is looked at.
    pub view: View,
    /// Whether what is printed comes by itself.
    pub is_followed: bool,
    /// The job's page.
    pub page: String,
    /// Its output as a file.
    pub file: String,
    /// Whether it is shown at once.
    pub is_open: bool,
}

/// Something to switch.
pub struct Switch {
    /// Its name.
    pub label: &'static str,
    /// Where it is switched.
    pub href: String,
    /// Whether it is on.
    pub is_on: bool,
}

/// What is known of an attempt's place on the page.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// How the page is looked at.
    pub view: &'a View,
    /// Whether it is the newest.
    pub is_newest: bool,
    /// Whether its job is under way.
    pub is_live: bool,
    /// Now.
    pub now: DateTime<Utc>,
}

impl AttemptView {
    /// Draws an attempt.
    pub fn from_attempt(attempt: Attempt, log: Option<Log>, place: Place<'_>) -> Self {
        let Place { view, is_newest, is_live, now } = place;
        let ending = match (attempt.exit_code, attempt.signal, attempt.http_status) {
            (Some(code), _, _) => Some(say!("exit code {code}", code = code)),
            (None, Some(signal), _) => Some(say!("signal {signal}", signal = signal)),
            (None, None, Some(status)) => Some(format!("HTTP {status}")),
            (None, None, None) => None,
        };
        let (number, error) = (attempt.number, error_of(&attempt));
        let view = view.for_attempt(number, is_newest);
        Self {
            file: urls::verb("hooks", "job", &attempt.job_id, "output"),
            page: urls::object("hooks", "job", &attempt.job_id),
            prefix: if is_newest { "L".to_owned() } else { format!("a{number}-L") },
            number,
            badge: outcome_badge(attempt.outcome),
            worker: attempt.worker,
            started: At(attempt.started_at),
            took: span_text(attempt.finished_at.unwrap_or(now) - attempt.started_at),
            ending,
            command: attempt.argv.as_ref().map(command_text),
            used: usage_text(attempt.cpu_ms, attempt.peak_memory_kib),
            error,
            is_open: log.is_some(),
            pruned: attempt.output_pruned_at.map(At),
            is_followed: is_followed(is_newest, is_live, &view),
            view,
            log,
        }
    }

    /// Whether its command would take more than some lines.
    pub fn is_command_long(&self) -> bool {
        self.command.as_ref().is_some_and(|command| command.len() > LONG)
    }

    /// The page with the output seen this way; it comes back to this attempt.
    fn url_with_view(&self, view: &View) -> String {
        format!("{}#attempt-{}", view.address_at(&self.page), self.number)
    }

    /// Wrap, times, and standard error only where some is known apart.
    pub fn switches(&self) -> Vec<Switch> {
        let view = &self.view;
        let switch =
            |label, is_on, other| Switch { label, href: self.url_with_view(&other), is_on };
        let has_stderr = self.log.as_ref().is_some_and(|log| log.has_stderr);
        let mut switches = vec![
            switch(
                "Wrap",
                !view.is_unwrapped,
                View { is_unwrapped: !view.is_unwrapped, ..view.clone() },
            ),
            switch("Times", view.times, View { times: !view.times, ..view.clone() }),
        ];
        if has_stderr || view.only_stderr {
            let other = View { only_stderr: !view.only_stderr, ..view.clone() };
            switches.push(switch("stderr only", view.only_stderr, other));
        }
        switches
    }

    /// How many lines hold what is looked for.
    pub fn found_words(&self, log: &Log) -> String {
        let (found, total, text) = (log.found, log.total, &self.view.find);
        let words = say!("{n} of {m} lines contain “{text}”", n = found, m = total, text = text);
        if log.lines.len() < found {
            let more = say!("{n} shown here", n = log.lines.len());
            format!("{words}, {more}")
        } else {
            words
        }
    }

    /// What a search keeps of the view, as hidden fields.
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let kept = View { find: String::new(), line: None, ..self.view.clone() };
        kept.query_pairs().into_iter().map(|(name, value)| (name, value.into_owned())).collect()
    }

    /// The page with this attempt's output, as it ends.
    pub fn end(&self) -> String {
        self.url_with_view(&View { find: String::new(), line: None, ..self.view.clone() })
    }

    /// The page with the lines from about this one on.
    pub fn at_line(&self, line: &usize) -> String {
        self.url_with_view(&View { line: Some(*line), ..self.view.clone() })
    }

    /// Where a line that was found stands among its neighbours, up to its number.
    pub fn elsewhere(&self) -> Option<String> {
        let view = View { find: String::new(), line: None, ..self.view.clone() };
        let with = |sep: char| format!("{}{sep}line=", view.address_at(&self.page));
        let is_search = !self.view.find.is_empty();
        is_search.then(|| with(if view.query_pairs().is_empty() { '?' } else { '&' }))
    }

    /// Its output as text; only what is asked for of it.
    pub fn raw(&self, more: &str) -> String {
        let number = self.number.to_string();
        let mut pairs = vec![("attempt", number.as_str())];
        if self.view.times {
            pairs.push(("times", "1"));
        }
        if self.view.only_stderr {
            pairs.push(("only", "stderr"));
        }
        if !more.is_empty() {
            pairs.push((more, "1"));
        }
        urls::with_query(&self.file, &pairs)
    }
}

/// Why an attempt failed, in the reader's language; of one of before, as it was stored.
pub fn error_of(attempt: &Attempt) -> String {
    let failure = attempt.typed_failure();
    failure.map_or_else(|| attempt.error.clone(), |failure| i18n::say(&failure.sentence()))
}

/// Whether what is printed comes by itself, to the end of what is shown.
pub fn is_followed(is_newest: bool, is_live: bool, view: &View) -> bool {
    is_newest && is_live && !view.is_fixed()
}

/// Program and arguments in a line, as a shell would take them.
fn command_text(argv: &serde_json::Value) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    let quoted = |word: &str| match word {
        "" => "''".to_owned(),
        word if word.chars().all(plain) => word.to_owned(),
        word => quote_for_shell(word),
    };
    let words = argv.as_array().into_iter().flatten().filter_map(|word| word.as_str());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// What an attempt used.
fn usage_text(cpu_ms: Option<i64>, peak_memory_kib: Option<i64>) -> Option<String> {
    let cpu = TimeDelta::milliseconds(cpu_ms?);
    let memory = match peak_memory_kib? {
        kib @ ..1024 => format!("{kib} KiB"),
        kib => format!("{} MiB", kib / 1024),
    };
    Some(say!("CPU time {time}, memory up to {memory}", time = span_text(cpu), memory = memory))
}
