//! Bars of how many jobs ended, and how: drawn here, so that a page needs no script for them. Each
//! part of a bar leads to the rows that it counts.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use signalbox_core::job::JobState;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::stats::{Bucket, Span};

/// The states a chart tells apart, from the bottom up.
pub const SHOWN: [JobState; 4] =
    [JobState::Succeeded, JobState::Failed, JobState::Cancelled, JobState::Superseded];

/// A chart. Places and sizes are in units of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// As wide.
    pub width: i64,
    /// As high.
    pub height: i64,
    /// What it shows, in a sentence.
    pub label: String,
    /// Its bars.
    pub bars: Vec<Bar>,
    /// The most that ended in one part.
    pub most: i64,
    /// Its first and last moment.
    pub ends: (String, String),
}

/// A part of a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// The state's word.
    pub state: &'static str,
    /// When, how many, what: in words.
    pub title: String,
    /// The list.
    pub href: String,
    /// Its place and size.
    pub x: i64,
    /// From the top.
    pub y: i64,
    /// As wide.
    pub width: i64,
    /// As high.
    pub height: i64,
}

impl Chart {
    /// Draws what ended in parts of `length_s` seconds of a span. `href` leads to the jobs of a state
    /// that ended in a span.
    pub fn stack_bars(
        (width, height): (i64, i64),
        buckets: &[Bucket],
        (span, length_s): (Span, i64),
        href: impl Fn(Span, JobState) -> String,
    ) -> Self {
        let parts = (span.1 - span.0).num_seconds() / length_s.max(1);
        let sum = |part| buckets.iter().filter(|b| b.part == part).map(|b| b.jobs).sum::<i64>();
        let most = (0..parts).map(sum).max().unwrap_or_default();
        let step = width / parts.max(1);
        let mut bars = Vec::new();
        for part in 0..parts {
            let from = span.0 + TimeDelta::seconds(part * length_s);
            let to = from + TimeDelta::seconds(length_s);
            let mut top = height;
            for state in SHOWN {
                let of = |b: &&Bucket| b.part == part && b.state == state.as_str();
                let jobs = buckets.iter().find(of).map_or(0, |bucket| bucket.jobs);
                if jobs == 0 {
                    continue;
                }
                // What is there is seen: at least two units.
                let tall = (jobs * (height - 8) / most.max(1)).max(2);
                top -= tall;
                bars.push(Bar {
                    state: state.as_str(),
                    title: say!(
                        "{when}: {n} {state}",
                        when = span_text((from, to)),
                        n = jobs,
                        state = t(state.label()).to_lowercase()
                    ),
                    href: href((from, to), state),
                    x: part * step + 1,
                    y: top,
                    width: step - 2,
                    height: tall,
                });
            }
        }
        let moment = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
        let ends = (moment(span.0), moment(span.1));
        let label = say!(
            "Ended jobs, {from} to {to} UTC, up to {n} a bar",
            from = ends.0,
            to = ends.1,
            n = most
        );
        Self { width, height, label, bars, most, ends }
    }

    /// The day it begins.
    pub fn first_day(&self) -> &str {
        self.ends.0.split(' ').next().unwrap_or_default()
    }
}

/// A part of the span, in words; of a whole day only its date.
pub fn span_text(span: Span) -> String {
    let (from, to) = span;
    if to - from == TimeDelta::days(1) && from.time() == NaiveTime::MIN {
        return from.format("%Y-%m-%d").to_string();
    }
    let (from, to) = (from.format("%Y-%m-%d %H:%M"), to.format("%H:%M"));
    say!("{from} to {to}", from = from, to = to)
}
