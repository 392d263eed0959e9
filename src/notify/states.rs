//! The sweep over what lasts: webhooks that receive nothing, refused credentials, a job that waits, a lost
//! worker, a full disk, what GitLab disabled, a token that expires. Each is told once, and again only after it was over.

use super::Teller;
use super::outbox::Outbox;
use super::sweep::load_telling;
use crate::clock;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::job::WORKER_TIMEOUT;
use signalbox_core::notify::choice::{Kept, rules_for};
use signalbox_core::notify::happening::{Happening, Named};
use signalbox_core::notify::rule::{Rule, RuleKind};
use signalbox_core::webhook::webhook_label;
use signalbox_store::notify::marks::{self, Found};
use signalbox_store::notify::sweep;
use signalbox_store::{Conn, Result, run_transaction};
use std::collections::HashMap;
use std::path::Path;

/// How long a state must be over before it is told again.
const CALM: TimeDelta = TimeDelta::minutes(10);
/// Why deliveries are rejected for their credentials; those that are counted in one row among them.
const REFUSED: [&str; 4] = ["no_credential", "wrong_credential", "only_token", "counted"];

/// What a rule finds: of what, and what is said of it.
type Findings = Vec<(Kept, String, Happening)>;

pub(super) async fn sweep_states(teller: &Teller) -> Result<()> {
    let mut conn = teller.pool.get_conn().await?;
    run_transaction(&mut conn, async |conn: &mut Conn| {
        if !sweep::try_lock(conn).await? {
            return Ok(());
        }
        let now = clock::now();
        let (channels, rules) = load_telling(conn).await?;
        let kept: Vec<Kept> = rules.iter().map(|one| one.kept).collect();
        let lasting: Vec<Kept> =
            kept.iter().filter(|one| !one.rule.kind().is_of_job()).copied().collect();
        if lasting.is_empty() {
            return Ok(());
        }
        let mut findings = find_quiet(conn, &lasting, now).await?;
        find_others(conn, &lasting, &teller.data_dir, now, &mut findings).await?;
        find_of_gitlab(conn, &lasting, now, &mut findings).await?;
        let mut outbox = Outbox::new(&channels, now);
        for rule in lasting {
            let (subjects, said): (Vec<String>, Vec<Happening>) = findings
                .iter()
                .filter(|(found, ..)| found.id == rule.id)
                .map(|(_, subject, happening)| (subject.clone(), happening.clone()))
                .unzip();
            let found = Found { rule: rule.id, subjects: &subjects, among: None };
            let new = marks::note_found(conn, found, now - CALM, now).await?;
            for (subject, happening) in subjects.iter().zip(said) {
                if new.contains(subject) {
                    outbox.take_up(conn, rule, happening).await?;
                }
            }
        }
        outbox.store(conn).await
    })
    .await
}

async fn find_quiet(conn: &mut Conn, kept: &[Kept], now: DateTime<Utc>) -> Result<Findings> {
    let days = |rule: Rule| match rule {
        Rule::Quiet { days } => Some(TimeDelta::days(days.into())),
        _ => None,
    };
    let Some(shortest) = kept.iter().filter_map(|one| days(one.rule)).min() else {
        return Ok(Vec::new());
    };
    let mut findings = Vec::new();
    for (id, name, repo, kind, last, since) in marks::quiet_webhooks(conn, now - shortest).await? {
        for rule in rules_for(kept, Some(id), RuleKind::Quiet) {
            let wait = days(rule.rule).unwrap_or(shortest);
            if now - last.unwrap_or(since).max(since) >= wait {
                let webhook = Named { id, name: webhook_label(&name, &repo, &kind) };
                let last = last.map(|last| last.format("%Y-%m-%d %H:%M UTC").to_string());
                findings.push((rule, id.to_string(), Happening::Quiet { webhook, last }));
            }
        }
    }
    Ok(findings)
}

async fn find_others(
    conn: &mut Conn,
    kept: &[Kept],
    data_dir: &Path,
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<()> {
    // Each is looked at once, whatever the number of rules.
    let of = |kind| rules_for(kept, None, kind);
    let mut firing: HashMap<RuleKind, Vec<Kept>> = HashMap::new();
    for kind in [RuleKind::Refused, RuleKind::Late, RuleKind::WorkerLost, RuleKind::DiskFull] {
        firing.insert(kind, of(kind));
    }
    let rules = |kind| firing.get(&kind).into_iter().flatten().copied();
    if rules(RuleKind::Refused).next().is_some() {
        let count = marks::count_refused(conn, &REFUSED, now - TimeDelta::hours(1)).await?;
        let deliveries = u64::try_from(count).unwrap_or_default();
        for rule in rules(RuleKind::Refused) {
            if deliveries >= number_of(rule) {
                let happening = Happening::Refused { deliveries };
                findings.push((rule, "refused".to_owned(), happening));
            }
        }
    }
    if rules(RuleKind::Late).next().is_some()
        && let Some(due) = marks::oldest_due(conn).await?
    {
        let seconds = u64::try_from(due.seconds).unwrap_or_default();
        for rule in rules(RuleKind::Late) {
            if seconds >= number_of(rule) {
                let happening = Happening::Late { seconds, job: due.id.clone() };
                findings.push((rule, "late".to_owned(), happening));
            }
        }
    }
    if rules(RuleKind::WorkerLost).next().is_some() {
        for (worker, host, _) in marks::lost_workers(conn, now - WORKER_TIMEOUT).await? {
            for rule in rules(RuleKind::WorkerLost) {
                let (worker, host) = (worker.clone(), host.clone());
                findings.push((rule, worker.clone(), Happening::WorkerLost { worker, host }));
            }
        }
    }
    if rules(RuleKind::DiskFull).next().is_some()
        && let Some((percent, free_mib)) = disk_use(data_dir)
    {
        for rule in rules(RuleKind::DiskFull) {
            if u64::from(percent) >= number_of(rule) {
                let happening = Happening::DiskFull { percent, free_mib };
                findings.push((rule, "disk".to_owned(), happening));
            }
        }
    }
    Ok(())
}

async fn find_of_gitlab(
    conn: &mut Conn,
    kept: &[Kept],
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Result<()> {
    let disabled = rules_for(kept, None, RuleKind::HookDisabled);
    if !disabled.is_empty() {
        for hook in marks::disabled_hooks(conn).await? {
            let connection = Named { id: hook.connection_id, name: hook.connection };
            let happening =
                Happening::HookDisabled { connection, project: hook.project, until: hook.until };
            let found = disabled.iter().map(|rule| (*rule, hook.id.to_string(), happening.clone()));
            findings.extend(found);
        }
    }
    let ending = rules_for(kept, None, RuleKind::TokenExpires);
    let last_day = |rule: Kept| {
        let days = rule.rule.number().unwrap_or_default();
        (now + TimeDelta::days(days.into())).date_naive()
    };
    if let Some(latest) = ending.iter().copied().map(last_day).max() {
        for (id, name, on) in marks::ending_tokens(conn, latest).await? {
            let connection = Named { id, name };
            let happening = Happening::TokenExpires { connection, on: on.to_string() };
            // Another token, which ends on another day, is another matter.
            let found = ending.iter().filter(|rule| on <= last_day(**rule));
            findings.extend(found.map(|rule| (*rule, format!("{id} {on}"), happening.clone())));
        }
    }
    Ok(())
}

fn number_of(kept: Kept) -> u64 {
    kept.rule.number().unwrap_or_default().into()
}

/// How full the disk of a directory is, in percent, and what is free for us; none if it cannot be told.
fn disk_use(dir: &Path) -> Option<(u32, u64)> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    // As `df` counts: what only root may fill is neither used nor free.
    let used = disk.f_blocks.saturating_sub(disk.f_bfree);
    let percent = used.saturating_mul(100).div_ceil(used.saturating_add(disk.f_bavail).max(1));
    let free = disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024);
    Some((u32::try_from(percent).ok()?, free))
}

#[cfg(test)]
mod tests {
    use super::disk_use;
    use std::path::Path;

    #[test]
    fn a_disk_is_between_empty_and_full() {
        let (percent, _) = disk_use(Path::new("/")).unwrap();
        assert!(percent <= 100, "{percent}");
        assert_eq!(disk_use(Path::new("/there-is-no-such-directory")), None);
    }
}
