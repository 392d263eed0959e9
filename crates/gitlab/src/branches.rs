//! Branches and what lies between two commits, and a push made of them.
//! Sources: <https://docs.gitlab.com/api/branches/>,
//! <https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits>,
//! <https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events>.

use crate::projects::Project;
use crate::{ApiFailure, Client};
use serde::Deserialize;
use serde_json::{Value, json};

/// What stands in the place of a commit where there is none.
const NOTHING: &str = "0000000000000000000000000000000000000000";
/// Most commits and files of a comparison that are listed; GitLab may show fewer than there are.
const MOST_LISTED: usize = 1_000;

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub commit: Commit,
}

impl Branch {
    /// Its whole name.
    pub fn git_ref(&self) -> String {
        format!("refs/heads/{}", self.name)
    }
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The first line of its message.
    #[serde(default)]
    pub title: String,
    /// Its message.
    #[serde(default)]
    pub message: String,
    /// Who wrote it.
    #[serde(default)]
    pub author_name: String,
    /// Their address.
    #[serde(default)]
    pub author_email: String,
    /// When it was made.
    #[serde(default)]
    pub committed_date: String,
    /// Its page.
    #[serde(default)]
    pub web_url: String,
}

/// What lies between two commits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comparison {
    /// The commits, the newest last.
    #[serde(default)]
    pub commits: Vec<Commit>,
    /// The files that differ.
    #[serde(default)]
    pub diffs: Vec<Diff>,
    /// Whether GitLab gave up.
    #[serde(default)]
    pub compare_timeout: bool,
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Diff {
    /// Its path before.
    pub old_path: String,
    /// Its path after.
    pub new_path: String,
    /// Whether there was none before.
    #[serde(default)]
    pub new_file: bool,
    /// Whether there is none after.
    #[serde(default)]
    pub deleted_file: bool,
}

impl Diff {
    fn is_moved(&self) -> bool {
        self.old_path != self.new_path
    }
}

impl Comparison {
    /// Whether it lists all there is.
    fn is_whole(&self) -> bool {
        let most = self.commits.len().max(self.diffs.len());
        !self.compare_timeout && most < MOST_LISTED && !self.commits.is_empty()
    }
}

/// A push that nobody sent: a branch went from one commit to another. Which files it changed is known of a
/// whole comparison; without one it says that there is more than it lists.
pub fn push_body(
    project: &Project,
    branch: &Branch,
    before: Option<&str>,
    between: Option<&Comparison>,
) -> Value {
    let whole = between.filter(|between| between.is_whole());
    let commits = whole.map(list_commits).unwrap_or_default();
    let total = commits.len().max(1);
    let head = &branch.commit;
    json!({
        "object_kind": "push",
        "event_name": "push",
        "before": before.unwrap_or(NOTHING),
        "after": head.id,
        "ref": branch.git_ref(),
        "checkout_sha": head.id,
        "user_name": head.author_name,
        "user_email": head.author_email,
        "project_id": project.id,
        "project": {
            "id": project.id,
            "name": project.name,
            "web_url": project.web_url,
            "git_ssh_url": project.ssh_url_to_repo,
            "git_http_url": project.http_url_to_repo,
            "path_with_namespace": project.path_with_namespace,
            "default_branch": project.default_branch,
        },
        "commits": commits,
        "total_commits_count": total,
        "push_options": {},
        "repository": {
            "name": project.name,
            "url": project.ssh_url_to_repo,
            "homepage": project.web_url,
            "git_http_url": project.http_url_to_repo,
            "git_ssh_url": project.ssh_url_to_repo,
        },
    })
}

/// The commits as a push lists them. All files stand with the newest.
fn list_commits(between: &Comparison) -> Vec<Value> {
    let paths = |keep: fn(&Diff) -> bool, path: fn(&Diff) -> &String| {
        between.diffs.iter().filter(|diff| keep(diff)).map(path).collect::<Vec<_>>()
    };
    let added = paths(|diff| diff.new_file || diff.is_moved(), |diff| &diff.new_path);
    let removed = paths(|diff| diff.deleted_file || diff.is_moved(), |diff| &diff.old_path);
    let modified = paths(
        |diff| !(diff.new_file || diff.deleted_file || diff.is_moved()),
        |diff| &diff.new_path,
    );
    let last = between.commits.len().saturating_sub(1);
    let commit = |(index, commit): (usize, &Commit)| {
        let is_last = index == last;
        let files = |paths: &Vec<&String>| if is_last { json!(paths) } else { json!([]) };
        json!({
            "id": commit.id,
            "message": commit.message,
            "title": commit.title,
            "timestamp": commit.committed_date,
            "url": commit.web_url,
            "author": { "name": commit.author_name, "email": commit.author_email },
            "added": files(&added),
            "modified": files(&modified),
            "removed": files(&removed),
        })
    };
    between.commits.iter().enumerate().map(commit).collect()
}

impl Client {
    /// All branches of a project.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn list_branches(&self, project: i64) -> Result<Vec<Branch>, ApiFailure> {
        self.get_all(&format!("projects/{project}/repository/branches")).await
    }

    /// One of them.
    ///
    /// # Errors
    /// Why GitLab did not say; [`ApiFailure::NotFound`] of one that is gone.
    pub async fn fetch_branch(&self, project: i64, name: &str) -> Result<Branch, ApiFailure> {
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let name = name.replace('+', "%20");
        self.get_json(&format!("projects/{project}/repository/branches/{name}"), &[]).await
    }

    /// What lies between two commits.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn compare_commits(
        &self,
        project: i64,
        from: &str,
        to: &str,
    ) -> Result<Comparison, ApiFailure> {
        let path = format!("projects/{project}/repository/compare");
        self.get_json(&path, &[("from", from), ("to", to)]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(id: &str) -> Commit {
        serde_json::from_value(json!({ "id": id, "title": "T", "author_name": "A" })).unwrap()
    }

    fn body(before: Option<&str>, between: Option<Value>) -> Value {
        let project = serde_json::from_value(json!({
            "id": 7, "name": "App", "path_with_namespace": "group/app",
            "web_url": "https://gitlab.example.com/group/app",
            "ssh_url_to_repo": "git@gitlab.example.com:group/app.git",
            "http_url_to_repo": "https://gitlab.example.com/group/app.git",
        }))
        .unwrap();
        let branch = Branch { name: "a/b".into(), commit: commit("2") };
        let between = between.map(|between| serde_json::from_value(between).unwrap());
        push_body(&project, &branch, before, between.as_ref())
    }

    #[test]
    fn a_push_lists_the_commits_and_files_between() {
        let file = |old: &str, new: &str| json!({ "old_path": old, "new_path": new });
        let mut diffs =
            [file("new", "new"), file("gone", "gone"), file("old", "moved"), file("m", "m")];
        diffs[0]["new_file"] = json!(true);
        diffs[1]["deleted_file"] = json!(true);
        let body = body(
            Some("0"),
            Some(json!({
                "commits": [{ "id": "1" }, { "id": "2" }], "diffs": diffs,
            })),
        );
        assert_eq!(
            (&body["before"], &body["after"], &body["ref"]),
            (&json!("0"), &json!("2"), &json!("refs/heads/a/b"))
        );
        assert_eq!(
            (&body["total_commits_count"], &body["commits"][0]["added"]),
            (&json!(2), &json!([]))
        );
        let last = &body["commits"][1];
        assert_eq!(last["added"], json!(["new", "moved"]));
        assert_eq!(last["removed"], json!(["gone", "old"]));
        assert_eq!(last["modified"], json!(["m"]));
    }

    #[test]
    fn without_a_whole_comparison_there_is_more_than_is_listed() {
        let cut = json!({ "commits": [{ "id": "1" }], "compare_timeout": true });
        for between in [None, Some(cut)] {
            let body = body(None, between);
            assert_eq!(body["before"], NOTHING);
            assert_eq!((&body["commits"], &body["total_commits_count"]), (&json!([]), &json!(1)));
        }
    }
}
