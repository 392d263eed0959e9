//! What became of deliveries, and of the values in them, as badges.

use crate::web::admin::kit::badge::{Badge, Tone};
use signalbox_core::verdict::Verdict;

/// A verdict.
pub fn verdict_badge(verdict: Verdict) -> Badge {
    let (icon, tone) = match verdict {
        Verdict::Matched => ("check", Tone::Good),
        Verdict::Registered => ("tag", Tone::Known),
        Verdict::Unmatched => ("question", Tone::Caution),
        Verdict::Filtered => ("filter", Tone::Quiet),
        Verdict::Disabled => ("slash", Tone::Quiet),
        Verdict::Rejected => ("shield", Tone::Bad),
        Verdict::Duplicate => ("copies", Tone::Plain),
        Verdict::Paused => ("pause", Tone::Caution),
    };
    Badge::new(verdict.as_str(), verdict.label(), icon, tone)
}

/// Whether two values are equal.
pub fn equal_badge(equal: bool) -> Badge {
    if equal {
        Badge::new("equal", "Match", "check", Tone::Good)
    } else {
        Badge::new("differs", "Differs", "cross", Tone::Bad)
    }
}
