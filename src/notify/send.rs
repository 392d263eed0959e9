//! The sender: takes messages that are due, sends them, and notes what came of it. A message that was
//! taken is due again after a while: if this process dies before it notes what came of it, another
//! sends it, and where it had been sent already it comes twice.

use super::Teller;
use super::compose::compose_letter;
use super::outbox::after_quiet_hours;
use super::{channels::open_target, mail::send_mail, post::send_post};
use crate::clock;
use chrono::TimeDelta;
use futures_util::stream::{FuturesUnordered, StreamExt};
use signalbox_core::failure::Failure;
use signalbox_core::notify::channel::Target;
use signalbox_core::notify::happening::Content;
use signalbox_core::notify::timing::{TRIES, retry_policy};
use signalbox_core::sentence::Sentence;
use signalbox_outbound::CallFailure;
use signalbox_store::notify::channels::{self, Channel};
use signalbox_store::notify::messages::{self, Due, New, Tried};
use signalbox_store::{Conn, Result, StoreError, run_transaction};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// How many are sent at once.
const AT_ONCE: usize = 10;
/// How long sending one may take.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// When a message that was taken is due again, unless what came of it is noted before.
const LEASE: TimeDelta = TimeDelta::minutes(2);

pub(super) async fn run_sender(teller: &Teller, stop: &CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Whoever answers slowly holds up one of them, not all.
    let mut sending = FuturesUnordered::new();
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            Some(sent) = sending.next() => warn_of(sent),
            _ = tick.tick() => match take_due(teller, AT_ONCE - sending.len()).await {
                Ok(due) => sending.extend(due.into_iter().map(|due| try_message(teller, due))),
                Err(error) => warn_of(Err(error)),
            },
        }
    }
    // What is being sent is sent to its end: it would come twice.
    while let Some(sent) = sending.next().await {
        warn_of(sent);
    }
}

fn warn_of(sent: Result<()>) {
    if let Err(error) = sent {
        tracing::warn!(%error, "Failed to send messages: {error}; trying again");
    }
}

async fn take_due(teller: &Teller, most: usize) -> Result<Vec<Due>> {
    let mut conn = teller.pool.get_conn().await?;
    run_transaction::<_, StoreError, _>(&mut conn, async |conn: &mut Conn| {
        let now = clock::now();
        messages::take_due(conn, now, now + LEASE, i64::try_from(most).unwrap_or(0)).await
    })
    .await
}

/// Sends the test of a channel at once; answers why it was not sent.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn send_test(teller: &Teller, channel: &Channel, by: &str) -> Result<Option<Failure>> {
    let (id, now) = (clock::unique_id(), clock::now());
    let mut conn = teller.pool.get_conn().await?;
    let new = New {
        id: &id,
        created_at: now,
        // Until then it is ours to send.
        due_at: now + LEASE,
        channel: (channel.id, &channel.name),
        rule: None,
        content: &Content::test(by),
    };
    messages::insert_message(&mut conn, new).await?;
    drop(conn);
    send_now(teller, &id).await
}

/// Sends a message at once; answers why it was not sent.
///
/// # Errors
/// [`StoreError::NotFound`] if it is gone; any other of the database.
pub async fn send_now(teller: &Teller, id: &str) -> Result<Option<Failure>> {
    let mut conn = teller.pool.get_conn().await?;
    let taken = messages::take_one(&mut conn, id, clock::now() + LEASE).await?;
    drop(conn);
    let due = taken.ok_or(StoreError::NotFound)?;
    try_message(teller, due).await?;
    Ok(messages::find_row(&mut *teller.pool.get_conn().await?, id).await?.failure)
}

/// Tries to send one message, and notes what came of it.
async fn try_message(teller: &Teller, due: Due) -> Result<()> {
    let channel = match due.channel_id {
        Some(id) => {
            let found = channels::find_channel(&mut *teller.pool.get_conn().await?, id).await;
            match found {
                Err(StoreError::NotFound) => None,
                found => Some(found?),
            }
        }
        None => None,
    };
    let limited = tokio::time::timeout(TIME_LIMIT, send_message(teller, channel.as_ref(), &due));
    let sent = limited.await.unwrap_or_else(|_| {
        let seconds = TIME_LIMIT.as_secs().to_string();
        Err(CallFailure::fail_for_now(Failure::NoAnswer { seconds }))
    });
    let now = clock::now();
    let is_test = due.content.get("rule").is_none_or(serde_json::Value::is_null);
    let mut conn = teller.pool.get_conn().await?;
    let (answer, failed) = match sent {
        Ok(answer) => (answer, None),
        Err(failed) => (String::new(), Some(failed)),
    };
    let again = failed.as_ref().filter(|failed| {
        // Whoever tests a channel looks at what came of it.
        failed.temporary && due.attempts < TRIES && !is_test
    });
    let due_at = again.map(|_| {
        let at = now + retry_policy().wait_after(due.attempts, clock::random_jitter());
        channel.as_ref().map_or(at, |channel| after_quiet_hours(channel, at))
    });
    if let Some(failed) = &failed {
        let why = failed.why.sentence();
        let then = if due_at.is_some() { "trying again" } else { "giving it up" };
        tracing::warn!("Message {} was not sent: {why} ({then})", due.id);
    }
    let tried = Tried {
        sent_at: failed.is_none().then_some(now),
        due_at,
        answer: &answer,
        failure: failed.as_ref().map(|failed| &failed.why),
    };
    messages::note_try(&mut conn, &due.id, tried).await
}

async fn send_message(
    teller: &Teller,
    channel: Option<&Channel>,
    due: &Due,
) -> std::result::Result<String, CallFailure> {
    let refuse = |why: &'static str| {
        CallFailure::refuse_for_good(Failure::NotSent { reason: Sentence::new(why) })
    };
    let channel = channel.ok_or_else(|| refuse("the channel was deleted"))?;
    let content: Content = serde_json::from_value(due.content.clone())
        .map_err(|_| refuse("the message is of another version"))?;
    if !channel.enabled && content.rule.is_some() {
        return Err(refuse("the channel is disabled"));
    }
    let target = open_target(&teller.keys, channel).map_err(|_| {
        refuse("its settings were sealed with another secret key; enter them again")
    })?;
    let letter = compose_letter(teller, Some(channel), &content);
    let sent = match &target {
        Target::Mail(mail) => send_mail(mail, &due.id, &letter).await,
        Target::Post(post) => {
            send_post(teller, channel.kind, post, &due.id, (&letter, &content)).await
        }
    };
    let mask = |text: &str| mask_secrets(&target, text);
    sent.map(|answer| mask(&answer))
        .map_err(|failed| CallFailure { why: failed.why.with_texts(&mask), ..failed })
}

/// A text of the other side without what is secret of the channel, which it may repeat.
fn mask_secrets(target: &Target, text: &str) -> String {
    let secrets = match target {
        Target::Mail(mail) => vec![mail.password.as_str()],
        Target::Post(post) => {
            let query = post.url.query().unwrap_or_default();
            vec![post.url.as_str(), post.url.path(), query, post.signing_secret.as_str()]
        }
    };
    secrets
        .into_iter()
        .filter(|secret| secret.len() > 1)
        .fold(text.to_owned(), |text, secret| text.replace(secret, "[masked]"))
}
