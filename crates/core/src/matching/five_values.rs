//! The five values of a webhook against those of an event, and the credential beside them.
//!
//! `repo_name`, `object_kind` and the header are compared exactly, the address in canonical form, the
//! project's id as a number; a pending webhook has no id yet, so the register address leaves the
//! id out. The webhook's filters are asked as well, where the other values are equal.

use super::project;
use super::trace::{FieldCheck, MatchField, WebhookTrace};
use crate::credential::Check;
use crate::event::repository::RepositoryUrl;
use crate::event::{Event, kind};
use crate::webhook::{ProjectId, Webhook};

/// How one webhook fares with an event.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Comparison {
    /// The trace of it.
    pub trace: WebhookTrace,
    /// Whether `repo_name`, `repo_url`, `object_kind` and `http_x_gitlab_event` are equal.
    pub four_equal: bool,
    /// Whether the project's id is equal, too.
    pub project_equal: bool,
    /// Whether it is the webhook's project, proved so, under another name or address.
    pub is_renamed: bool,
    /// Whether the webhook accepts the credential.
    pub accepted: bool,
    /// Whether its filters let the event pass.
    pub passes: bool,
    /// What the delivery proved itself with.
    pub credential: Check,
}

impl Comparison {
    /// Whether all five values are equal and the credential is accepted; filters apart.
    pub fn is_equal(&self) -> bool {
        self.four_equal && self.project_equal && self.accepted
    }

    /// Whether nothing but the project's id may differ, as with a pending webhook.
    pub fn is_nearly_equal(&self) -> bool {
        self.four_equal && self.accepted
    }
}

/// Compares.
pub fn compare_five_fields(
    webhook: &Webhook,
    event: &Event,
    credential: Check,
    allow_none: bool,
) -> Comparison {
    let wanted = RepositoryUrl::parse(&webhook.repo_url);
    let same_url = event.repo_urls.iter().find(|url| RepositoryUrl::parse(url).same_as(&wanted));
    let project_equal = match (webhook.project_id, event.project_id) {
        // Webhooks of 0 for an issue or merge request before GitLab 10 are older than what is read of it.
        (ProjectId::Known(0), Some(_)) if event.is_project_implied => same_url.is_some(),
        (ProjectId::Known(expected), Some(actual)) => expected == actual,
        // 0 stands for events that belong to no project. Pipelines before GitLab 13 have one, and only
        // its address.
        (ProjectId::Known(expected), None) => {
            expected == 0
                || (same_url.is_some() && !kind::belongs_to_no_project(&event.object_kind))
        }
        (ProjectId::Pending, _) => false,
    };
    let accepted = credential.is_accepted(allow_none);
    let lacks = project::may_lack_repository(event, project_equal);
    let name_equal = webhook.repo_name == event.repo_name || (lacks && event.repo_name.is_empty());
    let kind_equal = webhook.object_kind == event.object_kind;
    let header_equal = webhook.http_x_gitlab_event == event.header;
    let url_equal = same_url.is_some()
        || (event.repo_urls.is_empty() && (lacks || webhook.repo_url.is_empty()));
    let actual_id = event.project_id.map_or_else(String::new, |id| id.to_string());
    let mut checks = vec![
        FieldCheck::new(MatchField::Credential, "valid", credential.word(), accepted),
        FieldCheck::new(MatchField::RepoName, &webhook.repo_name, &event.repo_name, name_equal),
        FieldCheck::new(
            MatchField::RepoUrl,
            &webhook.repo_url,
            same_url.unwrap_or(&event.repo_url),
            url_equal,
        ),
        FieldCheck::new(
            MatchField::ObjectKind,
            &webhook.object_kind,
            &event.object_kind,
            kind_equal,
        ),
        FieldCheck::new(
            MatchField::EventHeader,
            &webhook.http_x_gitlab_event,
            &event.header,
            header_equal,
        ),
        FieldCheck::new(
            MatchField::ProjectId,
            webhook.project_id.to_string(),
            actual_id,
            project_equal,
        ),
    ];
    let four_equal = name_equal && url_equal && kind_equal && header_equal;
    let is_renamed = project_equal
        && (kind_equal && header_equal && !four_equal)
        && matches!(credential, Check::Valid(_))
        && project::names_its_project(event);
    // Of another event a filter would say nothing worth keeping.
    let filtered = if four_equal { webhook.filters.check_event(event) } else { Vec::new() };
    let passes = filtered.iter().all(|check| check.equal);
    checks.extend(filtered);
    Comparison {
        trace: WebhookTrace { webhook: webhook.id, label: webhook.label(), checks },
        four_equal,
        project_equal,
        is_renamed,
        accepted,
        passes,
        credential,
    }
}
