//! The page in GitLab of what an event is about: the merge request, issue, pipeline or release, else the
//! newest commit, else the project. A body may name any address, so only one of the repository's own
//! server counts.

use super::payload::{Fields, bounded_text, json_at, repository_addresses};
use super::repository::RepositoryUrl;
use serde_json::Value;
use url::Url;

/// Most bytes of an address.
const MOST: usize = 2_000;

/// The page; empty if the body names none on the server of these addresses.
pub(super) fn event_page(fields: &Fields, addresses: &[String]) -> String {
    let newest = Value::from(fields.commits.url.as_str());
    let servers: Vec<_> = addresses.iter().map(|url| RepositoryUrl::parse(url)).collect();
    [
        json_at(&fields.object_attributes, "/url"),
        &fields.url,
        &newest,
        json_at(&fields.commit, "/url"),
        &fields.commit_url,
        json_at(&fields.merge_request, "/url"),
    ]
    .into_iter()
    .chain(project_addresses(fields))
    .find_map(|address| page_on(address, &servers))
    .map(String::from)
    .unwrap_or_default()
}

/// The project's page, if the body names one on the repository's server.
pub(super) fn project_page(fields: &Fields) -> Option<Url> {
    let addresses = repository_addresses(fields);
    let servers: Vec<_> = addresses.iter().map(|url| RepositoryUrl::parse(url)).collect();
    project_addresses(fields).into_iter().find_map(|address| page_on(address, &servers))
}

fn project_addresses(fields: &Fields) -> [&Value; 2] {
    [json_at(&fields.project, "/web_url"), json_at(&fields.repository, "/homepage")]
}

fn page_on(address: &Value, servers: &[RepositoryUrl]) -> Option<Url> {
    let url = Url::parse(&bounded_text(address)).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_plain = url.username().is_empty() && url.password().is_none();
    let page = RepositoryUrl::parse(url.as_str());
    let is_theirs = servers.iter().any(|server| server.is_beside(&page));
    (is_web && is_plain && is_theirs && url.as_str().len() <= MOST).then_some(url)
}

#[cfg(test)]
mod tests {
    use crate::event::Event;
    use serde_json::json;

    fn page(body: &serde_json::Value) -> String {
        Event::from_body("Push Hook", body.to_string().as_bytes()).unwrap().web_url
    }

    #[test]
    fn it_is_that_of_what_the_event_is_about() {
        let at = "https://gitlab.example.com/a/b";
        let project = json!({ "web_url": at, "git_ssh_url": "git@gitlab.example.com:a/b.git" });
        let request = format!("{at}/-/merge_requests/1");
        let body = json!({ "project": project, "object_attributes": { "url": request } });
        assert_eq!(page(&body), request);
        let commit = |name: &str| json!({ "url": format!("{at}/-/commit/{name}") });
        let body = json!({ "project": project, "commits": [commit("1"), commit("2")] });
        assert_eq!(page(&body), format!("{at}/-/commit/2"));
        assert_eq!(page(&json!({ "project": project })), at);
        assert_eq!(page(&json!({})), "");
    }

    #[test]
    fn another_server_is_never_led_to() {
        let at = "https://gitlab.example.com/a/b";
        for wrong in [
            "https://elsewhere.example.com/a",
            "https://gitlab.example.com:8443/a",
            "https://gitlab.example.com@elsewhere.example.com/a",
            "https://user:word@gitlab.example.com/a",
            "javascript:alert(1)//gitlab.example.com",
            "ssh://gitlab.example.com/a",
            "//gitlab.example.com/a",
            "no address",
        ] {
            let body =
                json!({ "project": { "web_url": at }, "object_attributes": { "url": wrong } });
            assert_eq!(page(&body), at, "of {wrong}");
        }
        let newline = json!({ "project": { "web_url": at }, "object_attributes": { "url": format!("{at}\u{202e}\n/x y") } });
        assert_eq!(page(&newline), format!("{at}%E2%80%AE/x%20y"));
        let only_ssh = json!({
            "repository": { "url": "git@gitlab.example.com:a/b.git" },
            "object_attributes": { "url": "http://gitlab.example.com:8080/a/b/issues/1" },
        });
        assert_eq!(page(&only_ssh), "http://gitlab.example.com:8080/a/b/issues/1");
    }
}
