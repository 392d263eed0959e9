//! What a run of replays would do, counted before anything is made. Reads only, in batches, and
//! for so long only: what is beyond is judged when its turn comes.

use super::LOOKAHEAD;
use crate::control::judge::{Known, Proof};
use crate::control::replay::{Judge, Prospect, replay_case, what_is_kept};
use crate::control::whole_body;
use signalbox_core::event::Event;
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::Decision;
use signalbox_core::replay::{Kept, Skip, obstacle_among_many};
use signalbox_core::verdict::Verdict;
use signalbox_store::deliveries::Full;
use signalbox_store::replays::{Chosen, Outline};
use signalbox_store::{Conn, Result, deliveries, replays};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Most bytes of bodies held at a time.
const BYTES: i64 = 16 * 1024 * 1024;
/// Most deliveries judged at a time.
const BATCH: usize = 100;

/// What a run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The deliveries that are chosen.
    pub total: i64,
    /// Those of them that were judged for this plan, the oldest.
    pub judged: i64,
    /// Those that would be replayed.
    pub replayed: i64,
    /// The jobs of each webhook, with how it is called; the most first.
    pub webhooks: Vec<(WebhookId, String, i64)>,
    /// Those that would be left out, by reason.
    pub skips: BTreeMap<Skip, i64>,
}

impl Plan {
    /// The jobs that would be queued.
    pub fn count_jobs(&self) -> i64 {
        self.webhooks.iter().map(|(.., jobs)| jobs).sum()
    }

    fn add_outcome(&mut self, outcome: std::result::Result<Prospect, Skip>) {
        self.judged += 1;
        match outcome {
            Err(skip) => *self.skips.entry(skip).or_default() += 1,
            Ok(prospect) => {
                self.replayed += 1;
                for webhook in prospect.runs {
                    match self.webhooks.iter_mut().find(|(id, ..)| *id == webhook.id) {
                        Some((.., jobs)) => *jobs += 1,
                        None => self.webhooks.push((webhook.id, webhook.label(), 1)),
                    }
                }
            }
        }
    }
}

/// Plans a run, for at most so long.
///
/// # Errors
/// Any [`signalbox_store::StoreError`] of the database.
pub async fn plan_run(
    conn: &mut Conn,
    chosen: &Chosen,
    judge: Judge<'_>,
    longest: Duration,
) -> Result<Plan> {
    let until = Instant::now() + longest;
    let mut plan = Plan { total: replays::count_chosen(conn, chosen).await?, ..Plan::default() };
    let mut cursor = String::new();
    loop {
        let outlines = replays::list_after(conn, chosen, &cursor, LOOKAHEAD).await?;
        let Some(last) = outlines.last() else { break };
        cursor.clone_from(&last.id);
        for batch in split_batches(outlines) {
            let (mut wanted, mut gone) = (Vec::new(), 0);
            for outline in batch {
                match outline_obstacle(&outline) {
                    Some(skip) => plan.add_outcome(Err(skip)),
                    None => wanted.push(outline.id),
                }
            }
            let found = deliveries::find_many(conn, &wanted).await?;
            gone += wanted.len() - found.len();
            for outcome in evaluate_many(conn, &found, judge).await? {
                plan.add_outcome(outcome);
            }
            (0..gone).for_each(|_| plan.add_outcome(Err(Skip::Gone)));
        }
        if Instant::now() > until {
            break;
        }
    }
    plan.webhooks.sort_by(|left, right| right.2.cmp(&left.2).then(left.1.cmp(&right.1)));
    Ok(plan)
}

/// What keeps a delivery out of a run, as far as its row tells.
pub(super) fn outline_obstacle(outline: &Outline) -> Option<Skip> {
    let (verdict, source) = (outline.verdict, outline.source);
    obstacle_among_many(Kept { verdict, source, has_body: outline.has_body() })
}

/// Parts of which each can be held in memory.
fn split_batches(outlines: Vec<Outline>) -> Vec<Vec<Outline>> {
    let mut batches: Vec<Vec<Outline>> = Vec::new();
    let mut bytes = 0;
    for outline in outlines {
        bytes += outline.kept.map_or(0, i64::from);
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && bytes <= BYTES => batch.push(outline),
            Some(_) | None => {
                bytes = outline.kept.map_or(0, i64::from);
                batches.push(vec![outline]);
            }
        }
    }
    batches
}

/// Judges deliveries as they would be replayed among many.
pub(super) async fn evaluate_many(
    conn: &mut Conn,
    found: &[Full],
    judge: Judge<'_>,
) -> Result<Vec<std::result::Result<Prospect, Skip>>> {
    let read: Vec<Option<(Event, Proof, &[u8])>> = found
        .iter()
        .map(|full| {
            let body =
                whole_body(full).filter(|_| obstacle_among_many(what_is_kept(full)).is_none())?;
            let event = Event::from_body(&full.brief.event, body).ok()?;
            Some((event, Proof::from_delivery(full), body))
        })
        .collect();
    let asked = read.iter().flatten().map(|(event, proof, _)| (event, proof));
    let known = Known::load_webhooks(conn, asked, judge.keys, judge.policy, judge.at).await?;
    let outcomes = found.iter().zip(read).map(|(full, read)| match read {
        None => Err(obstacle_among_many(what_is_kept(full)).unwrap_or(Skip::BodyGone)),
        Some((event, proof, body)) => {
            let (decision, webhooks) = known.evaluate_case(&replay_case(&event, &proof, body));
            if let Some(skip) = skip_reason(&decision) {
                return Err(skip);
            }
            let wanted = webhooks.into_iter().filter(|webhook| decision.run.contains(&webhook.id));
            Ok(Prospect { event, runs: wanted.collect(), decision })
        }
    });
    Ok(outcomes.collect())
}

/// Why a delivery would run nothing, if it would not.
fn skip_reason(decision: &Decision) -> Option<Skip> {
    match decision.verdict {
        _ if !decision.run.is_empty() => None,
        Verdict::Rejected => Some(Skip::Secret),
        Verdict::Disabled => Some(Skip::Disabled),
        Verdict::Filtered => Some(Skip::Filtered),
        Verdict::Matched
        | Verdict::Registered
        | Verdict::Unmatched
        | Verdict::Duplicate
        | Verdict::Paused => Some(Skip::Unmatched),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_core::source::Source;

    #[test]
    fn bodies_are_held_within_their_bound() {
        let outline = |kept| Outline {
            id: String::new(),
            verdict: Verdict::Matched,
            source: Source::Gitlab,
            body_size: 0,
            kept: Some(kept),
        };
        let sizes = |kept: &[i32]| -> Vec<usize> {
            split_batches(kept.iter().map(|kept| outline(*kept)).collect())
                .iter()
                .map(Vec::len)
                .collect()
        };
        assert_eq!(sizes(&[9_000_000, 9_000_000, 1_000, 26_000_000, 1]), [1, 2, 1, 1]);
        assert_eq!(sizes(&[1; 250]), [100, 100, 50]);
    }
}
