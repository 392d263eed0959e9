//! `/projects/:id/repository`: branches and commits.

use crate::pages;
use crate::projects::{Commit, Project};
use crate::reply::{Answer, Reply, Request};
use crate::tokens::{Role, Token};
use crate::world::{World, stamp};
use serde_json::{Value, json};

impl Commit {
    pub(crate) fn url(&self, world: &World, project: &Project) -> String {
        let [web, ..] = project.addresses(world);
        format!("{web}/-/commit/{}", self.sha)
    }

    pub(crate) fn time(&self, project: &Project) -> String {
        stamp(self.at.unwrap_or(project.created_at))
    }

    fn show(&self, world: &World, project: &Project) -> Value {
        let (name, email) = &self.author;
        let time = self.time(project);
        json!({
            "id": self.sha,
            "short_id": self.sha.get(..8).unwrap_or(&self.sha),
            "created_at": time,
            "parent_ids": [],
            "title": self.title,
            "message": self.title,
            "author_name": name,
            "author_email": email,
            "authored_date": time,
            "committer_name": name,
            "committer_email": email,
            "committed_date": time,
            "trailers": {},
            "web_url": self.url(world, project),
        })
    }
}

fn branch(world: &World, project: &Project, name: &str) -> Value {
    let default = name == project.default_branch;
    let [web, ..] = project.addresses(world);
    json!({
        "name": name,
        "commit": project.head(name).map(|head| head.show(world, project)),
        "merged": false,
        "protected": default,
        "developers_can_push": false,
        "developers_can_merge": false,
        "can_push": true,
        "default": default,
        "web_url": format!("{web}/-/tree/{name}"),
    })
}

/// `GET /projects/:id/repository/branches`.
pub(crate) fn branches(world: &World, token: &Token, request: &Request, id: &str) -> Answer {
    let project = world.project_as(token, request, id, Role::Reporter)?;
    let search = request.text("search").unwrap_or_default();
    let rows: Vec<&String> =
        project.branches.keys().filter(|name| name.contains(&search)).collect();
    pages::by_number(world, request, &rows, |name| branch(world, project, name))
}

/// `GET /projects/:id/repository/branches/:branch`.
pub(crate) fn one_branch(
    world: &World,
    token: &Token,
    request: &Request,
    (id, name): (&str, &str),
) -> Answer {
    let project = world.project_as(token, request, id, Role::Reporter)?;
    project.head(name).ok_or_else(|| Reply::not_found(Some("Branch")))?;
    Ok(Reply::ok(branch(world, project, name)))
}

/// `GET /projects/:id/repository/compare`: what a branch has between two of its commits. All change one
/// file.
pub(crate) fn compare(world: &World, token: &Token, request: &Request, id: &str) -> Answer {
    let project = world.project_as(token, request, id, Role::Reporter)?;
    let sha = |name: &str| request.text(name).unwrap_or_default();
    let (from, to) = (sha("from"), sha("to"));
    let between = project.branches.values().find_map(|commits| {
        let place = |sha: &str| commits.iter().position(|commit| commit.sha == sha);
        commits.get(place(&from)? + 1..=place(&to)?)
    });
    let between = between.ok_or_else(|| Reply::not_found(Some("Ref")))?;
    let file = json!({
        "old_path": "README.md", "new_path": "README.md", "new_file": false,
        "renamed_file": false, "deleted_file": false, "diff": "",
    });
    Ok(Reply::ok(json!({
        "commit": between.last().map(|commit| commit.show(world, project)),
        "commits": between.iter().map(|commit| commit.show(world, project)).collect::<Vec<_>>(),
        "diffs": if between.is_empty() { vec![] } else { vec![file] },
        "compare_timeout": false,
        "compare_same_ref": from == to,
    })))
}

/// `GET /projects/:id/repository/commits/:sha`, where a branch's name serves too.
pub(crate) fn commit(
    world: &World,
    token: &Token,
    request: &Request,
    (id, sha): (&str, &str),
) -> Answer {
    let project = world.project_as(token, request, id, Role::Reporter)?;
    let commit = project.head(sha).or_else(|| project.commits().find(|commit| commit.sha == sha));
    let commit = commit.ok_or_else(|| Reply::not_found(Some("Commit")))?;
    let mut shown = commit.show(world, project);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("project_id".to_owned(), project.id.into());
    }
    Ok(Reply::ok(shown))
}
