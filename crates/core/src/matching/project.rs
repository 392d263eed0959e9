//! Of which project an event is, where it says less than the five values, or other ones than when
//! the webhook was made.

use crate::event::repository::{RepositoryUrl, same_repository};
use crate::event::{Event, kind};
use crate::ids::WebhookId;
use crate::webhook::{ProjectId, Webhook};

/// Whether a webhook may be for an event at all: of its project, of its repository, or pending
/// with the presented token. Others are not compared, and not told of.
pub fn is_candidate(webhook: &Webhook, event: &Event, token: Option<&[u8]>) -> bool {
    webhook.project_id.raw() == event.project_id.unwrap_or(0)
        || webhook.repo_name == event.repo_name
        || (webhook.project_id.is_pending()
            && token.is_some()
            && webhook.secret_digest.as_deref() == token)
}

/// The id that a pending webhook takes from an event, if it can take one; 0 stands for events that
/// belong to no project.
pub fn id_to_register(event: &Event) -> Option<i64> {
    match event.project_id {
        _ if is_update_sample(event) => None,
        Some(id) => (id >= 0).then_some(id),
        None => kind::belongs_to_no_project(&event.object_kind).then_some(0),
    }
}

/// Whether it is the canned `repository_update` that GitLab sends as a system hook's Test: project
/// 40 is nobody's.
pub(super) fn is_update_sample(event: &Event) -> bool {
    event.project_id == Some(40)
        && event.object_kind == "repository_update"
        && event.repo_urls.is_empty()
}

/// Whether name and address are left out of the comparison where the event has none: its kind may
/// lack them, and its project is the webhook's. A pending webhook has nothing else to go by.
pub(super) fn may_lack_repository(event: &Event, same_project: bool) -> bool {
    same_project && kind::may_lack_repository(&event.object_kind)
}

/// Whether the event says how its own project is called. A comment may carry the repository of
/// another one.
pub(super) fn names_its_project(event: &Event) -> bool {
    let project = format!("/{}", event.project_path);
    // Before the path may stand the folder of a GitLab that is not at its host's root.
    let is_its = |url: &String| RepositoryUrl::parse(url).to_string().ends_with(&project);
    !event.repo_name.is_empty()
        && (event.project_path.is_empty() || event.repo_urls.iter().any(is_its))
}

/// The name and address that a webhook of a renamed project takes over; none if it has them.
pub fn name_and_address(webhook: &Webhook, event: &Event) -> Option<(String, String)> {
    if webhook.project_id != ProjectId::Known(event.project_id?) {
        return None;
    }
    let urls: Vec<&str> =
        event.repo_urls.iter().chain([&event.repo_url]).map(String::as_str).collect();
    follow_place((&webhook.repo_name, &webhook.repo_url), &event.repo_name, &urls)
}

/// Name and address as a project has them now, in the place of old ones: the address in the form it has
/// had, SSH or HTTP. None if nothing changed. Who asks for neither goes on doing so.
pub fn follow_place(
    (old_name, old_url): (&str, &str),
    name: &str,
    urls: &[&str],
) -> Option<(String, String)> {
    let is_web = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    let name = if old_name.is_empty() { "" } else { name };
    let url = if old_url.is_empty() || urls.iter().any(|url| same_repository(url, old_url)) {
        old_url
    } else {
        let alike = urls.iter().find(|url| is_web(url) == is_web(old_url));
        alike.or(urls.last())?
    };
    (name != old_name || url != old_url).then(|| (name.to_owned(), url.to_owned()))
}

/// What a webhook of a renamed project is to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The webhook.
    pub id: WebhookId,
    /// Its version, as it was looked at.
    pub version: i32,
    /// The new name.
    pub repo_name: String,
    /// The new address.
    pub repo_url: String,
}

#[cfg(test)]
mod tests;
