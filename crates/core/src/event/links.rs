//! Pages in GitLab beside the one of what an event is about: its project, ref, commit and person, and what
//! a push changed. Made of the project's own page, which is on the repository's server or is not known.

use super::payload::read_event;
use super::web_page::project_page;
use super::{Event, Unreadable, is_commit_id, is_zeros, read_fields};
use url::Url;

/// The pages that an event has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// The project.
    pub project: Option<String>,
    /// The branch or tag, unless it was deleted.
    pub git_ref: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// What a push changed.
    pub compare: Option<String>,
    /// Who caused it.
    pub person: Option<String>,
}

impl Links {
    /// The pages in GitLab of the event in a body.
    ///
    /// # Errors
    /// [`Unreadable`] if the body is not a JSON object.
    pub fn from_body(header: &str, body: &[u8]) -> Result<Self, Unreadable> {
        let fields = read_fields(body)?;
        let project = project_page(&fields);
        let event = read_event(header, fields);
        Ok(project.map(|project| event.links_beside(project)).unwrap_or_default())
    }
}

impl Event {
    fn links_beside(&self, mut project: Url) -> Links {
        project.set_query(None);
        project.set_fragment(None);
        let page = |folder: &str, rest: &str| {
            let mut page = project.clone();
            page.path_segments_mut()
                .ok()?
                .pop_if_empty()
                .extend(["-", folder])
                .extend(rest.split('/'));
            Some(String::from(page))
        };
        let (branch, tag) = (self.git_ref.branch_name(), self.git_ref.tag_name());
        // The branch of a merge request may be another project's.
        let is_here = self.target_branch.is_empty() && !self.is_deleted();
        let is_push =
            [&self.before, &self.after].iter().all(|id| is_commit_id(id) && !is_zeros(id));
        Links {
            project: Some(project.to_string()),
            git_ref: match (branch, tag) {
                _ if !is_here => None,
                ("", "") => None,
                ("", tag) => page("tags", tag),
                (branch, _) => page("tree", branch),
            },
            commit: is_commit_id(&self.sha).then(|| page("commit", &self.sha)).flatten(),
            compare: (is_push && self.before != self.after)
                .then(|| page("compare", &format!("{}...{}", self.before, self.after)))
                .flatten(),
            person: self.person_page(project.clone()),
        }
    }

    /// The page of who caused it: beside the project's, which may lie below a folder of the server.
    fn person_page(&self, mut page: Url) -> Option<String> {
        let name = self.user_username.as_str();
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        let is_dots = name.chars().all(|c| c == '.');
        let path = page.path().trim_end_matches('/').to_owned();
        let root =
            path.strip_suffix(&self.project_path).filter(|_| !self.project_path.is_empty())?;
        if !is_name || is_dots || !root.ends_with('/') {
            return None;
        }
        page.set_path(&format!("{root}{name}"));
        Some(page.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const AT: &str = "https://gitlab.example.com/git/group/app";
    const OLD: &str = "95790bf891e76fee5e1747ab589903a6a1f80f22";
    const NEW: &str = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
    const ZEROS: &str = "0000000000000000000000000000000000000000";

    fn links(more: &Value) -> Links {
        let mut body = json!({
            "object_kind": "push", "ref": "refs/heads/feature/a b#1", "user_username": "marta.k",
            "before": OLD, "after": NEW, "checkout_sha": NEW,
            "project": { "web_url": AT, "path_with_namespace": "group/app",
                         "git_ssh_url": "git@gitlab.example.com:group/app.git" },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Links::from_body("Push Hook", body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_push_has_a_page_for_each_of_its_parts() {
        let of = |rest: &str| Some(format!("{AT}{rest}"));
        assert_eq!(
            links(&json!({})),
            Links {
                project: of(""),
                git_ref: of("/-/tree/feature/a%20b%231"),
                commit: of(&format!("/-/commit/{NEW}")),
                compare: of(&format!("/-/compare/{OLD}...{NEW}")),
                person: Some("https://gitlab.example.com/git/marta.k".to_owned()),
            }
        );
        let tag = links(&json!({ "ref": "refs/tags/v1", "before": ZEROS }));
        assert_eq!((tag.git_ref, tag.compare), (of("/-/tags/v1"), None));
        let gone = links(&json!({ "after": ZEROS, "checkout_sha": null }));
        assert_eq!((gone.git_ref, gone.compare), (None, None));
    }

    #[test]
    fn no_page_leads_to_another_server_or_past_the_project() {
        for url in
            ["javascript:alert(1)//gitlab.example.com", "ssh://gitlab.example.com/group/app", ""]
        {
            let project = json!({ "web_url": url, "path_with_namespace": "group/app",
                                  "git_ssh_url": "git@gitlab.example.com:group/app.git" });
            assert_eq!(links(&json!({ "project": project })), Links::default(), "{url}");
        }
        for name in ["", "..", "a/b", "a?b", "<b>", "//elsewhere.example.com"] {
            assert_eq!(links(&json!({ "user_username": name })).person, None, "{name}");
        }
        let odd = links(&json!({ "after": "../../../x", "checkout_sha": "x" }));
        assert_eq!((odd.commit, odd.compare), (None, None));
    }
}
