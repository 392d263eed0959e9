//! What a person keeps of lists, as the kit and the navigation show it. The names of lists are those
//! of their resources; `views.rs` has the forms.

use super::kit::frame::{NavSection, NavView};
use super::kit::kept::{Kept, SavedView};
use super::kit::saved::view_url;
use crate::accounts::views::may_change;
use crate::web::middleware::authenticate::Around;
use crate::web::urls;
use signalbox_core::actor::Actor;
use signalbox_store::saved_views::View;

/// A list's title and address, by its name.
pub fn list_of(name: &str) -> Option<(&'static str, String)> {
    Some(match name {
        "webhook" => ("Webhooks", urls::webhooks()),
        "delivery" => ("Deliveries", urls::deliveries()),
        "job" => ("Jobs", urls::jobs()),
        "connection" => ("GitLab connections", urls::gitlab_connections()),
        "call" => ("Calls of GitLab", urls::gitlab_calls().to_owned()),
        "user" => ("Users", urls::users()),
        "log" => ("Log", urls::log()),
        "channel" => ("Channels", urls::channels()),
        "rule" => ("Rules", urls::notify_rules()),
        "message" => ("Messages", urls::messages()),
        _ => return None,
    })
}

fn split_keys(columns: &str) -> Option<Vec<String>> {
    (!columns.is_empty()).then(|| columns.split(',').map(str::to_owned).collect())
}

/// What a person keeps of a list.
pub fn kept_of(actor: &Actor, around: &Around, list: &str) -> Kept {
    let views = around.views.iter().filter(|view| view.values.list == list).map(|view| SavedView {
        id: view.id,
        name: view.values.name.clone(),
        query: view.values.query.clone(),
        columns: split_keys(&view.values.columns),
        change: may_change(actor, view).then(|| urls::view(view.id)),
    });
    let columns = around.columns.iter().find(|columns| columns.list == list);
    Kept {
        columns: columns.and_then(|columns| split_keys(&columns.columns)),
        views: views.collect(),
        add: Some(urls::view_add().to_owned()),
    }
}

/// Puts each view below its list, where there is that list; `open` is the one that is shown.
pub fn add_to_nav(views: &[View], nav: &mut [NavSection], path: &str, open: Option<i64>) {
    for row in nav.iter_mut().flat_map(|section| &mut section.rows) {
        let of_list =
            |view: &&View| list_of(&view.values.list).is_some_and(|(_, href)| href == row.href);
        let views = views.iter().filter(of_list).map(|view| NavView {
            name: view.values.name.clone(),
            href: view_url(&row.href, &view.values.query, view.id),
            shared: view.values.owner_id.is_none(),
            current: path == row.href && open == Some(view.id),
        });
        row.views = views.collect();
        row.current &= !row.views.iter().any(|view| view.current);
    }
}
