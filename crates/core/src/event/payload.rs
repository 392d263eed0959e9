//! Where each event keeps what we need. Knows GitLab's bodies; knows nothing of webhooks.
//!
//! Only the few top-level fields named in [`Fields`] are kept while parsing, all others are
//! skipped without being stored, so a push with thousands of files costs little.
//!
//! Source: GitLab's "Webhook events" documentation; the fixtures under `tests/data/gitlab`.

use super::changes::{Commits, CommitsSeed};
use super::facts::{commit_sha, event_person, first_update, git_ref};
use super::repository::RepositoryUrl;
use super::web_page::event_page;
use super::{Event, Labels, Unreadable, is_commit_id, shallow};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Most characters kept of any text an event names. Longer ones equal no webhook anyway.
const MAX_TEXT: usize = 2_000;

/// The top-level fields that matter, whatever their type.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) object_kind: Value,
    pub(super) event_name: Value,
    pub(super) project_id: Value,
    pub(super) project: Value,
    pub(super) repository: Value,
    pub(super) object_attributes: Value,
    pub(super) user: Value,
    pub(super) git_ref: Value,
    pub(super) tag: Value,
    pub(super) checkout_sha: Value,
    pub(super) after: Value,
    pub(super) sha: Value,
    pub(super) commit: Value,
    pub(super) commit_url: Value,
    pub(super) refs: Value,
    pub(super) changes: Value,
    pub(super) approver: Value,
    pub(super) merge_request: Value,
    pub(super) user_id: Value,
    pub(super) user_name: Value,
    pub(super) user_username: Value,
    pub(super) user_email: Value,
    pub(super) path_with_namespace: Value,
    pub(super) before: Value,
    pub(super) total_commits_count: Value,
    pub(super) action: Value,
    pub(super) status: Value,
    pub(super) build_status: Value,
    pub(super) name: Value,
    pub(super) message: Value,
    pub(super) push_options: Value,
    pub(super) labels: Value,
    pub(super) build_name: Value,
    pub(super) build_stage: Value,
    pub(super) environment: Value,
    pub(super) url: Value,
    pub(super) commits: Commits,
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if name == "commits" {
                        map.next_value_seed(CommitsSeed(&mut fields.commits))?;
                        continue;
                    }
                    match fields.field_slot(&name) {
                        Some(slot) => *slot = shallow::next_value(&mut map)?,
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl Fields {
    fn field_slot(&mut self, name: &str) -> Option<&mut Value> {
        Some(match name {
            "object_kind" => &mut self.object_kind,
            "event_name" => &mut self.event_name,
            "project_id" => &mut self.project_id,
            "project" => &mut self.project,
            "repository" => &mut self.repository,
            "object_attributes" => &mut self.object_attributes,
            "user" => &mut self.user,
            "ref" => &mut self.git_ref,
            "tag" => &mut self.tag,
            "checkout_sha" => &mut self.checkout_sha,
            "after" => &mut self.after,
            "sha" => &mut self.sha,
            "commit" => &mut self.commit,
            "commit_url" => &mut self.commit_url,
            "refs" => &mut self.refs,
            "changes" => &mut self.changes,
            "approver" => &mut self.approver,
            "merge_request" => &mut self.merge_request,
            "user_id" => &mut self.user_id,
            "user_name" => &mut self.user_name,
            "user_username" => &mut self.user_username,
            "user_email" => &mut self.user_email,
            "path_with_namespace" => &mut self.path_with_namespace,
            "before" => &mut self.before,
            "total_commits_count" => &mut self.total_commits_count,
            "action" => &mut self.action,
            "status" => &mut self.status,
            "build_status" => &mut self.build_status,
            "name" => &mut self.name,
            "message" => &mut self.message,
            "push_options" => &mut self.push_options,
            "labels" => &mut self.labels,
            "build_name" => &mut self.build_name,
            "build_stage" => &mut self.build_stage,
            "environment" => &mut self.environment,
            "url" => &mut self.url,
            _ => return None,
        })
    }
}

pub(super) fn read_fields(body: &[u8]) -> Result<Fields, Unreadable> {
    serde_json::from_slice(body).map_err(|error| match error {
        error if error.is_data() => another_shape(body),
        error => Unreadable::NotJson(error.to_string()),
    })
}

pub(super) fn read_event(header: &str, mut fields: Fields) -> Event {
    let object_kind = object_kind(&fields, header);
    let addresses = repository_addresses(&fields);
    let repo_url = addresses.first().cloned().unwrap_or_default();
    let web_url = event_page(&fields, &addresses);
    let person = event_person(&fields, &object_kind);
    let message = commit_message(&mut fields, &object_kind);
    let mut changes = std::mem::take(&mut fields.commits.changes);
    changes.total = integer_value(&fields.total_commits_count);
    Event {
        header: header.to_owned(),
        project_id: project_id(&fields, &object_kind),
        is_project_implied: own_project_id(&fields).is_none(),
        repo_name: first_text([
            json_at(&fields.repository, "/name"),
            json_at(&fields.project, "/name"),
            json_at(merge_target(&fields), "/name"),
        ]),
        project_path: project_path(&fields, &repo_url),
        repo_url,
        repo_urls: addresses,
        git_ref: git_ref(&fields, &object_kind),
        sha: commit_sha(&fields),
        user_id: person.id,
        user_name: person.name,
        user_username: person.username,
        user_email: person.email,
        before: first_text([
            &fields.before,
            json_at(&fields.object_attributes, "/before_sha"),
            json_at(first_update(&fields), "/before"),
        ]),
        after: first_text([&fields.after, json_at(first_update(&fields), "/after")]),
        target_branch: first_text([
            json_at(&fields.object_attributes, "/target_branch"),
            json_at(&fields.merge_request, "/target_branch"),
        ]),
        action: first_text([json_at(&fields.object_attributes, "/action"), &fields.action]),
        status: first_text([
            json_at(&fields.object_attributes, "/status"),
            &fields.build_status,
            &fields.status,
            json_at(&fields.object_attributes, "/state"),
        ]),
        title: event_title(&fields, &object_kind),
        message,
        web_url,
        source: first_text([json_at(&fields.object_attributes, "/source")]),
        draft: ["/draft", "/work_in_progress"]
            .iter()
            .any(|name| json_at(&fields.object_attributes, name) == &Value::Bool(true)),
        oldrev: first_text([json_at(&fields.object_attributes, "/oldrev")]),
        job: bounded_text(&fields.build_name),
        stage: bounded_text(&fields.build_stage),
        environment: first_text([&fields.environment, json_at(&fields.environment, "/name")]),
        labels: Labels::from_fields(&fields),
        changed: changed_names(&fields),
        push_skips_ci: skips_ci(&fields),
        is_sample: is_sample(&fields, &object_kind),
        changes,
        object_kind,
    }
}

/// What is wrong with a body that does not begin as an object. An error about its shape would repeat
/// all of a text that stands there instead, so it is asked again.
fn another_shape(body: &[u8]) -> Unreadable {
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => Unreadable::NotObject,
        Err(error) => Unreadable::NotJson(error.to_string()),
    }
}

/// The kind. GitLab 7 and before left it out of pushes, and only the header told a tag's from a branch's.
fn object_kind(fields: &Fields, header: &str) -> String {
    let named = first_text([&fields.object_kind, &fields.event_name]);
    let is_push = || {
        [&fields.before, &fields.after].into_iter().all(|sha| is_commit_id(&bounded_text(sha)))
            && fields.git_ref.is_string()
    };
    match header {
        "Push Hook" if named.is_empty() && is_push() => "push".to_owned(),
        "Tag Push Hook" if named.is_empty() && is_push() => "tag_push".to_owned(),
        _ => named,
    }
}

fn own_project_id(fields: &Fields) -> Option<i64> {
    integer_value(&fields.project_id).or_else(|| integer_value(json_at(&fields.project, "/id")))
}

fn project_id(fields: &Fields, object_kind: &str) -> Option<i64> {
    own_project_id(fields).or_else(|| {
        // Elsewhere these fields may name another project than the hook's (a merge request's source,
        // say), so they are believed for the events that have, or had, no other.
        let name = match object_kind {
            "vulnerability" | "issue" => "/project_id",
            "merge_request" => "/target_project_id",
            _ => return None,
        };
        integer_value(json_at(&fields.object_attributes, name))
    })
}

/// Where merge requests of GitLab 6 to 8 have their project; null if the event names it elsewhere.
fn merge_target(fields: &Fields) -> &Value {
    if fields.project.is_object() || fields.repository.is_object() {
        return &Value::Null;
    }
    json_at(&fields.object_attributes, "/target")
}

const REPOSITORY_ADDRESSES: [&str; 6] =
    ["/url", "/git_ssh_url", "/git_http_url", "/ssh_url", "/http_url", "/homepage"];
const PROJECT_ADDRESSES: [&str; 7] =
    ["/git_ssh_url", "/git_http_url", "/web_url", "/ssh_url", "/http_url", "/url", "/homepage"];

/// The repository's addresses, the one to show first. The project's are taken where the event
/// has no repository object, and beside it where both mean one repository: a note may carry a
/// `repository` that is not its project's.
pub(super) fn repository_addresses(fields: &Fields) -> Vec<String> {
    let mut found = collect_texts(&fields.repository, &REPOSITORY_ADDRESSES);
    let mut project = collect_texts(&fields.project, &PROJECT_ADDRESSES);
    project.extend(collect_texts(merge_target(fields), &PROJECT_ADDRESSES));
    let of_project: Vec<_> = project.iter().map(|url| RepositoryUrl::parse(url)).collect();
    let is_same = |url: &String| {
        let url = RepositoryUrl::parse(url);
        of_project.iter().any(|other| url.same_as(other))
    };
    let same = found.iter().any(is_same);
    if found.is_empty() || same {
        for address in project {
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}

fn collect_texts(object: &Value, names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        let address = bounded_text(json_at(object, name));
        if !address.is_empty() && !found.contains(&address) {
            found.push(address);
        }
    }
    found
}

fn project_path(fields: &Fields, repo_url: &str) -> String {
    let named = first_text([
        json_at(&fields.project, "/path_with_namespace"),
        &fields.path_with_namespace,
        json_at(merge_target(fields), "/path_with_namespace"),
    ]);
    if named.is_empty() { RepositoryUrl::parse(repo_url).path().to_owned() } else { named }
}

fn event_title(fields: &Fields, object_kind: &str) -> String {
    match object_kind {
        "release" => bounded_text(&fields.name),
        _ => first_text([
            json_at(&fields.object_attributes, "/title"),
            json_at(&fields.merge_request, "/title"),
        ]),
    }
}

/// The newest commit's message; where a tag lists no commit, the tag's own.
fn commit_message(fields: &mut Fields, object_kind: &str) -> String {
    let listed = std::mem::take(&mut fields.commits.message);
    if !listed.is_empty() {
        return listed.replace('\0', "\u{fffd}");
    }
    first_text([
        json_at(&fields.object_attributes, "/last_commit/message"),
        json_at(&fields.commit, "/message"),
        json_at(&fields.merge_request, "/last_commit/message"),
        if object_kind == "tag_push" { &fields.message } else { &Value::Null },
    ])
}

/// The names of what an update changed. Elsewhere `changes` is no object.
fn changed_names(fields: &Fields) -> Vec<String> {
    let names = fields.changes.as_object().into_iter().flatten();
    names.map(|(name, _)| bounded_text(&Value::from(name.as_str()))).collect()
}

impl Labels {
    fn from_fields(fields: &Fields) -> Self {
        let titles = |labels: &Value| -> Vec<String> {
            let labels = labels.as_array().map(Vec::as_slice).unwrap_or_default();
            labels.iter().map(|label| bounded_text(json_at(label, "/title"))).collect()
        };
        let beyond = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|label| !those.contains(label)).cloned().collect()
        };
        let before = titles(json_at(&fields.changes, "/labels/previous"));
        let after = titles(json_at(&fields.changes, "/labels/current"));
        let mut present = titles(&fields.labels);
        if present.is_empty() {
            present = titles(json_at(&fields.object_attributes, "/labels"));
        }
        Self { added: beyond(&after, &before), removed: beyond(&before, &after), present }
    }
}

/// `push_options: {"ci": {"skip": true}}`
fn skips_ci(fields: &Fields) -> bool {
    match json_at(&fields.push_options, "/ci/skip") {
        Value::Bool(skip) => *skip,
        // A bare option, as `-o ci.skip` is one.
        Value::String(text) => text != "false",
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// `SAMPLE_DATA` of GitLab's `lib/gitlab/data_builder/push.rb`: a push of project 15, "gitlab" (older
/// ones name none), without the `repository` that every real push has.
fn is_sample(fields: &Fields, object_kind: &str) -> bool {
    object_kind == "push"
        && fields.project_id == 15
        && fields.repository.is_null()
        && matches!(json_at(&fields.project, "/name").as_str(), None | Some("gitlab"))
}

/// What stands at a path, such as `/project/id` or `/0/ref`; null if nothing does.
///
/// [`Value::pointer`] makes two texts of each part for escapes that no name of GitLab's has: it
/// was the tenth of a delivery.
pub(super) fn json_at<'v>(value: &'v Value, path: &str) -> &'v Value {
    if value.is_null() {
        return value;
    }
    let found = path.split('/').skip(1).try_fold(value, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => value.get(part),
    });
    found.unwrap_or(&Value::Null)
}

pub(super) fn first_text<const N: usize>(values: [&Value; N]) -> String {
    values.into_iter().map(bounded_text).find(|text| !text.is_empty()).unwrap_or_default()
}

/// A text of bounded length that PostgreSQL takes (it refuses NUL).
pub(super) fn bounded_text(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let end = text.char_indices().nth(MAX_TEXT).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default().replace('\0', "\u{fffd}")
}

/// A number, also where a template wrote it as text.
pub(super) fn integer_value(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}
