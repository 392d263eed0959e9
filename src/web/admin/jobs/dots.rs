//! Jobs as dots in a row: how the last ones went, at a glance. Drawn by `templates/macros/dots.html`.

use crate::web::admin::kit::at::At;
use crate::web::urls;
use signalbox_i18n::t;
use signalbox_store::jobs::Job;

/// A job as a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dot {
    /// Its page.
    pub href: String,
    /// Its state's word.
    pub state: &'static str,
    /// How it went, what it is about, and when, in words.
    pub label: String,
}

impl Dot {
    /// Draws a job.
    pub fn from_job(job: &Job) -> Self {
        let at = At(job.queued_at).absolute();
        let about = [t(job.state.label()), &job.title, &at];
        let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
        Self {
            href: urls::object("hooks", "job", &job.id),
            state: job.state.as_str(),
            label: about.join(" · "),
        }
    }
}
