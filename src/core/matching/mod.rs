//! The decision: given an event, what it presents and the records that may want it, what becomes
//! of the delivery. Reads as the contract's section on deliveries does.
//!
//! [`decide`] is pure: repeats are found before (`crate::core::idempotency`), the database is
//! changed after (`crate::intake`).

pub mod explain;
pub mod five_values;
pub mod trace;

use crate::core::credential::{self, Check, Presented, Required};
use crate::core::event::{Event, kind};
use crate::core::ids::WebhookId;
use crate::core::verdict::{Endpoint, Verdict};
use crate::core::webhook::Webhook;
use chrono::{DateTime, Utc};
use five_values::{Comparison, compare};
use trace::Trace;

/// Most records whose comparison is kept with a delivery.
const MAX_TRACED: usize = 10;

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The address it came to.
    pub endpoint: Endpoint,
    /// The event.
    pub event: &'a Event,
    /// What it presents.
    pub presented: &'a Presented,
    /// The exact bytes of its body, which a signature covers.
    pub body: &'a [u8],
    /// Whether the presented token is the token of any record at all.
    pub token_is_known: bool,
    /// Whether records without any secret accept everybody.
    pub allow_no_secret: bool,
    /// When.
    pub now: DateTime<Utc>,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The HTTP status of the answer.
    pub status: u16,
    /// One sentence, for the answer and the page.
    pub summary: String,
    /// Why.
    pub trace: Trace,
    /// Records that take the event's project id.
    pub register: Vec<WebhookId>,
    /// Records for which a job is queued.
    pub run: Vec<WebhookId>,
}

impl Decision {
    fn new(verdict: Verdict, status: u16, summary: String) -> Self {
        let trace = Trace::default();
        Self { verdict, status, summary, trace, register: Vec::new(), run: Vec::new() }
    }

    /// Whether something was queued or registered, so that repeats of the delivery are duplicates.
    pub fn did_something(&self) -> bool {
        !self.run.is_empty() || !self.register.is_empty()
    }
}

/// Judges an event against the records that may want it.
pub fn decide(question: Question<'_>, records: &[Webhook]) -> Decision {
    let compared: Vec<(&Webhook, Comparison)> = records
        .iter()
        .map(|record| {
            let credential = credential_of(record, question);
            (record, compare(record, question.event, credential, question.allow_no_secret))
        })
        .collect();
    if !question.token_is_known && !compared.iter().any(|(_, comparison)| comparison.accepted) {
        return unauthenticated(question.presented);
    }
    let mut decision = if !kind::agree(&question.event.header, &question.event.object_kind) {
        Decision::new(Verdict::Unmatched, 200, header_disagrees(question.event))
    } else if question.endpoint == Endpoint::Register {
        register(question.event, &compared)
    } else {
        match_main(question.event, &compared)
    };
    decision.trace = trace_of(compared);
    decision
}

fn credential_of(record: &Webhook, question: Question<'_>) -> Check {
    let required =
        Required { token: record.secret_digest.as_deref(), signing: record.signing_key.as_ref() };
    credential::check(question.presented, required, question.body, question.now)
}

fn unauthenticated(presented: &Presented) -> Decision {
    let summary = if presented.token.is_none() && presented.signed.is_none() {
        "Neither a token nor a signature was sent"
    } else {
        "The token or signature is not valid"
    };
    let mut decision = Decision::new(Verdict::Rejected, 401, summary.to_owned());
    decision.trace.refusal = Some("unauthenticated".to_owned());
    decision
}

fn header_disagrees(event: &Event) -> String {
    format!(
        "The header says {:?}, but the body is a {:?} event, which does not come under it",
        event.header, event.object_kind
    )
}

/// The register address: pending records equal in the other four values take the id.
fn register(event: &Event, compared: &[(&Webhook, Comparison)]) -> Decision {
    let pending: Vec<&Webhook> = compared
        .iter()
        .filter(|(record, c)| record.project_id.is_pending() && c.four_equal && c.accepted)
        .map(|(record, _)| *record)
        .collect();
    let Some(project_id) = event.project_id.filter(|id| *id >= 0) else {
        let summary = "The event names no project, so there is no id to register".to_owned();
        return Decision::new(Verdict::Unmatched, 200, summary);
    };
    if let Some(first) = pending.first() {
        let summary =
            format!("Registered project {project_id} for {}", named(first, pending.len()));
        let mut decision = Decision::new(Verdict::Registered, 202, summary);
        decision.register = pending.iter().map(|record| record.id).collect();
        return decision;
    }
    if let Some((record, _)) = compared.iter().find(|(_, comparison)| comparison.is_match()) {
        let summary = format!(
            "{} is already registered for project {project_id}: nothing changed",
            quoted(record)
        );
        return Decision::new(Verdict::Registered, 200, summary);
    }
    Decision::new(Verdict::Unmatched, 200, nearest_reason(event, compared, "pending record"))
}

/// The main address: every enabled record that equals the event runs; a pending one counts if it
/// opted to register on its first event.
fn match_main(event: &Event, compared: &[(&Webhook, Comparison)]) -> Decision {
    let registering = |record: &Webhook, comparison: &Comparison| {
        record.project_id.is_pending()
            && record.register_on_first_event
            && comparison.four_equal
            && comparison.accepted
            && event.project_id.is_some_and(|id| id >= 0)
    };
    let (mut run, mut register, mut disabled) = (Vec::new(), Vec::new(), Vec::new());
    for (record, comparison) in compared {
        let registers = registering(record, comparison);
        if !registers && !comparison.is_match() {
            continue;
        }
        if !record.enabled {
            disabled.push(*record);
            continue;
        }
        if registers {
            register.push(record.id);
        }
        run.push(*record);
    }
    if let Some(first) = run.first() {
        let queued = format!("queued for {}", named(first, run.len()));
        let (verdict, summary) = match (register.is_empty(), event.project_id) {
            (false, Some(id)) => {
                (Verdict::Registered, format!("Registered project {id} and {queued}"))
            }
            _ => (Verdict::Matched, format!("Matched: {queued}")),
        };
        let mut decision = Decision::new(verdict, 202, summary);
        decision.run = run.iter().map(|record| record.id).collect();
        decision.register = register;
        return decision;
    }
    if let Some(first) = disabled.first() {
        let summary = format!("{} matches, but is disabled", quoted(first));
        return Decision::new(Verdict::Disabled, 200, summary);
    }
    Decision::new(Verdict::Unmatched, 200, nearest_reason(event, compared, "record"))
}

/// One sentence on the record that came nearest.
fn nearest_reason(event: &Event, compared: &[(&Webhook, Comparison)], what: &str) -> String {
    let Some((record, comparison)) = nearest(compared) else {
        return no_record(event, what);
    };
    if record.project_id.is_pending() && comparison.four_equal && comparison.accepted {
        return format!(
            "{} equals it, but is pending registration: send it to the register address first",
            quoted(record)
        );
    }
    // A pending record has no id to differ in.
    let differing: Vec<_> = comparison
        .trace
        .differing()
        .filter(|check| !(record.project_id.is_pending() && check.field == "project_id"))
        .collect();
    match differing.as_slice() {
        [only] if only.field == "credential" => {
            format!("{} equals it, but its secret is another one", quoted(record))
        }
        [only] => format!(
            "No {what} matches; nearest is {}: its {} is {:?}, the delivery's {:?}",
            quoted(record),
            only.field,
            only.expected,
            only.actual
        ),
        _ => no_record(event, what),
    }
}

fn no_record(event: &Event, what: &str) -> String {
    let project =
        event.project_id.map_or_else(|| "no project".to_owned(), |id| format!("project {id}"));
    let kind = if event.object_kind.is_empty() { "unknown" } else { &event.object_kind };
    format!("No {what} for {:?} events of {project} ({:?})", kind, event.repo_name)
}

fn nearest<'a, 'b>(
    compared: &'a [(&'b Webhook, Comparison)],
) -> Option<&'a (&'b Webhook, Comparison)> {
    compared
        .iter()
        .max_by_key(|(record, comparison)| (comparison.trace.equal(), std::cmp::Reverse(record.id)))
}

fn trace_of(compared: Vec<(&Webhook, Comparison)>) -> Trace {
    let mut records: Vec<_> =
        compared.into_iter().map(|(_, comparison)| comparison.trace).collect();
    records.sort_by_key(|record| (std::cmp::Reverse(record.equal()), record.webhook));
    records.truncate(MAX_TRACED);
    Trace { records, ..Trace::default() }
}

fn quoted(record: &Webhook) -> String {
    format!("{:?}", record.label())
}

fn named(first: &Webhook, count: usize) -> String {
    match count {
        1 => quoted(first),
        more => format!("{} and {} more", quoted(first), more - 1),
    }
}

#[cfg(test)]
mod tests;
