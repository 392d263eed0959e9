//! What can be paused: everything, a webhook, a lane. Lanes are offered before a job stands in them.

use signalbox_actions::Catalogue;
use signalbox_core::ids::WebhookId;
use signalbox_core::lane;
use signalbox_core::pause::{Pause, Scope};
use signalbox_i18n::t;
use signalbox_store::{Conn, Result, lanes, webhooks};
use std::collections::BTreeSet;

/// Choices under one heading.
pub struct Group {
    /// The heading.
    pub label: Option<&'static str>,
    /// Each one's word and name.
    pub scopes: Vec<(String, String)>,
}

/// What is not paused yet; groups with nothing in them are left out.
pub(super) async fn unpaused_scopes(
    conn: &mut Conn,
    catalogue: &Catalogue,
    paused: &[Pause],
) -> Result<Vec<Group>> {
    let webhooks = webhooks::list_names(conn).await?;
    // Those that entries name, and those of entries that are gone, in which jobs still stand.
    let named = catalogue.entries().filter_map(|spec| spec.lane.as_deref().map(lane::of_host));
    let hosts: BTreeSet<String> = named.chain(lanes::of_host(conn).await?).collect();
    let hosts = hosts.into_iter().map(|name| {
        let label = t(&lane::lane_label(&name)).to_owned();
        (Scope::Lane(name), label)
    });
    let own = webhooks.iter().filter_map(|webhook| {
        // Serial or newest only: both stand in the webhook's own lane.
        let concurrency = webhook.concurrency;
        let lane = lane::of_webhook(WebhookId(webhook.id), concurrency, None)?;
        Some((Scope::Lane(lane), webhook.label.clone()))
    });
    let lanes: Vec<_> = hosts.chain(own).collect();
    let webhooks = webhooks
        .iter()
        .map(|webhook| (Scope::Webhook(webhook.id), webhook.label.clone()))
        .collect::<Vec<_>>();
    let is_free = |scope: &Scope| !paused.iter().any(|pause| pause.scope == *scope);
    let group = |label, scopes: Vec<(Scope, String)>| {
        let free = scopes.into_iter().filter(|(scope, _)| is_free(scope));
        Group { label, scopes: free.map(|(scope, name)| (scope.to_word(), name)).collect() }
    };
    let groups = [
        group(None, vec![(Scope::All, t("Everything").to_owned())]),
        group(Some("A webhook"), webhooks),
        group(Some("A lane"), lanes),
    ];
    Ok(groups.into_iter().filter(|group| !group.scopes.is_empty()).collect())
}
