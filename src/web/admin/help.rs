//! Which section of the documentation helps on which page.

use crate::web::urls;

/// The beginning of an address, `*` for any part of it; the document; its section. The first that
/// fits is taken.
const HELP: [(&str, &str, &str); 30] = [
    ("/admin/hooks/webhook/import/", "panel", "export-and-import"),
    ("/admin/hooks/webhook/payload/", "panel", "forms"),
    ("/admin/hooks/webhook/add/", "gitlab", "set-up"),
    ("/admin/hooks/webhook/*/setup/", "gitlab", "set-up"),
    ("/admin/hooks/webhook/*/reset/", "gitlab", "registering-without-running"),
    ("/admin/hooks/webhook/*/test/", "panel", "testing-a-webhook"),
    ("/admin/hooks/webhook/*/change/", "panel", "forms"),
    ("/admin/hooks/webhook/*/history/", "panel", "history-and-log"),
    ("/admin/hooks/webhook/*/", "panel", "a-webhooks-page"),
    ("/admin/hooks/delivery/unmatched/", "gitlab", "when-nothing-ran"),
    ("/admin/hooks/delivery/replay/", "panel", "replay"),
    ("/admin/hooks/delivery/*/replay/", "panel", "replay"),
    ("/admin/hooks/delivery/*/", "gitlab", "when-nothing-ran"),
    ("/admin/hooks/job/*/", "panel", "jobs"),
    ("/admin/hooks/action/", "actions", "an-action-file"),
    ("/admin/hooks/worker/", "operations", "several-servers-and-workers"),
    ("/admin/hooks/", "panel", "lists"),
    ("/admin/gitlab/project/", "gitlab-connection", "set-up-in-one-press"),
    ("/admin/gitlab/", "gitlab-connection", "add-a-connection"),
    ("/admin/auth/user/*/history/", "panel", "history-and-log"),
    ("/admin/auth/", "panel", "people"),
    ("/admin/sessions/", "panel", "people"),
    ("/admin/password_change/", "panel", "people"),
    ("/admin/time_zone/", "panel", "times"),
    ("/admin/notify/*/*/history/", "panel", "history-and-log"),
    ("/admin/notify/rule/", "notifications", "rules"),
    ("/admin/notify/message/", "notifications", "messages"),
    ("/admin/notify/", "notifications", "channels"),
    ("/admin/log/", "panel", "history-and-log"),
    ("/admin/", "panel", "the-start-page"),
];

/// The address of the section that helps on the page at this path.
pub fn help_for(path: &str) -> String {
    let fits = |pattern: &str| {
        let mut parts = path.split('/');
        let pattern = pattern.trim_end_matches('/').split('/');
        pattern.into_iter().all(|wanted| {
            parts.next().is_some_and(|part| wanted == part || (wanted == "*" && !part.is_empty()))
        })
    };
    let found = HELP.iter().find(|(pattern, ..)| fits(pattern) && !path.starts_with(urls::docs()));
    found.map_or_else(
        || urls::docs().to_owned(),
        |(_, document, anchor)| section_url((document, anchor)),
    )
}

/// The address of a section of a document.
pub fn section_url((document, anchor): (&str, &str)) -> String {
    format!("{}#{anchor}", urls::document(document))
}

/// What the parts of a webhook's form say more about.
pub mod of_webhook {
    /// Its five fields.
    pub const MATCH: (&str, &str) = ("matching", "addresses");
    /// Its tokens.
    pub const SECURITY: (&str, &str) = ("matching", "credentials");
    /// Its filters.
    pub const FILTERS: (&str, &str) = ("matching", "filters");
    /// Its action.
    pub const ACTION: (&str, &str) = ("actions", "an-action-file");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_section_is_taken() {
        for (path, help) in [
            ("/admin/", "/admin/docs/panel/#the-start-page"),
            ("/admin/hooks/webhook/", "/admin/docs/panel/#lists"),
            ("/admin/hooks/webhook/7/", "/admin/docs/panel/#a-webhooks-page"),
            ("/admin/hooks/webhook/7/setup/", "/admin/docs/gitlab/#set-up"),
            ("/admin/hooks/webhook/add/", "/admin/docs/gitlab/#set-up"),
            ("/admin/hooks/job/stats/", "/admin/docs/panel/#jobs"),
        ] {
            assert_eq!(help_for(path), help, "{path}");
        }
    }
}
