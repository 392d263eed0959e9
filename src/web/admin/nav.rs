//! The navigation: which parts the panel has, in order, for whom.

use super::kit::frame::{NavRow, NavSection};
use crate::web::urls;
use signalbox_core::actor::Actor;
use signalbox_core::role::Permission;

/// The navigation as this person sees it on this page.
pub fn nav_sections(actor: &Actor, path: &str) -> Vec<NavSection> {
    let row = |label, icon, href: String, key| NavRow {
        label,
        icon,
        // The statistics lie below the jobs' own address.
        current: path.starts_with(&href)
            && (href == urls::job_stats() || !path.starts_with(urls::job_stats())),
        href,
        add: None,
        key,
        count: None,
        views: Vec::new(),
    };
    let mut webhooks = row("Webhooks", "webhook", urls::webhooks(), 'w');
    webhooks.add = actor.may(Permission::ChangeWebhooks).then(urls::webhook_add);
    let mut sections = vec![NavSection {
        title: "Automation",
        rows: vec![
            webhooks,
            row("Deliveries", "inbox", urls::deliveries(), 'd'),
            row("Jobs", "jobs", urls::jobs(), 'j'),
            row("Actions", "actions", urls::actions(), 'a'),
            row("Statistics", "chart", urls::job_stats().to_owned(), 's'),
            row("Workers", "worker", urls::workers(), 'k'),
        ],
    }];
    if actor.may(Permission::ChangeWebhooks) {
        let mut gitlab = row("GitLab", "link", urls::gitlab_connections(), 'g');
        gitlab.add = Some(urls::gitlab_connection_add());
        sections.extend([NavSection { title: "Connections", rows: vec![gitlab] }]);
    }
    let mut told = Vec::new();
    if actor.may(Permission::ChangeWebhooks) {
        let mut channels = row("Channels", "unplug", urls::channels(), 'c');
        channels.add = Some(urls::add("notify", "channel"));
        let mut rules = row("Rules", "filter", urls::notify_rules(), 'n');
        rules.add = Some(urls::add("notify", "rule"));
        told.extend([channels, rules]);
    }
    told.push(row("Messages", "info", urls::messages(), 'm'));
    sections.push(NavSection { title: "Notifications", rows: told });
    if actor.may(Permission::ManageUsers) {
        let mut users = row("Users", "users", urls::users(), 'u');
        users.add = Some(urls::add("auth", "user"));
        sections.push(NavSection { title: "Access", rows: vec![users] });
    }
    if actor.may(Permission::ReadLog) {
        let rows = vec![row("Log", "log", urls::log(), 'l')];
        sections.push(NavSection { title: "System", rows });
    }
    sections
}
