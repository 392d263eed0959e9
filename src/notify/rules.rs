//! Rules as a person changes them: each change is one transaction with the version check and the audit
//! entry.

use super::By;
use signalbox_core::change::{Snapshot, Value, diff_snapshots};
use signalbox_core::notify::channel::input::Fault;
use signalbox_core::notify::rule::Rule;
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::notify::rules::{self, Row, Values};
use signalbox_store::{Conn, StoreError, run_transaction};

/// Why a rule was not saved.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// A field is wrong.
    #[error("a field is wrong")]
    Invalid(Fault),
    /// It is stale or gone, or the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a rule; answers it.
///
/// # Errors
/// What is wrong with it; the database.
pub async fn add_rule(conn: &mut Conn, by: By<'_>, values: Values) -> Result<Row, RuleError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let id = rules::insert_rule(conn, check(values)?, by.at).await.map_err(explain)?;
        let row = rules::find_rule(conn, id).await?;
        log_rule(conn, by, Verb::Add, (None, Some(&row))).await?;
        Ok(row)
    })
    .await
}

/// Changes a rule, which had this version when its form was opened; answers it.
///
/// # Errors
/// What is wrong with it; stale; gone; the database.
pub async fn change_rule(
    conn: &mut Conn,
    by: By<'_>,
    (id, version): (i64, i32),
    values: Values,
) -> Result<Row, RuleError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let before = rules::find_rule(conn, id).await?;
        rules::update_rule(conn, (id, version), check(values)?, by.at).await.map_err(explain)?;
        let row = rules::find_rule(conn, id).await?;
        log_rule(conn, by, Verb::Change, (Some(&before), Some(&row))).await?;
        Ok(row)
    })
    .await
}

/// Deletes a rule; answers it as it was.
///
/// # Errors
/// It is gone; the database.
pub async fn delete_rule(conn: &mut Conn, by: By<'_>, id: i64) -> Result<Row, StoreError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let before = rules::find_rule(conn, id).await?;
        rules::delete_rule(conn, id).await?;
        log_rule(conn, by, Verb::Delete, (Some(&before), None)).await?;
        Ok(before)
    })
    .await
}

fn check(values: Values) -> Result<Values, RuleError> {
    if values.webhook.is_some() && !values.rule.kind().is_of_webhook() {
        let why = "This rule is about the whole installation. Leave the webhook empty.";
        return Err(RuleError::Invalid(("webhook", why.into())));
    }
    Ok(values)
}

fn explain(error: StoreError) -> RuleError {
    let invalid = |field, why: &'static str| RuleError::Invalid((field, why.into()));
    match error {
        StoreError::Constraint(broken) => match broken.as_str() {
            "notification_rules_kind_key" => {
                invalid("kind", "The channel has this rule already, for the same webhooks.")
            }
            "notification_rules_webhook_id_fkey" => {
                invalid("webhook", "There is no webhook with this ID.")
            }
            "notification_rules_channel_id_fkey" => {
                invalid("channel", "This channel is gone. Choose another.")
            }
            _ => StoreError::Constraint(broken).into(),
        },
        error => error.into(),
    }
}

fn rule_kind(row: &Row) -> &str {
    row.rule.split(':').next().unwrap_or_default()
}

fn snapshot(row: &Row) -> Snapshot {
    let number = row.typed().and_then(Rule::number);
    Snapshot::from([
        ("channel", Value::Text(row.channel.clone())),
        ("kind", Value::Text(rule_kind(row).to_owned())),
        ("number", number.map_or(Value::None, |number| Value::Number(number.into()))),
        ("webhook", row.webhook_id.map_or(Value::None, Value::Number)),
        ("enabled", Value::Bool(row.enabled)),
    ])
}

async fn log_rule(
    conn: &mut Conn,
    by: By<'_>,
    verb: Verb,
    (before, after): (Option<&Row>, Option<&Row>),
) -> Result<(), StoreError> {
    let Some(row) = after.or(before) else { return Ok(()) };
    let (old, new) = (before.map(snapshot), after.map(snapshot));
    let entry = Entry {
        at: by.at,
        actor: Some(by.actor),
        verb,
        object_type: object::RULE,
        object_id: &row.id.to_string(),
        object_name: &format!("{}: {}", row.channel, row.rule),
        changes: diff_snapshots(old.as_ref(), new.as_ref()),
        remote_addr: by.remote_addr,
    };
    audit::record_entry(conn, entry).await
}
