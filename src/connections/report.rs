//! The results of jobs, shown at their commits in GitLab: a sweep notes the states of jobs, and a sender
//! tells GitLab the newest one of each. Neither is in a job's way.

use super::client::open_client;
use crate::clock;
use chrono::TimeDelta;
use futures_util::future::join_all;
use signalbox_core::commit_status::CommitStatus;
use signalbox_core::event::GitRef;
use signalbox_core::merge_comment::{Comment, job_of_comment};
use signalbox_core::notify::timing::{TRIES, retry_policy};
use signalbox_core::seal::Keys;
use signalbox_gitlab::deployments::NewDeployment;
use signalbox_gitlab::statuses::NewStatus;
use signalbox_gitlab::{ApiFailure, Client};
use signalbox_store::gitlab;
use signalbox_store::gitlab::statuses::{self, Due};
use signalbox_store::{Conn, Pool, Result, StoreError, run_transaction};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(2);
/// How many states are taken at once.
const AT_ONCE: i64 = 50;
/// How long a state that was taken is nobody else's.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// How long after it was taken a state is begun to be sent. One call takes two minutes at most.
const PATIENCE: Duration = Duration::from_mins(2);

/// What reporting needs.
pub struct Reporter {
    /// The database.
    pub pool: Pool,
    /// The installation's keys, for the tokens.
    pub keys: Arc<Keys>,
    /// The panel's address, if one is set.
    pub public_url: Option<Url>,
    /// Where a job's page lies.
    pub job_path: fn(&str) -> String,
}

/// Tells GitLab how jobs stand, until `stop`.
pub async fn report_results(reporter: Reporter, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let looked = tokio::select! {
            looked = report_due(&reporter) => looked,
            () = stop.cancelled() => return,
        };
        if let Err(error) = looked {
            tracing::warn!(%error, "Failed to show jobs in GitLab: {error}; trying again");
        }
    }
}

async fn report_due(reporter: &Reporter) -> Result<()> {
    let now = clock::now();
    let due = {
        let mut conn = reporter.pool.get_conn().await?;
        run_transaction::<_, StoreError, _>(&mut conn, async |conn: &mut Conn| {
            statuses::note_states(conn, now).await?;
            statuses::take_due(conn, now, now + LEASE, AT_ONCE).await
        })
        .await?
    };
    let mut by_connection: BTreeMap<i64, Vec<Due>> = BTreeMap::new();
    for due in due {
        by_connection.entry(due.connection_id).or_default().push(due);
    }
    let sent = by_connection.into_iter().map(|(id, due)| send_states(reporter, id, due));
    join_all(sent).await.into_iter().collect()
}

/// Sends the states of one connection, one after the other. What is not begun in time is due again later.
async fn send_states(reporter: &Reporter, connection: i64, due: Vec<Due>) -> Result<()> {
    let connection = {
        let mut conn = reporter.pool.get_conn().await?;
        gitlab::find_connection(&mut conn, connection).await?
    };
    let client = open_client(&reporter.pool, &reporter.keys, &connection);
    let begun = tokio::time::Instant::now();
    for due in due {
        if begun.elapsed() >= PATIENCE {
            break;
        }
        let status = CommitStatus::of_job(due.job_state);
        let state = status.as_str();
        let sent = match &client {
            _ if due.sent == state => Ok(None),
            Ok(client) => send_state(reporter, client, &due, status).await,
            Err(failure) => Err(failure.clone()),
        };
        let mut conn = reporter.pool.get_conn().await?;
        let now = clock::now();
        let failure = match sent {
            Ok(deployment) => {
                statuses::note_sent(&mut conn, &due, (state, deployment), now).await?;
                continue;
            }
            Err(failure) => failure,
        };
        let tries = due.attempts + 1;
        let again = (failure.is_temporary() && tries < TRIES)
            .then(|| now + retry_policy().wait_after(tries, clock::random_jitter()));
        statuses::note_unsent(&mut conn, &due, &failure.to_stored(), again, now).await?;
        let then = if again.is_some() { "trying again" } else { "giving it up" };
        let why = failure.sentence();
        tracing::warn!(job.id = %due.job_id, "GitLab does not show job {} as {state}: {why} ({then})", due.job_id);
    }
    Ok(())
}

/// Tells GitLab one state; the deployment that it made for that, if it did.
async fn send_state(
    reporter: &Reporter,
    client: &Client,
    due: &Due,
    state: CommitStatus,
) -> std::result::Result<Option<i64>, ApiFailure> {
    let whole = GitRef::from(due.git_ref.as_str());
    let git_ref = Some(whole.short_name()).filter(|name| !name.is_empty());
    let page = reporter.public_url.as_ref().map(|url| {
        format!("{}{}", url.as_str().trim_end_matches('/'), (reporter.job_path)(&due.job_id))
    });
    let status = NewStatus {
        state: state.as_str(),
        name: &format!("Signalbox: {}", due.name),
        git_ref,
        target_url: page.as_deref(),
    };
    client.set_status(due.project_id, &due.sha, status).await?;
    if let (Some(merge_request), Some(webhook)) = (due.merge_request, due.webhook_id) {
        let comment = Comment {
            name: status.name,
            job: &due.job_id,
            state,
            sha: &due.sha,
            url: page.as_deref(),
        };
        comment_on(client, (due.project_id, merge_request), webhook, comment).await?;
    }
    let (Some(git_ref), false) = (git_ref, due.environment.is_empty()) else { return Ok(None) };
    match deployment_step(state, due) {
        None => Ok(None),
        Some(Step::Move(deployment)) => {
            client.set_deployment(due.project_id, deployment, state.as_str()).await?;
            Ok(None)
        }
        Some(Step::Create) => {
            let deployment = NewDeployment {
                environment: &due.environment,
                sha: &due.sha,
                git_ref,
                tag: !whole.tag_name().is_empty(),
                status: state.as_str(),
            };
            client.create_deployment(due.project_id, deployment).await.map(Some)
        }
    }
}

/// Says in a merge request how a webhook's newest job stands: in the comment that is there, or a new one.
async fn comment_on(
    client: &Client,
    (project, merge_request): (i64, i64),
    webhook: i64,
    comment: Comment<'_>,
) -> std::result::Result<(), ApiFailure> {
    let notes = client.list_notes(project, merge_request).await?;
    let ours =
        notes.iter().filter_map(|note| Some((job_of_comment(&note.body, webhook)?, note.id)));
    let body = comment.to_markdown(webhook);
    match ours.max() {
        Some((job, _)) if job > comment.job => Ok(()),
        Some((_, note)) => match client.edit_note(project, merge_request, note, &body).await {
            // That of another token's user.
            Err(ApiFailure::Forbidden { .. }) => {
                client.create_note(project, merge_request, &body).await
            }
            edited => edited,
        },
        None => client.create_note(project, merge_request, &body).await,
    }
}

/// What is done of a job's deployment.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Create,
    Move(i64),
}

/// A job deploys from when it runs; one that is run again deploys once more. One that ended without
/// having run deployed nothing.
fn deployment_step(state: CommitStatus, due: &Due) -> Option<Step> {
    let has_ended = ["success", "failed", "canceled"].contains(&due.sent.as_str());
    match (state, due.deployment_id.filter(|_| !has_ended)) {
        (CommitStatus::Pending, _) | (CommitStatus::Canceled, None) => None,
        (_, Some(deployment)) => Some(Step::Move(deployment)),
        (_, None) => Some(Step::Create),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_core::job::JobState;

    #[test]
    fn a_job_deploys_from_when_it_runs_and_once_more_when_it_is_run_again() {
        let step = |job_state, sent: &str, deployment_id| {
            let due = Due {
                job_id: String::new(),
                connection_id: 1,
                project_id: 1,
                sha: String::new(),
                git_ref: String::new(),
                name: String::new(),
                job_state,
                sent: sent.to_owned(),
                attempts: 0,
                environment: "production".to_owned(),
                deployment_id,
                merge_request: None,
                webhook_id: None,
            };
            deployment_step(CommitStatus::of_job(job_state), &due)
        };
        assert_eq!(step(JobState::Queued, "", None), None);
        assert_eq!(step(JobState::Running, "pending", None), Some(Step::Create));
        assert_eq!(step(JobState::Succeeded, "running", Some(7)), Some(Step::Move(7)));
        assert_eq!(step(JobState::Failed, "pending", None), Some(Step::Create));
        assert_eq!(step(JobState::Superseded, "pending", None), None);
        assert_eq!(step(JobState::Cancelled, "running", Some(7)), Some(Step::Move(7)));
        assert_eq!(step(JobState::Queued, "failed", Some(7)), None);
        assert_eq!(step(JobState::Running, "failed", Some(7)), Some(Step::Create));
    }
}
