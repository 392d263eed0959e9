//! The bodies of events.

use crate::projects::{Commit, Project};
use crate::world::World;
use serde_json::{Value, json};

/// What stands in the place of a commit where there is none.
pub(crate) const NOTHING: &str = "0000000000000000000000000000000000000000";

fn project(world: &World, project: &Project) -> Value {
    let [web, ssh, http] = project.addresses(world);
    json!({
        "id": project.id,
        "name": project.name,
        "description": null,
        "web_url": web,
        "avatar_url": null,
        "git_ssh_url": ssh,
        "git_http_url": http,
        "namespace": project.namespace(),
        "visibility_level": if project.public { 20 } else { 0 },
        "path_with_namespace": project.path,
        "default_branch": project.default_branch,
        "ci_config_path": null,
        "homepage": web,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": http,
    })
}

fn commit(world: &World, owner: &Project, commit: &Commit) -> Value {
    let (name, email) = &commit.author;
    json!({
        "id": commit.sha,
        "message": commit.title,
        "title": commit.title,
        "timestamp": commit.time(owner),
        "url": commit.url(world, owner),
        "author": { "name": name, "email": email },
        "added": [],
        "modified": ["README.md"],
        "removed": [],
    })
}

/// A push of these commits, or of a tag where `reference` is one.
pub(crate) fn push(
    world: &World,
    owner: &Project,
    reference: &str,
    (before, after): (&str, &str),
    commits: &[Commit],
) -> Value {
    let kind = if reference.starts_with("refs/tags/") { "tag_push" } else { "push" };
    let newest = commits.get(commits.len().saturating_sub(20)..).unwrap_or_default();
    let [web, ssh, http] = owner.addresses(world);
    json!({
        "object_kind": kind,
        "event_name": kind,
        "before": before,
        "after": after,
        "ref": reference,
        "ref_protected": reference == format!("refs/heads/{}", owner.default_branch),
        "checkout_sha": (after != NOTHING).then_some(after),
        "message": null,
        "user_id": 1,
        "user_name": "Administrator",
        "user_username": "root",
        "user_email": "admin@example.com",
        "user_avatar": null,
        "project_id": owner.id,
        "project": project(world, owner),
        "commits": newest.iter().map(|it| commit(world, owner, it)).collect::<Vec<_>>(),
        "total_commits_count": commits.len(),
        "push_options": {},
        "repository": {
            "name": owner.name,
            "url": ssh,
            "description": null,
            "homepage": web,
            "git_http_url": http,
            "git_ssh_url": ssh,
            "visibility_level": if owner.public { 20 } else { 0 },
        },
    })
}

/// A Test's push: the newest commits of the default branch.
pub(crate) fn test_push(world: &World, owner: &Project, is_tag: bool) -> Value {
    const COMMITS: usize = 3;
    let Some(all) = owner.branches.get(&owner.default_branch) else { return sample(is_tag) };
    let newest = all.get(all.len().saturating_sub(COMMITS)..).unwrap_or_default();
    let (Some(first), Some(last)) = (newest.first(), newest.last()) else { return sample(is_tag) };
    let reference = if is_tag {
        "refs/tags/v1.0.0".to_owned()
    } else {
        format!("refs/heads/{}", owner.default_branch)
    };
    push(world, owner, &reference, (&first.sha, &last.sha), newest)
}

/// What a Test sends of a project without a commit: a project that does not exist.
fn sample(is_tag: bool) -> Value {
    let sha = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
    let kind = if is_tag { "tag_push" } else { "push" };
    json!({
        "object_kind": kind,
        "event_name": kind,
        "before": "95790bf891e76fee5e1747ab589903a6a1f80f22",
        "after": sha,
        "ref": if is_tag { "refs/tags/v1.0.0" } else { "refs/heads/master" },
        "checkout_sha": sha,
        "message": "Hello World",
        "user_id": 4,
        "user_name": "John Smith",
        "user_email": "john@example.com",
        "project_id": 15,
        "project": {
            "id": 15,
            "name": "gitlab",
            "description": "",
            "web_url": "http://test.example.com/gitlab/gitlab",
            "git_ssh_url": "git@test.example.com:gitlab/gitlab.git",
            "git_http_url": "http://test.example.com/gitlab/gitlab.git",
            "namespace": "gitlab",
            "visibility_level": 0,
            "path_with_namespace": "gitlab/gitlab",
            "default_branch": "master",
        },
        "commits": [],
        "total_commits_count": 1,
        "push_options": { "ci": { "skip": true } },
    })
}

/// What the test of a system hook sends.
pub(crate) fn project_created() -> Value {
    json!({
        "event_name": "project_create",
        "name": "Ruby",
        "path": "ruby",
        "project_id": 1,
        "owner_name": "Someone",
        "owner_email": "example@gitlabhq.com",
    })
}
