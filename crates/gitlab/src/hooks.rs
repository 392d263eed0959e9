//! GitLab's own webhooks, of a project, a group or the whole instance.
//! Sources: <https://docs.gitlab.com/api/project_webhooks/>, <https://docs.gitlab.com/api/group_webhooks/>,
//! <https://docs.gitlab.com/api/system_hooks/>.

use crate::{ApiFailure, Client};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Whose events a webhook sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A project's.
    Project(i64),
    /// A group's and all its projects'.
    Group(i64),
    /// The instance's.
    Instance,
}

impl Owner {
    pub(crate) fn path(self) -> String {
        match self {
            Self::Project(id) => format!("projects/{id}/hooks"),
            Self::Group(id) => format!("groups/{id}/hooks"),
            Self::Instance => "hooks".to_owned(),
        }
    }
}

/// What a webhook listens for: GitLab's field names, which also name what a test is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trigger(pub &'static str);

/// The triggers, and the `object_kind`s of the events that each sends.
const TRIGGERS: &[(Trigger, &[&str])] = &[
    (Trigger("push_events"), &["push"]),
    (Trigger("tag_push_events"), &["tag_push"]),
    (Trigger("merge_requests_events"), &["merge_request"]),
    (Trigger("pipeline_events"), &["pipeline"]),
    (Trigger("job_events"), &["build"]),
    (Trigger("deployment_events"), &["deployment"]),
    (Trigger("releases_events"), &["release"]),
    (Trigger("issues_events"), &["issue", "work_item"]),
    (Trigger("note_events"), &["note"]),
    (Trigger("wiki_page_events"), &["wiki_page"]),
    (Trigger("feature_flag_events"), &["feature_flag"]),
    (Trigger("milestone_events"), &["milestone"]),
    (Trigger("emoji_events"), &["emoji"]),
    (Trigger("resource_access_token_events"), &["access_token"]),
    (Trigger("resource_deploy_token_events"), &["deploy_token"]),
    (Trigger("vulnerability_events"), &["vulnerability"]),
];

impl Trigger {
    /// What sends events of a kind under a header; none for those that no project's webhook sends.
    pub fn of_event(object_kind: &str, header: &str) -> Option<Self> {
        match header {
            "Confidential Issue Hook" => Some(Self("confidential_issues_events")),
            "Confidential Note Hook" => Some(Self("confidential_note_events")),
            "System Hook" => None,
            _ => {
                let found = TRIGGERS.iter().find(|(_, kinds)| kinds.contains(&object_kind));
                found.map(|(trigger, _)| *trigger)
            }
        }
    }

    /// Those whose test needs little of a project, and of which no event runs anything but where
    /// somebody wants it: to show that the way is open.
    pub fn harmless(wanted: &[Self]) -> impl Iterator<Item = Self> {
        let few =
            ["tag_push_events", "wiki_page_events", "issues_events", "note_events", "push_events"];
        few.map(Self).into_iter().filter(|trigger| !wanted.contains(trigger))
    }
}

/// In what a webhook of GitLab's differs from what it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// It sends elsewhere.
    Url {
        /// Where to.
        is: String,
    },
    /// It takes any certificate.
    SslVerification,
    /// It does not send events that are wanted.
    Trigger(Trigger),
    /// It has no secret token.
    Token,
    /// It has no signing token.
    SigningToken,
    /// It sends pushes of some branches only.
    BranchFilter {
        /// Which.
        is: String,
    },
    /// It sends something else in an event's place.
    Template,
    /// GitLab sends nothing to it.
    Disabled {
        /// Until when; none = until somebody acts.
        until: Option<DateTime<Utc>>,
    },
}

/// A webhook of GitLab's, as it says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Hook {
    /// Its id.
    pub id: i64,
    /// Where it sends to.
    pub url: String,
    /// Whether it wants the other side's certificate to be in order.
    #[serde(default = "yes")]
    pub enable_ssl_verification: bool,
    /// The branches of which it sends pushes; empty = all.
    #[serde(default)]
    pub push_events_branch_filter: Option<String>,
    /// `executable`, `temporarily_disabled` or `disabled`; none of versions that do not say.
    #[serde(default)]
    pub alert_status: Option<String>,
    /// Until when it is disabled.
    #[serde(default)]
    pub disabled_until: Option<DateTime<Utc>>,
    /// Whether it has a secret token; none of versions before 19.
    #[serde(default)]
    pub token_present: Option<bool>,
    /// Whether it has a signing token; none of versions before 19, which sign nothing.
    #[serde(default)]
    pub signing_token_present: Option<bool>,
    /// What it sends instead of the event, if not the event.
    #[serde(default)]
    pub custom_webhook_template: Option<String>,
    /// The rest: among it, a field for each trigger.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl Hook {
    /// Whether it sends events of a trigger.
    pub fn listens_for(&self, trigger: Trigger) -> bool {
        self.rest.get(trigger.0).and_then(Value::as_bool) == Some(true)
    }

    /// In what it differs from what it is to be.
    pub fn find_drift(&self, url: &str, triggers: &[Trigger]) -> Vec<Drift> {
        let mut drift = Vec::new();
        if self.is_disabled() {
            drift.push(Drift::Disabled { until: self.disabled_until });
        }
        if self.url != url {
            drift.push(Drift::Url { is: self.url.clone() });
        }
        if self.token_present == Some(false) {
            drift.push(Drift::Token);
        }
        if self.signing_token_present == Some(false) {
            drift.push(Drift::SigningToken);
        }
        let missing = triggers.iter().filter(|trigger| !self.listens_for(**trigger));
        drift.extend(missing.map(|trigger| Drift::Trigger(*trigger)));
        if let Some(filter) = self.push_events_branch_filter.as_ref().filter(|it| !it.is_empty()) {
            drift.push(Drift::BranchFilter { is: filter.clone() });
        }
        if self.custom_webhook_template.as_ref().is_some_and(|template| !template.is_empty()) {
            drift.push(Drift::Template);
        }
        if !self.enable_ssl_verification && url.starts_with("https:") {
            drift.push(Drift::SslVerification);
        }
        drift
    }

    /// Whether GitLab sends nothing to it, for now or for good.
    pub fn is_disabled(&self) -> bool {
        self.alert_status.as_deref().is_some_and(|status| status != "executable")
    }
}

/// What a webhook is to be. Address and credentials always go in one call: GitLab forgets the secret
/// token when the address changes without it.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Where it is to send to.
    pub url: &'a str,
    /// The secret token.
    pub token: &'a SecretString,
    /// The signing token. Versions before 19 take no notice of it.
    pub signing_token: &'a SecretString,
    /// What it is to listen for, beside what it listens for already.
    pub triggers: &'a [Trigger],
    /// Whether it is to send everything as it happens: no branch filter, no template.
    pub whole: bool,
}

impl Wanted<'_> {
    /// As GitLab is told: a new one, or one that goes on sending what it sends.
    fn to_json(&self, before: Option<&Hook>) -> Value {
        let mut fields = Map::new();
        fields.insert("url".into(), json!(self.url));
        fields.insert("token".into(), json!(self.token.expose_secret()));
        fields.insert("signing_token".into(), json!(self.signing_token.expose_secret()));
        fields.insert("enable_ssl_verification".into(), json!(true));
        if before.is_none() {
            fields.insert("name".into(), json!("Signalbox"));
            // GitLab's default is true: what nobody wants is not sent.
            fields.insert("push_events".into(), json!(false));
        }
        if self.whole {
            fields.insert("push_events_branch_filter".into(), json!(""));
            fields.insert("branch_filter_strategy".into(), json!("all_branches"));
            fields.insert("custom_webhook_template".into(), json!(""));
        }
        fields.extend(self.triggers.iter().map(|trigger| (trigger.0.to_owned(), json!(true))));
        Value::Object(fields)
    }
}

impl Client {
    /// All webhooks of an owner, to the last page.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn list_hooks(&self, owner: Owner) -> Result<Vec<Hook>, ApiFailure> {
        self.get_all(&owner.path()).await
    }

    /// One of them.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn fetch_hook(&self, owner: Owner, id: i64) -> Result<Hook, ApiFailure> {
        self.get_json(&format!("{}/{id}", owner.path()), &[]).await
    }

    /// Makes one.
    ///
    /// # Errors
    /// Why GitLab did not.
    pub async fn create_hook(&self, owner: Owner, wanted: &Wanted<'_>) -> Result<Hook, ApiFailure> {
        self.send_json("POST", &owner.path(), Some(&wanted.to_json(None))).await
    }

    /// Makes one what is wanted.
    ///
    /// # Errors
    /// Why GitLab did not.
    pub async fn edit_hook(
        &self,
        owner: Owner,
        before: &Hook,
        wanted: &Wanted<'_>,
    ) -> Result<Hook, ApiFailure> {
        let path = format!("{}/{}", owner.path(), before.id);
        self.send_json("PUT", &path, Some(&wanted.to_json(Some(before)))).await
    }

    /// Asks for a test event: it is sent before this returns.
    ///
    /// # Errors
    /// Why GitLab did not: among it, what the receiver answered.
    pub async fn test_hook(
        &self,
        owner: Owner,
        id: i64,
        trigger: Trigger,
    ) -> Result<(), ApiFailure> {
        let path = match owner {
            Owner::Instance => format!("hooks/{id}"),
            Owner::Project(_) | Owner::Group(_) => {
                format!("{}/{id}/test/{}", owner.path(), trigger.0)
            }
        };
        self.send_json::<Value>("POST", &path, None).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_one_sends_what_is_wanted_only_and_an_old_one_goes_on() {
        let (token, signing_token) = (SecretString::from("s"), SecretString::from("whsec_"));
        let tag = Trigger::of_event("tag_push", "Tag Push Hook").unwrap();
        let wanted = Wanted {
            url: "https://a.example.com/",
            token: &token,
            signing_token: &signing_token,
            triggers: &[tag],
            whole: false,
        };
        let new = wanted.to_json(None);
        assert_eq!((&new["push_events"], &new["tag_push_events"]), (&json!(false), &json!(true)));
        let before: Hook = serde_json::from_value(json!({
            "id": 1, "url": "https://b.example.com/", "push_events": true
        }))
        .unwrap();
        assert!(before.listens_for(Trigger("push_events")) && !before.listens_for(tag));
        let edited = wanted.to_json(Some(&before));
        assert_eq!((edited.get("push_events"), &edited["token"]), (None, &json!("s")));
        assert_eq!(edited["signing_token"], "whsec_");
    }

    #[test]
    fn each_difference_is_named() {
        let push = Trigger("push_events");
        let hook: Hook = serde_json::from_value(json!({
            "id": 1, "url": "https://b/", "push_events": false, "enable_ssl_verification": false,
            "push_events_branch_filter": "main", "token_present": false,
            "signing_token_present": false,
            "alert_status": "disabled", "custom_webhook_template": "{}"
        }))
        .unwrap();
        assert_eq!(
            hook.find_drift("https://a/", &[push]),
            [
                Drift::Disabled { until: None },
                Drift::Url { is: "https://b/".into() },
                Drift::Token,
                Drift::SigningToken,
                Drift::Trigger(push),
                Drift::BranchFilter { is: "main".into() },
                Drift::Template,
                Drift::SslVerification,
            ]
        );
        let fine: Hook = serde_json::from_value(json!({
            "id": 1, "url": "https://a/", "push_events": true, "alert_status": "executable"
        }))
        .unwrap();
        assert_eq!(fine.find_drift("https://a/", &[push]), []);
        assert!(Trigger::harmless(&[push]).all(|trigger| trigger != push));
    }

    #[test]
    fn a_webhook_of_an_old_version_is_read() {
        let hook: Hook = serde_json::from_value(json!({"id": 1, "url": "u"})).unwrap();
        assert!(!hook.is_disabled() && hook.enable_ssl_verification);
        assert_eq!((hook.token_present, hook.signing_token_present), (None, None));
        let drift = hook.find_drift("u", &[]);
        assert!(!drift.contains(&Drift::Token) && !drift.contains(&Drift::SigningToken));
    }
}
