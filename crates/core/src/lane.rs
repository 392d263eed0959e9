//! Lanes: which of the jobs that share one may run now, and which are overtaken.
//!
//! A lane is a line of jobs of which one runs at a time: those of a webhook that asks for it, or all
//! that use a resource of the host that a catalogue entry names. Of a parallel webhook that limits them,
//! as many run as it allows. [`decide_lane`] is the whole rule; it sees the lane as it stands. Who
//! looks it up, and under which lock, is `signalbox_store::lanes`.

use crate::ids::WebhookId;
use crate::webhook::Concurrency;

/// What a lane's name begins with, by what it is for.
const OF_RECORD: &str = "webhook:";
const OF_HOST: &str = "host:";

/// The lane of a webhook's own jobs; none if any number may run side by side.
#[must_use]
pub fn of_webhook(
    webhook: WebhookId,
    concurrency: Concurrency,
    max_concurrent_jobs: Option<i32>,
) -> Option<String> {
    let has_lane = concurrency != Concurrency::Parallel || max_concurrent_jobs.is_some();
    has_lane.then(|| own_lane(webhook))
}

/// The name of a webhook's own lane.
#[must_use]
pub fn own_lane(webhook: WebhookId) -> String {
    format!("{OF_RECORD}{webhook}")
}

/// How many jobs of a lane may run while one of this concurrency does; `max_concurrent_jobs` is that of
/// the webhook whose lane it is.
#[must_use]
pub fn max_beside(lane: &str, concurrency: Concurrency, max_concurrent_jobs: Option<i32>) -> usize {
    match concurrency {
        Concurrency::Parallel if !is_of_host(lane) => {
            let most = max_concurrent_jobs.map(usize::try_from);
            most.map_or(usize::MAX, |most| most.unwrap_or_default().max(1))
        }
        Concurrency::Parallel | Concurrency::Serial | Concurrency::Latest => 1,
    }
}

/// The lane that a catalogue entry names.
#[must_use]
pub fn of_host(name: &str) -> String {
    format!("{OF_HOST}{name}")
}

/// Whether a lane is one that catalogue entries name.
#[must_use]
pub fn is_of_host(lane: &str) -> bool {
    lane.starts_with(OF_HOST)
}

/// The webhook whose own lane this is.
#[must_use]
pub fn webhook_of_lane(lane: &str) -> Option<i64> {
    lane.strip_prefix(OF_RECORD)?.parse().ok()
}

/// What a person reads: the resource's name, or that it is the webhook's own.
#[must_use]
pub fn lane_label(lane: &str) -> String {
    match lane.strip_prefix(OF_HOST) {
        Some(name) => name.to_owned(),
        None => "this webhook".to_owned(),
    }
}

/// Whether a word may name a lane of the host: as an entry's name.
#[must_use]
pub fn is_name(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    word.len() <= 64
        && word.starts_with(plain)
        && word.chars().all(|c| plain(c) || c == '-' || c == '_')
}

/// How a job of a lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// An attempt is under way, or its worker's death is not noticed yet.
    Running,
    /// It could run now.
    Ready,
    /// It waits for a time: the back-off after a failure, or a newer one of its ref.
    Resting,
    /// It is held back by a person.
    Paused,
}

/// A job of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its webhook.
    pub webhook: Option<i64>,
    /// Its ref.
    pub git_ref: String,
    /// How its webhook shares time.
    pub concurrency: Concurrency,
    /// Whether it also ends the one that runs.
    pub cancels_running: bool,
    /// How many of the lane may run while it does, itself among them ([`max_beside`]).
    pub max_beside: usize,
    /// How it stands.
    pub stand: Stand,
}

/// What follows from how a lane stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Those that are overtaken, each with the job that takes its place.
    pub superseded: Vec<(String, String)>,
    /// Those that run and are to end, each with the job that takes its place.
    pub cancelled: Vec<(String, String)>,
    /// Those that may run now.
    pub next: Vec<String>,
}

/// What follows from how a lane stands; its members in the order they were queued.
///
/// - Of the waiting jobs of one webhook and ref that says `latest`, only the newest stays.
/// - If the newest of a ref says so, one of that ref that runs is to end. A paused one does not: what
///   runs goes on while newer ones are held back.
/// - While as many run as one of them allows, none begins.
/// - The first that are ready are next. In a `serial` webhook none overtakes an earlier one that
///   rests: an older state must not come after a newer one.
#[must_use]
pub fn decide_lane(members: &[Member]) -> Decision {
    let mut decision = Decision::default();
    let mut standing: Vec<&Member> = Vec::with_capacity(members.len());
    for (place, member) in members.iter().enumerate() {
        let newer = members.iter().skip(place + 1).rev().find(|newer| does_overtake(newer, member));
        match newer {
            Some(newer) => decision.superseded.push((member.id.clone(), newer.id.clone())),
            None => standing.push(member),
        }
        let newer = members.iter().skip(place + 1).rev().find(|newer| does_end(newer, member));
        decision.cancelled.extend(newer.map(|newer| (member.id.clone(), newer.id.clone())));
    }
    let running = || standing.iter().filter(|member| member.stand == Stand::Running);
    let mut running_count = running().count();
    let mut most = running().map(|member| member.max_beside).min().unwrap_or(usize::MAX);
    let mut waited_for: Vec<Option<i64>> = Vec::new();
    for member in &standing {
        let is_serial = member.concurrency == Concurrency::Serial;
        if is_serial && waited_for.contains(&member.webhook) {
            continue;
        }
        match member.stand {
            Stand::Running => {}
            Stand::Ready => {
                most = most.min(member.max_beside);
                if running_count >= most {
                    break;
                }
                decision.next.push(member.id.clone());
                running_count += 1;
            }
            Stand::Resting | Stand::Paused => {
                if is_serial {
                    waited_for.push(member.webhook);
                }
            }
        }
    }
    decision
}

/// Whether the newer of two takes the other's place.
fn does_overtake(newer: &Member, older: &Member) -> bool {
    let latest = |member: &Member| {
        member.concurrency == Concurrency::Latest && member.stand != Stand::Running
    };
    latest(newer)
        && latest(older)
        && newer.webhook == older.webhook
        && newer.git_ref == older.git_ref
}

/// Whether the newer of two ends the other, which runs.
fn does_end(newer: &Member, older: &Member) -> bool {
    let begins = matches!(newer.stand, Stand::Ready | Stand::Resting);
    begins
        && newer.cancels_running
        && newer.concurrency == Concurrency::Latest
        && older.stand == Stand::Running
        && newer.webhook == older.webhook
        && newer.git_ref == older.git_ref
}

#[cfg(test)]
mod tests;
