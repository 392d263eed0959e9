//! Bars of how many jobs ended, and how: drawn here, so that a page needs no script for them. Each
//! part of a bar leads to the rows that it counts.

use crate::web::admin::kit::at::At;
use chrono::{DateTime, NaiveTime, Utc};
use signalbox_core::job::JobState;
use signalbox_i18n::{say, t, to_local};
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
    /// Draws what ended in the parts between bounds. `href` leads to the jobs of a state that ended
    /// in a span.
    pub fn stack_bars(
        (width, height): (i64, i64),
        buckets: &[Bucket],
        bounds: &[DateTime<Utc>],
        href: impl Fn(Span, JobState) -> String,
    ) -> Self {
        let parts = i64::try_from(bounds.len()).unwrap_or_default() - 1;
        let sum = |part| buckets.iter().filter(|b| b.part == part).map(|b| b.jobs).sum::<i64>();
        let most = (0..parts).map(sum).max().unwrap_or_default();
        let step = width / parts.max(1);
        let mut bars = Vec::new();
        for (part, pair) in (0_i64..).zip(bounds.windows(2)) {
            let &[from, to] = pair else { continue };
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
        let end = |at: Option<&DateTime<Utc>>| At(at.copied().unwrap_or_default()).minute();
        let ends = (end(bounds.first()), end(bounds.last()));
        let label = say!(
            "Ended jobs, {from} to {to}, up to {n} a bar",
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
    let (from, to) = (At(span.0), At(span.1));
    let is_midnight = |at: At| to_local(at.0).time() == NaiveTime::MIN;
    let hours = (span.1 - span.0).num_hours();
    if is_midnight(from) && is_midnight(to) && (23..=25).contains(&hours) {
        return from.local("%Y-%m-%d");
    }
    say!("{from} to {to}", from = from.local("%Y-%m-%d %H:%M"), to = to.local("%H:%M"))
}
