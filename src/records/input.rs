//! What a person wants a record to be, and the rules it must meet. All faults are named at once.

use crate::core::action::ActionSpec;
use crate::core::webhook::Concurrency;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

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

/// A record as it is asked for, nothing checked yet.
#[derive(Default)]
#[expect(missing_docs, reason = "the record's fields, explained by the migration")]
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
    pub register_on_first_event: bool,
    pub action: String,
    pub action_params: BTreeMap<String, String>,
    pub max_attempts: i32,
    pub timeout_s: Option<i32>,
    pub concurrency: Concurrency,
    pub debounce_s: i32,
    pub notes: String,
}

/// What the rules depend on.
pub struct Rules<'a> {
    /// The catalogue's entry of the draft's action, if it is installed.
    pub action: Option<&'a ActionSpec>,
    /// Whether a record may be enabled without any secret.
    pub allow_no_secret: bool,
    /// Whether the stored record has a secret token.
    pub has_secret_token: bool,
    /// Whether the stored record has a signing token.
    pub has_signing_token: bool,
}

/// Something wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field; `param.NAME` for an action's parameter.
    pub field: String,
    /// What is wrong, as a sentence.
    pub message: String,
}

/// A record as it may be saved: can only be had by [`WebhookInput::parse`].
pub struct WebhookInput(Draft);

impl std::ops::Deref for WebhookInput {
    type Target = Draft;

    fn deref(&self) -> &Draft {
        &self.0
    }
}

impl WebhookInput {
    /// Checks a draft.
    ///
    /// # Errors
    /// Every fault, in the order of the form.
    pub fn parse(draft: Draft, rules: &Rules<'_>) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        check_match(&draft, &mut faults);
        check_security(&draft, rules, &mut faults);
        check_action(&draft, rules, &mut faults);
        check_lane(&draft, &mut faults);
        faults.text("name", &draft.name, 0..=200);
        faults.lines("notes", &draft.notes, 10_000);
        if faults.0.is_empty() { Ok(Self(draft)) } else { Err(faults.0) }
    }
}

fn check_lane(draft: &Draft, faults: &mut Faults) {
    if !(0..=3_600).contains(&draft.debounce_s) {
        faults.add("debounce_s", "Enter a number from 0 to 3600.");
    } else if draft.debounce_s > 0 && draft.concurrency != Concurrency::Latest {
        faults.add("debounce_s", "Only where the newest of each ref runs, one waits for another.");
    }
}

fn check_match(draft: &Draft, faults: &mut Faults) {
    faults.text("repo_name", &draft.repo_name, 1..=255);
    faults.text("repo_url", &draft.repo_url, 1..=2_000);
    if draft.repo_url.contains(char::is_whitespace) {
        faults.add("repo_url", "An address has no spaces in it.");
    }
    faults.text("http_x_gitlab_event", &draft.http_x_gitlab_event, 1..=100);
    faults.text("object_kind", &draft.object_kind, 1..=100);
    if draft.project_id < -1 {
        faults.add("project_id", "Enter a project's id, or -1 to wait for GitLab's Test.");
    }
}

fn check_security(draft: &Draft, rules: &Rules<'_>, faults: &mut Faults) {
    if let SecretChange::Set(token) = &draft.secret_token {
        faults.token("secret_token", token.expose_secret());
    }
    if let SecretChange::Set(token) = &draft.signing_token {
        let token = token.expose_secret();
        faults.token("signing_token", token);
        let encoded = token.strip_prefix("whsec_");
        if encoded.is_some_and(|key| STANDARD.decode(key).map_or(true, |key| key.is_empty())) {
            faults.add("signing_token", "After “whsec_” comes base64, which this is not.");
        }
    }
    let has_one = draft.secret_token.leaves_one(rules.has_secret_token)
        || draft.signing_token.leaves_one(rules.has_signing_token);
    if draft.enabled && !has_one && !rules.allow_no_secret {
        let message = "An enabled record needs a secret token or a signing token: without one, \
            anyone could set it off. Enter one, or switch the record off.";
        faults.add("secret_token", message);
    }
}

fn check_action(draft: &Draft, rules: &Rules<'_>, faults: &mut Faults) {
    if draft.action.is_empty() {
        faults.add("action", "Choose what is to be run.");
    }
    match rules.action {
        None if draft.action.is_empty() => {}
        // A record whose entry was taken away can still be read, noted on and switched off.
        None if !draft.enabled => {}
        None => faults.add(
            "action",
            format!(
                "The catalogue has no action “{}”. Choose another, or switch the record off.",
                draft.action
            ),
        ),
        Some(spec) => {
            for (name, message) in spec.check_params(&draft.action_params).err().unwrap_or_default()
            {
                faults.add(&format!("param.{name}"), message);
            }
        }
    }
    if !(1..=100).contains(&draft.max_attempts) {
        faults.add("max_attempts", "Enter a number from 1 to 100.");
    }
    if let Some(timeout_s) = draft.timeout_s {
        let most =
            rules.action.map_or(86_400, |spec| i32::try_from(spec.timeout_s).unwrap_or(86_400));
        if !(1..=most).contains(&timeout_s) {
            faults.add(
                "timeout_s",
                format!("Enter a number from 1 to {most}, the action's own limit."),
            );
        }
    }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        if !self.0.iter().any(|fault| fault.field == field) {
            self.0.push(Fault { field: field.to_owned(), message: message.into() });
        }
    }

    /// One line of text.
    fn text(&mut self, field: &str, text: &str, letters: std::ops::RangeInclusive<usize>) {
        let count = text.chars().count();
        if count < *letters.start() {
            self.add(field, "This field is required.");
        } else if count > *letters.end() {
            self.add(field, format!("Keep it to {} characters; it has {count}.", letters.end()));
        } else if text.chars().any(char::is_control) {
            self.add(field, "It has a line break or another control character in it.");
        }
    }

    /// Several lines of text.
    fn lines(&mut self, field: &str, text: &str, most: usize) {
        let count = text.chars().count();
        if count > most {
            self.add(field, format!("Keep it to {most} characters; it has {count}."));
        } else if text.contains('\0') {
            self.add(field, "It has a NUL character in it.");
        }
    }

    /// A secret as GitLab sends it in a header.
    fn token(&mut self, field: &str, token: &str) {
        if token.trim() == token {
            self.text(field, token, 1..=1_000);
        } else {
            self.add(field, "It begins or ends with a space, which is lost on the way here.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ActionSpec {
        let entry = "command = [\"/bin/true\"]\ntimeout_s = 60\n[parameters.branch]\ntype = \"string\"\nrequired = true\n";
        ActionSpec::from_toml("print", entry).unwrap()
    }

    fn draft() -> Draft {
        Draft {
            repo_name: "Diaspora".into(),
            repo_url: "git@example.com:mike/diaspora.git".into(),
            object_kind: "push".into(),
            project_id: -1,
            http_x_gitlab_event: "Push Hook".into(),
            enabled: true,
            secret_token: SecretChange::Set("s3cret".into()),
            action: "print".into(),
            action_params: BTreeMap::from([("branch".into(), "main".into())]),
            max_attempts: 3,
            ..Draft::default()
        }
    }

    fn faults(draft: Draft) -> Vec<String> {
        let spec = spec();
        let installed = draft.action == spec.name;
        let rules = Rules {
            action: installed.then_some(&spec),
            allow_no_secret: false,
            has_secret_token: false,
            has_signing_token: false,
        };
        let faults = WebhookInput::parse(draft, &rules).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn only_where_the_newest_runs_one_waits_for_another() {
        let wait = |concurrency, debounce_s| {
            let draft = Draft { concurrency, debounce_s, ..draft() };
            let mut faults = Faults::default();
            check_lane(&draft, &mut faults);
            faults.0.len()
        };
        assert_eq!(wait(Concurrency::Latest, 30), 0);
        assert_eq!(wait(Concurrency::Serial, 0), 0);
        assert_eq!(wait(Concurrency::Serial, 30), 1);
        assert_eq!(wait(Concurrency::Latest, 3_601), 1);
    }

    #[test]
    fn a_good_record_passes() {
        assert!(faults(draft()).is_empty());
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let bad = Draft { enabled: true, project_id: -2, ..Draft::default() };
        assert_eq!(
            faults(bad),
            [
                "repo_name",
                "repo_url",
                "http_x_gitlab_event",
                "object_kind",
                "project_id",
                "secret_token",
                "action",
                "max_attempts"
            ]
        );
    }

    #[test]
    fn a_record_cannot_be_enabled_without_a_secret_but_can_be_kept_switched_off() {
        let bare = || Draft { secret_token: SecretChange::Keep, ..draft() };
        assert_eq!(faults(bare()), ["secret_token"]);
        assert!(faults(Draft { enabled: false, ..bare() }).is_empty());
    }

    #[test]
    fn a_record_may_ask_for_less_time_than_the_action_has_but_not_for_more() {
        assert!(faults(Draft { timeout_s: Some(60), ..draft() }).is_empty());
        assert_eq!(faults(Draft { timeout_s: Some(61), ..draft() }), ["timeout_s"]);
    }

    #[test]
    fn parameters_are_the_entrys_to_judge_and_a_missing_entry_is_named() {
        let unfilled = Draft { action_params: BTreeMap::new(), ..draft() };
        assert_eq!(faults(unfilled), ["param.branch"]);
        assert_eq!(faults(Draft { action: "gone".into(), ..draft() }), ["action"]);
        let off = Draft { action: "gone".into(), enabled: false, ..draft() };
        assert!(faults(off).is_empty());
    }

    #[test]
    fn a_signing_token_with_the_prefix_must_be_base64() {
        let with = |token: &str| Draft {
            signing_token: SecretChange::Set(token.to_owned().into()),
            ..draft()
        };
        assert!(faults(with("whsec_aGVsbG8=")).is_empty());
        assert!(faults(with("plain words")).is_empty());
        assert_eq!(faults(with("whsec_%%%")), ["signing_token"]);
        assert_eq!(faults(with(" padded")), ["signing_token"]);
    }
}
