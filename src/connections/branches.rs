//! What GitLab neither sent nor logged, because its webhook was disabled or for longer than its log: each
//! branch is compared with the last commit that is known, and a push is made for one that went on.
//!
//! It is made a minute after it was found missing, as an event may be on its way. From then on the intake
//! knows the commit (`gitlab_heads`): GitLab's own push, should it come after all, and the one that is made
//! claim one key, so that one of the two is a repeat.

use super::catch_up::{MANY, MissedEvents};
use super::client::open_client;
use super::setup::{SetupError, last_seen};
use super::take::{CatchUp, Take};
use crate::clock;
use crate::intake::Origin;
use chrono::{DateTime, TimeDelta};
use signalbox_core::catch_up::{Head, LATE, find_missed_heads, head_key};
use signalbox_core::event::GitRef;
use signalbox_gitlab::branches::{Branch, Comparison, push_body};
use signalbox_gitlab::{ApiFailure, Client};
use signalbox_store::gitlab::heads::{self, DueHead};
use signalbox_store::gitlab::{self, Hook};
use std::collections::BTreeMap;

/// The header of a push.
const PUSH: &str = "Push Hook";
/// After so long, nobody can tell what of the branches ran.
const LONG: TimeDelta = TimeDelta::days(7);

impl CatchUp<'_> {
    /// Compares the branches of a webhook's project; how many went on without a push. The first time, they
    /// are only noted. Unless a person says so, many wait for one.
    pub(super) async fn compare_branches(
        self,
        client: &Client,
        hook: &Hook,
        is_asked: bool,
    ) -> Result<usize, SetupError> {
        let (begun, project) = (clock::now(), hook.project_id);
        let served = gitlab::hook_webhooks(&mut *self.pool.get_conn().await?, hook.id).await?;
        // Which branches GitLab is to send, where it is not to send all, only GitLab knows.
        let is_filtered = last_seen(hook).and_then(|seen| seen.push_events_branch_filter);
        let is_filtered = is_filtered.is_some_and(|filter| !filter.is_empty());
        if is_filtered || !served.iter().any(|row| row.enabled && row.object_kind == "push") {
            return Ok(0);
        }
        let branches = match client.list_branches(project).await {
            // A project without a repository, or one whose repository is hidden for now.
            Err(ApiFailure::NotFound) => return Ok(0),
            branches => branches?,
        };
        let heads: Vec<Head> = branches.iter().map(head_of).collect();
        let mut conn = self.pool.get_conn().await?;
        let missed = match hook.heads_at {
            None => Vec::new(),
            Some(at) => {
                let compared = heads::list_heads(&mut conn, hook.id).await?;
                let pushes = heads::list_pushes(&mut conn, project, at).await?;
                find_missed_heads(&heads, &compared, &pushes)
            }
        };
        // What ran long ago is not known any more.
        let is_long = hook.heads_at.is_some_and(|at| at < begun - LONG);
        if (missed.len() > MANY || is_long && !missed.is_empty()) && !is_asked {
            let (from, to) = (hook.heads_at.unwrap_or(begun), begun);
            let kinds = BTreeMap::from([("Branches".to_owned(), missed.len())]);
            let read_to = hook.log_read_to.unwrap_or(hook.created_at);
            let waiting = MissedEvents { count: missed.len(), from, to, kinds, read_to };
            waiting.note(&mut conn, hook.id).await?;
            return Ok(0);
        }
        heads::note_heads(&mut conn, hook.id, (&heads, &missed), begun).await?;
        Ok(missed.len())
    }

    /// Makes the pushes that were found missing and have not come since.
    pub(super) async fn make_pushes(self) -> Result<(), SetupError> {
        let due = {
            let mut conn = self.pool.get_conn().await?;
            heads::list_due_heads(&mut conn, clock::now()).await?
        };
        let mut by_hook: BTreeMap<i64, Vec<DueHead>> = BTreeMap::new();
        for head in due {
            by_hook.entry(head.hook_id).or_default().push(head);
        }
        for (hook, due) in by_hook {
            let claimed = {
                let mut conn = self.pool.get_conn().await?;
                gitlab::claim_hook(&mut conn, hook, clock::now()).await?
            };
            let Some(hook) = claimed else { continue };
            let made = self.make_pushes_of(&hook, &due).await;
            let mut conn = self.pool.get_conn().await?;
            gitlab::release_hook(&mut conn, hook.id).await?;
            if let Err(SetupError::Gitlab(failure)) = &made {
                heads::put_off(&mut conn, hook.id, clock::now()).await?;
                gitlab::note_hook_failure(&mut conn, hook.id, &failure.to_stored(), clock::now())
                    .await?;
            } else {
                made?;
            }
        }
        Ok(())
    }

    async fn make_pushes_of(self, hook: &Hook, due: &[DueHead]) -> Result<(), SetupError> {
        let connection = {
            let mut conn = self.pool.get_conn().await?;
            gitlab::find_connection(&mut conn, hook.connection_id).await?
        };
        let client = open_client(self.pool, self.keys, &connection)?;
        for due in due {
            self.make_push(&client, hook, due).await?;
        }
        Ok(())
    }

    async fn make_push(
        self,
        client: &Client,
        hook: &Hook,
        due: &DueHead,
    ) -> Result<(), SetupError> {
        let git_ref = GitRef::from(due.git_ref.as_str());
        let branch = match client.fetch_branch(hook.project_id, git_ref.branch_name()).await {
            Ok(branch) if branch.commit.id == due.missed_sha => branch,
            // It went on, or is gone: it is compared anew.
            Ok(_) | Err(ApiFailure::NotFound) => {
                return Ok(heads::leave_head(&mut *self.pool.get_conn().await?, due).await?);
            }
            Err(failure) => return Err(failure.into()),
        };
        let head = head_of(&branch);
        let since = due.missed_at.unwrap_or(DateTime::UNIX_EPOCH);
        let came = {
            let mut conn = self.pool.get_conn().await?;
            let pushes = heads::list_pushes(&mut conn, hook.project_id, since).await?;
            pushes.iter().any(|(push, _)| *push == head)
        };
        if !came {
            let project = client.fetch_project(hook.project_id).await?;
            let before = Some(due.sha.as_str()).filter(|sha| !sha.is_empty());
            let between = match before {
                Some(before) => compare(client, project.id, (before, &head.sha)).await?,
                None => None,
            };
            let body = push_body(&project, &branch, before, between.as_ref()).to_string();
            let push = Take {
                header: PUSH,
                headers: [("X-Gitlab-Event".to_owned(), PUSH.to_owned())].into(),
                key: head_key(hook.project_id, &head),
                keeps: LATE,
                body: body.into(),
                origin: Origin::CatchUp,
            };
            self.submit(self.arrival_of(hook, push)?).await?;
            tracing::info!(
                gitlab.project = hook.project_id,
                "GitLab sent no push of {} of project {}: it was made",
                due.git_ref,
                hook.project_id
            );
        }
        Ok(heads::settle_head(&mut *self.pool.get_conn().await?, due, clock::now()).await?)
    }
}

/// What lies between two commits; none where GitLab cannot say: the first may be gone.
async fn compare(
    client: &Client,
    project: i64,
    (from, to): (&str, &str),
) -> Result<Option<Comparison>, ApiFailure> {
    match client.compare_commits(project, from, to).await {
        Ok(between) => Ok(Some(between)),
        Err(ApiFailure::NotFound | ApiFailure::NotAccepted { .. } | ApiFailure::TooLong) => {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

fn head_of(branch: &Branch) -> Head {
    Head { git_ref: branch.git_ref(), sha: branch.commit.id.clone() }
}
