//! Webhooks out of the table into a file's form, and back: a plan first, then all of it in one
//! transaction, each webhook as if a person had saved it. Nothing is ever deleted.

use super::input::{Draft, Fault, Rules, SecretChange, WebhookInput};
use super::save::{Target, apply_max_concurrent, save_within};
use super::secrets::is_stored;
use super::{Act, SaveError, secrets};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use signalbox_core::action::ActionSpec;
use signalbox_core::idempotency::to_hex;
use signalbox_core::ids::WebhookId;
use signalbox_core::transfer::{
    self, Difference, Document, PortableWebhook, Reference, Unreadable,
};
use signalbox_core::transfer::{find_differences, pair_webhooks};
use signalbox_core::webhook::Concurrency;
use signalbox_i18n::say;
use signalbox_store::webhooks::{self, Row, Tokens};
use signalbox_store::{Conn, StoreError, run_transaction};
use std::collections::BTreeMap;
use std::sync::Arc;

pub mod preview;

/// Secrets by the variable that holds them.
pub type Secrets = BTreeMap<String, SecretString>;

/// What the rules of a webhook depend on, for all webhooks.
pub struct Setting<'a> {
    /// The catalogue's entry of a name.
    pub action: &'a dyn Fn(&str) -> Option<Arc<ActionSpec>>,
    /// Whether a webhook may be enabled without any secret.
    pub allow_no_secret: bool,
    /// Who imports, with fresh random bytes for each webhook.
    pub act: &'a dyn Fn() -> Act<'a>,
}

/// What a webhook of the file is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Not here yet.
    New,
    /// Here, with these differences.
    Different(Vec<Difference>),
    /// Here, and the same but for secrets.
    Same,
}

/// One webhook of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the webhook is called.
    pub label: String,
    /// What it is here.
    pub kind: Kind,
    /// The variables of the secrets that are not here yet.
    pub wants: Vec<String>,
    /// Whether no secret of the webhook is here.
    pub has_no_secret: bool,
    here: Option<(i64, i32)>,
}

/// A file against what is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The file's webhooks, in its order.
    pub steps: Vec<Step>,
    /// Webhooks here that the file does not have.
    pub only_here: Vec<String>,
}

impl Plan {
    /// Which webhooks of the table the file's are, and as of when: another text once one of them
    /// was changed, deleted or added.
    pub fn version_mark(&self) -> String {
        let marks: Vec<String> = self
            .steps
            .iter()
            .map(|step| step.here.map_or_else(String::new, |(id, at)| format!("{id}.{at}")))
            .collect();
        to_hex(&Sha256::digest(marks.join(",")))
    }

    /// Whether file and table say the same, secrets apart.
    pub fn is_same(&self) -> bool {
        self.only_here.is_empty() && self.steps.iter().all(|step| step.kind == Kind::Same)
    }
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Webhooks added.
    pub added: usize,
    /// Webhooks changed, their secrets included.
    pub changed: usize,
    /// Webhooks that were the same already.
    pub same: usize,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Webhooks that break a rule: each with what it is called.
    #[error("{} faults", .0.len())]
    Faults(Vec<(String, Fault)>),
    /// A webhook could not be saved.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Save(error.into())
    }
}

/// A webhook's fields as the file has them; secrets are references that `write` names.
fn to_portable(row: Row) -> PortableWebhook {
    let reference = |is_set: bool| is_set.then(|| Reference { env: String::new() });
    PortableWebhook {
        secret_token: reference(row.has_secret_token),
        signing_token: reference(row.has_signing_token),
        name: row.name,
        repo_name: row.repo_name,
        repo_url: row.repo_url,
        object_kind: row.object_kind,
        project_id: row.project_id,
        http_x_gitlab_event: row.http_x_gitlab_event,
        enabled: row.enabled,
        ref_filter: row.ref_filter,
        path_filter: row.path_filter,
        condition: row.condition,
        obey_skip: row.obey_skip,
        require_signature: row.require_signature,
        register_on_first_event: Some(row.register_on_first_event),
        action: row.action,
        action_params: serde_json::from_value(row.action_params).unwrap_or_default(),
        concurrency: row.concurrency.as_str().to_owned(),
        debounce_s: row.debounce_s,
        cancel_running: row.cancel_running,
        max_concurrent_jobs: row.max_concurrent_jobs,
        max_attempts: row.max_attempts,
        timeout_s: row.timeout_s,
        notes: row.notes,
    }
}

/// All webhooks as a file has them, in the order of their ids.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn export_webhooks(conn: &mut Conn) -> Result<Vec<PortableWebhook>, StoreError> {
    Ok(webhooks::list_all(conn).await?.into_iter().map(to_portable).collect())
}

/// These webhooks as a file.
///
/// # Errors
/// A webhook that YAML cannot hold.
pub fn file_of(rows: Vec<Row>) -> Result<String, Unreadable> {
    transfer::write_document(rows.into_iter().map(to_portable).collect())
}

/// What an import of the file would do.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn plan_import(conn: &mut Conn, file: &Document) -> Result<Plan, StoreError> {
    Ok(plan_rows(&webhooks::list_all(conn).await?, file))
}

fn plan_rows(rows: &[Row], file: &Document) -> Plan {
    let marks: Vec<(i64, i32)> = rows.iter().map(|row| (row.id, row.version)).collect();
    let here: Vec<PortableWebhook> = rows.iter().cloned().map(to_portable).collect();
    let pairs = pair_webhooks(&file.webhooks, &here);
    let steps = file.webhooks.iter().zip(&pairs).map(|(webhook, found)| {
        let known = found.and_then(|index| Some((here.get(index)?, *marks.get(index)?)));
        step_of(webhook, known)
    });
    let only_here = here.iter().enumerate().filter(|(index, _)| !pairs.contains(&Some(*index)));
    Plan {
        steps: steps.collect(),
        only_here: only_here.map(|(_, webhook)| webhook.label()).collect(),
    }
}

fn step_of(webhook: &PortableWebhook, known: Option<(&PortableWebhook, (i64, i32))>) -> Step {
    let known_secrets = known.map_or((None, None), |(here, _)| {
        (here.secret_token.as_ref(), here.signing_token.as_ref())
    });
    let wants = [
        (webhook.secret_token.as_ref(), known_secrets.0),
        (webhook.signing_token.as_ref(), known_secrets.1),
    ];
    Step {
        label: webhook.label(),
        kind: match known.map(|(here, _)| find_differences(here, webhook)) {
            None => Kind::New,
            Some(differences) if differences.is_empty() => Kind::Same,
            Some(differences) => Kind::Different(differences),
        },
        wants: wants
            .into_iter()
            .filter(|(_, here)| here.is_none())
            .filter_map(|(wanted, _)| wanted.map(|reference| reference.env.clone()))
            .collect(),
        has_no_secret: known_secrets == (None, None),
        here: known.map(|(_, mark)| mark),
    }
}

/// Imports the file: all of it, or nothing. A secret that is given takes the place of another one;
/// one that is not given leaves what is here.
///
/// # Errors
/// [`ImportError::Faults`] with every fault of every webhook; [`SaveError::Stale`] when someone
/// changed a webhook meanwhile.
pub async fn import_document(
    conn: &mut Conn,
    file: &Document,
    given: &Secrets,
    setting: &Setting<'_>,
) -> Result<Imported, ImportError> {
    let (imported, saved) = run_transaction(conn, async |conn: &mut Conn| {
        let plan = plan_import(conn, file).await?;
        carry_out(conn, file, &plan, given, setting).await
    })
    .await?;
    heed_limits(conn, &saved, setting).await?;
    Ok(imported)
}

async fn heed_limits(
    conn: &mut Conn,
    saved: &[Row],
    setting: &Setting<'_>,
) -> Result<(), ImportError> {
    for webhook in saved {
        apply_max_concurrent(conn, (setting.act)().now, webhook).await.map_err(SaveError::from)?;
    }
    Ok(())
}

/// Does what a plan says, in a transaction that has begun; what came of it, and the webhooks saved.
async fn carry_out(
    conn: &mut Conn,
    file: &Document,
    plan: &Plan,
    given: &Secrets,
    setting: &Setting<'_>,
) -> Result<(Imported, Vec<Row>), ImportError> {
    let mut inputs = Vec::new();
    let mut faults = Vec::new();
    for (webhook, step) in file.webhooks.iter().zip(&plan.steps) {
        match read_input(conn, webhook, step, given, setting).await? {
            Ok(input) => inputs.push(input),
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| (step.label.clone(), fault)));
            }
        }
    }
    if !faults.is_empty() {
        return Err(ImportError::Faults(faults));
    }
    let mut imported = Imported::default();
    let mut saved = Vec::new();
    for (input, step) in inputs.iter().zip(&plan.steps) {
        let target = step
            .here
            .map_or(Target::Add, |(id, version)| Target::Change { id: WebhookId(id), version });
        match &step.kind {
            Kind::New => imported.added += 1,
            Kind::Same if !input.changes_secrets() => {
                imported.same += 1;
                continue;
            }
            Kind::Same | Kind::Different(_) => imported.changed += 1,
        }
        let act = (setting.act)();
        let secrets = secrets::new(input, &act).map_err(SaveError::from)?;
        saved.push(save_within(conn, &act, target, input, &secrets).await?.row);
    }
    Ok((imported, saved))
}

/// A webhook of the file as it would be saved.
async fn read_input(
    conn: &mut Conn,
    webhook: &PortableWebhook,
    step: &Step,
    given: &Secrets,
    setting: &Setting<'_>,
) -> Result<Result<WebhookInput, Vec<Fault>>, ImportError> {
    let row = match step.here {
        Some((id, _)) => Some(webhooks::find_for_update(conn, WebhookId(id)).await?),
        None => None,
    };
    let stored = match step.here {
        Some((id, _)) => webhooks::find_tokens(conn, WebhookId(id)).await?,
        None => Tokens::default(),
    };
    Ok(check_portable(webhook, row.as_ref(), &stored, given, setting))
}

/// A webhook of the file by the rules of a form.
fn check_portable(
    webhook: &PortableWebhook,
    row: Option<&Row>,
    stored: &Tokens,
    given: &Secrets,
    setting: &Setting<'_>,
) -> Result<WebhookInput, Vec<Fault>> {
    let act = (setting.act)();
    let change = |reference: &Option<Reference>, stored: Option<&Vec<u8>>| {
        let secret = reference.as_ref().and_then(|reference| given.get(&reference.env));
        match secret {
            Some(secret) if stored.is_some_and(|stored| is_stored(secret, stored, act.keys)) => {
                SecretChange::Keep
            }
            Some(secret) => SecretChange::Set(secret.clone()),
            None => SecretChange::Keep,
        }
    };
    let (project_id, on_first_event) = row.map_or((webhook.project_id, None), |row| {
        (row.project_id, Some(row.register_on_first_event))
    });
    let draft = portable_draft(
        webhook.clone().registered_as(project_id, on_first_event),
        change(&webhook.secret_token, stored.secret_digest.as_ref()),
        change(&webhook.signing_token, stored.signing_token.as_ref()),
    );
    let action = (setting.action)(&webhook.action);
    let rules = Rules {
        action: action.as_deref(),
        allow_no_secret: setting.allow_no_secret,
        has_secret_token: row.is_some_and(|row| row.has_secret_token),
        has_signing_token: row.is_some_and(|row| row.has_signing_token),
    };
    let mut checked = WebhookInput::check_draft(draft, &rules);
    if Concurrency::parse(&webhook.concurrency).is_none() {
        let message =
            say!("“{word}” is not parallel, serial or latest.", word = webhook.concurrency);
        let fault = Fault { field: "concurrency".to_owned(), message: message.into() };
        checked = Err(checked.err().into_iter().flatten().chain([fault]).collect());
    }
    checked
}

fn portable_draft(
    webhook: PortableWebhook,
    secret_token: SecretChange,
    signing_token: SecretChange,
) -> Draft {
    Draft {
        name: webhook.name,
        repo_name: webhook.repo_name,
        repo_url: webhook.repo_url,
        object_kind: webhook.object_kind,
        project_id: webhook.project_id,
        http_x_gitlab_event: webhook.http_x_gitlab_event,
        enabled: webhook.enabled,
        secret_token,
        signing_token,
        ref_filter: webhook.ref_filter,
        path_filter: webhook.path_filter,
        condition: webhook.condition,
        obey_skip: webhook.obey_skip,
        require_signature: webhook.require_signature,
        register_on_first_event: webhook.register_on_first_event.unwrap_or(true),
        action: webhook.action,
        action_params: webhook.action_params,
        concurrency: Concurrency::parse(&webhook.concurrency).unwrap_or_default(),
        debounce_s: webhook.debounce_s,
        cancel_running: webhook.cancel_running,
        max_concurrent_jobs: webhook.max_concurrent_jobs,
        max_attempts: webhook.max_attempts,
        timeout_s: webhook.timeout_s,
        notes: webhook.notes,
        ..Draft::default()
    }
}
