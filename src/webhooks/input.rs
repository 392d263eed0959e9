//! What a person wants a webhook to be, and the rules it must meet. All faults are named at once.

use secrecy::{ExposeSecret, SecretString};
use signalbox_core::action::ActionSpec;
use signalbox_core::credential::{SIGNING_PREFIX, SigningKey};
use signalbox_core::event::kind;
use signalbox_core::event::repository::{RepositoryUrl, without_page};
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::condition;
use signalbox_core::matching::filter::Globs;
use signalbox_core::sentence::Sentence;
use signalbox_core::webhook::Concurrency;
use signalbox_i18n as i18n;
use signalbox_i18n::say;
use std::collections::BTreeMap;

/// Longest that a secret which was replaced may go on, in days.
pub const MAX_KEEP_DAYS: i64 = 90;

/// What is to become of a secret.
#[derive(Default)]
pub enum SecretChange {
    /// It stays as it is.
    #[default]
    Keep,
    /// This one takes its place.
    Set(SecretString),
    /// It is taken away.
    Remove,
}

impl SecretChange {
    /// Whether there is one afterwards.
    fn leaves_one(&self, is_set: bool) -> bool {
        match self {
            Self::Keep => is_set,
            Self::Set(_) => true,
            Self::Remove => false,
        }
    }
}

/// A webhook as it is asked for, nothing checked yet.
#[derive(Default)]
#[expect(missing_docs, reason = "the webhook's fields, explained by the migration")]
#[expect(clippy::struct_excessive_bools, reason = "the form's boxes")]
pub struct Draft {
    pub name: String,
    pub repo_name: String,
    pub repo_url: String,
    pub object_kind: String,
    pub project_id: i64,
    pub http_x_gitlab_event: String,
    pub enabled: bool,
    pub secret_token: SecretChange,
    pub signing_token: SecretChange,
    /// Another webhook, whose tokens this one is to have too; its own do not change then.
    pub share_with: Option<WebhookId>,
    /// Whether new tokens are also for the webhooks that have the same ones now.
    pub rotate_shared: bool,
    pub keep_previous_days: Option<i64>,
    pub end_previous_secret: bool,
    pub end_previous_signing: bool,
    pub require_signature: bool,
    pub ref_filter: String,
    pub path_filter: String,
    pub condition: String,
    pub obey_skip: bool,
    pub register_on_first_event: bool,
    pub action: String,
    pub action_params: BTreeMap<String, String>,
    pub max_attempts: i32,
    pub timeout_s: Option<i32>,
    pub concurrency: Concurrency,
    pub debounce_s: i32,
    pub cancel_running: bool,
    pub max_concurrent_jobs: Option<i32>,
    pub notes: String,
    /// Which text of its action's entry it is saved with; filled in by the check.
    pub action_fingerprint: String,
}

/// What the rules depend on.
pub struct Rules<'a> {
    /// The catalogue's entry of the draft's action, if it is installed.
    pub action: Option<&'a ActionSpec>,
    /// Whether a webhook may be enabled without any secret.
    pub allow_no_secret: bool,
    /// Whether the stored webhook has a secret token.
    pub has_secret_token: bool,
    /// Whether the stored webhook has a signing token.
    pub has_signing_token: bool,
}

/// Something wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field; `param.NAME` for an action's parameter.
    pub field: String,
    /// What is wrong.
    pub message: Sentence,
}

/// A webhook as it may be saved: can only be had by [`WebhookInput::check_draft`].
pub struct WebhookInput(Draft);

impl std::ops::Deref for WebhookInput {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        &self.0
    }
}

impl WebhookInput {
    /// Whether a secret is set or taken away.
    pub(super) fn changes_secrets(&self) -> bool {
        [&self.secret_token, &self.signing_token]
            .into_iter()
            .any(|change| !matches!(change, SecretChange::Keep))
    }

    /// Checks a draft.
    ///
    /// # Errors
    /// Every fault, in the order of the form.
    pub fn check_draft(mut draft: Draft, rules: &Rules<'_>) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        let repo_url = without_page(&draft.repo_url).to_owned();
        draft.repo_url = repo_url;
        check_match(&draft, &mut faults);
        check_filters(&draft, &mut faults);
        check_security(&draft, rules, &mut faults);
        check_action(&draft, rules, &mut faults);
        check_lane(&draft, &mut faults);
        faults.check_line("name", &draft.name, 0..=200);
        faults.check_lines("notes", &draft.notes, 10_000);
        draft.action_fingerprint =
            rules.action.map_or_else(String::new, |spec| spec.fingerprint.clone());
        if faults.0.is_empty() { Ok(Self(draft)) } else { Err(faults.0) }
    }
}

fn check_lane(draft: &Draft, faults: &mut Faults) {
    if !(0..=3_600).contains(&draft.debounce_s) {
        faults.add_fault("debounce_s", "Enter a number from 0 to 3600.");
    } else if draft.debounce_s > 0 && draft.concurrency != Concurrency::Latest {
        faults.add_fault("debounce_s", "Debounce needs concurrency “Latest per ref”.");
    }
    if draft.cancel_running && draft.concurrency != Concurrency::Latest {
        let message = "Cancelling the running job needs concurrency “Latest per ref”.";
        faults.add_fault("cancel_running", message);
    }
    if draft.max_concurrent_jobs.is_some_and(|most| !(1..=1_000).contains(&most)) {
        faults.add_fault("max_concurrent_jobs", "Enter a number from 1 to 1000.");
    } else if draft.max_concurrent_jobs.is_some() && draft.concurrency != Concurrency::Parallel {
        faults
            .add_fault("max_concurrent_jobs", "Max concurrent jobs needs concurrency “Parallel”.");
    }
}

fn check_match(draft: &Draft, faults: &mut Faults) {
    // Events of groups and of GitLab itself name no repository: webhooks for them have none.
    let may_lack = !draft.object_kind.is_empty() && kind::may_lack_repository(&draft.object_kind);
    let least = usize::from(!may_lack);
    faults.check_line("repo_name", &draft.repo_name, least..=255);
    faults.check_line("repo_url", &draft.repo_url, least..=2_000);
    if draft.repo_url.contains(char::is_whitespace) {
        faults.add_fault("repo_url", "Remove the space: a URL has none.");
    }
    // Such an address equals none that GitLab sends.
    let fault = RepositoryUrl::parse(&draft.repo_url).find_fault();
    if let Some(fault) = fault.filter(|_| !draft.repo_url.is_empty()) {
        faults.add_fault("repo_url", fault);
    }
    faults.check_line("http_x_gitlab_event", &draft.http_x_gitlab_event, 1..=100);
    faults.check_line("object_kind", &draft.object_kind, 1..=100);
    if draft.project_id < -1 {
        faults.add_fault("project_id", "Enter a project ID, or -1 to wait for GitLab's Test.");
    }
}

fn check_filters(draft: &Draft, faults: &mut Faults) {
    for (field, text) in [("ref_filter", &draft.ref_filter), ("path_filter", &draft.path_filter)] {
        faults.check_lines(field, text, 10_000);
        if let Err(bad) = Globs::parse_lines(text) {
            faults.add_fault(field, i18n::say(&bad.into()));
        }
    }
    if let Err(fault) = condition::parse_condition(&draft.condition) {
        faults.add_fault("condition", i18n::say(&fault.into()));
    }
}

fn check_security(draft: &Draft, rules: &Rules<'_>, faults: &mut Faults) {
    if let SecretChange::Set(token) = &draft.secret_token {
        faults.check_token("secret_token", token.expose_secret());
    }
    if let SecretChange::Set(token) = &draft.signing_token {
        let token = token.expose_secret();
        faults.check_token("signing_token", token);
        if !token.starts_with(SIGNING_PREFIX) {
            let message =
                "A signing token begins with “whsec_”. Copy all of it from GitLab's form.";
            faults.add_fault("signing_token", message);
        } else if !SigningKey::is_gitlabs(token) {
            let message =
                "Copy the token again: 44 characters (32 bytes in base64) follow “whsec_”.";
            faults.add_fault("signing_token", message);
        }
    }
    if draft.keep_previous_days.is_some_and(|days| !(1..=MAX_KEEP_DAYS).contains(&days)) {
        let message =
            say!("Enter a number of days from 1 to {most}, or none.", most = MAX_KEEP_DAYS);
        faults.add_fault("keep_previous_days", message);
    }
    let has_one = draft.secret_token.leaves_one(rules.has_secret_token)
        || draft.signing_token.leaves_one(rules.has_signing_token);
    if draft.require_signature && !draft.signing_token.leaves_one(rules.has_signing_token) {
        let message = "Paste a signing token, or untick this: without one, nothing is signed.";
        faults.add_fault("require_signature", message);
    }
    if draft.enabled && !has_one && !rules.allow_no_secret {
        let message = "Enter a secret token or a signing token, or disable the webhook. Without one, anyone \
            could trigger it.";
        faults.add_fault("secret_token", message);
    }
}

fn check_action(draft: &Draft, rules: &Rules<'_>, faults: &mut Faults) {
    if draft.action.is_empty() {
        faults.add_fault("action", "Choose an action.");
    }
    match rules.action {
        None if draft.action.is_empty() => {}
        // A webhook whose entry was taken away can still be read, noted on and switched off.
        None if !draft.enabled => {}
        None => faults.add_fault(
            "action",
            say!(
                "The action “{action}” is not installed. Choose another, or disable the webhook.",
                action = draft.action
            ),
        ),
        Some(spec) => {
            for fault in spec.check_params(&draft.action_params).err().unwrap_or_default() {
                faults.add_fault(&format!("param.{}", fault.name), fault.reason);
            }
        }
    }
    if !(1..=100).contains(&draft.max_attempts) {
        faults.add_fault("max_attempts", "Enter a number from 1 to 100.");
    }
    if let Some(timeout_s) = draft.timeout_s {
        let most =
            rules.action.map_or(86_400, |spec| i32::try_from(spec.timeout_s).unwrap_or(86_400));
        if !(1..=most).contains(&timeout_s) {
            faults.add_fault(
                "timeout_s",
                say!("Enter a number from 1 to {most}, the action's own limit.", most = most),
            );
        }
    }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add_fault(&mut self, field: &str, message: impl Into<Sentence>) {
        if !self.0.iter().any(|fault| fault.field == field) {
            self.0.push(Fault { field: field.to_owned(), message: message.into() });
        }
    }

    /// One line of text.
    fn check_line(&mut self, field: &str, text: &str, letters: std::ops::RangeInclusive<usize>) {
        let count = text.chars().count();
        if count < *letters.start() {
            self.add_fault(field, "This field is required.");
        } else if count > *letters.end() {
            self.add_fault(
                field,
                say!("Use at most {most} characters, not {n}.", most = letters.end(), n = count),
            );
        } else if text.chars().any(char::is_control) {
            self.add_fault(field, "Remove the line break or control character.");
        }
    }

    /// Several lines of text.
    fn check_lines(&mut self, field: &str, text: &str, most: usize) {
        let count = text.chars().count();
        if count > most {
            self.add_fault(
                field,
                say!("Use at most {most} characters, not {n}.", most = most, n = count),
            );
        } else if text.contains('\0') {
            self.add_fault(field, "Remove the NUL character.");
        }
    }

    /// A secret as GitLab sends it in a header.
    fn check_token(&mut self, field: &str, token: &str) {
        if token.trim() == token {
            self.check_line(field, token, 1..=1_000);
        } else {
            self.add_fault(
                field,
                "Remove the space at its beginning or end: HTTP does not keep it.",
            );
        }
    }
}

#[cfg(test)]
mod tests;
