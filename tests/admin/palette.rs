//! The command palette and the documentation, as pages.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::webhooks;

const PALETTE: &str = "/admin/palette/";

fn links(page: &Page) -> Vec<String> {
    page.attributes("[data-group] a", "href")
}

#[tokio::test]
async fn the_palette_lists_pages_webhooks_and_what_is_found() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let webhook = format!("/admin/hooks/webhook/{id}/");
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let [job] = answer.jobs().try_into().unwrap();
    let panel = app.panel().await;
    let all = links(&panel.open(PALETTE).await);
    for link in [&webhook, "/admin/hooks/worker/", "/admin/auth/user/", "/admin/docs/panel/"] {
        assert!(all.iter().any(|href| href == link), "{link}: {all:?}");
    }
    for link in &all {
        assert_eq!(panel.get(link).await.status, 200, "{link}");
    }
    // The form works without scripts; nothing of a search is lost.
    let form = panel.open(PALETTE).await.form_to(PALETTE);
    let page = panel.submit(form.set("q", "diaspora")).await;
    let found = links(&page);
    assert!(found.contains(&webhook), "{found:?}");
    assert!(found.contains(&format!("/admin/hooks/job/{job}/")), "{found:?}");
    assert!(found.contains(&"/admin/search/?q=diaspora".to_owned()), "{found:?}");
    // An ID, however it is typed, leads to what it names.
    let found = links(&panel.open(&format!("{PALETTE}?q={}", job.to_lowercase())).await);
    assert_eq!(found[0], format!("/admin/hooks/job/{job}/"));
    let page = panel.open(&format!("{PALETTE}?q=%3Cb%3E")).await;
    page.says("Search everything for “<b>”");
    // Nobody is led to where they may not go.
    let viewer = app.person("viewer").await;
    for link in links(&viewer.open(PALETTE).await) {
        assert_eq!(viewer.get(&link).await.status, 200, "{link}");
        assert!(!link.starts_with("/admin/auth/user/"), "{link}");
    }
}

#[tokio::test]
async fn the_documentation_is_there_for_who_is_signed_in() {
    let app = App::start().await;
    let viewer = app.person("viewer").await;
    let list = viewer.open("/admin/docs/").await;
    let documents = list.attributes(".doc-list a", "href");
    assert!(documents.len() >= 9, "{documents:?}");
    for document in &documents {
        let page = viewer.open(document).await;
        assert!(page.has("article.doc p"), "{document}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("style-src 'self'") && !page.has("main [style]"), "{document}");
    }
    assert_eq!(viewer.get("/admin/docs/no-such/").await.status, 404);
    // Each page leads to the section about it.
    for (page, help) in [
        ("/admin/hooks/job/", "/admin/docs/panel/#lists"),
        ("/admin/hooks/action/", "/admin/docs/actions/#an-action-file"),
        ("/admin/time_zone/", "/admin/docs/panel/#times"),
    ] {
        assert_eq!(viewer.open(page).await.attributes(".topbar-help", "href"), [help]);
    }
    let stranger = crate::support::panel::Panel::anonymous(app.base());
    assert_eq!(
        stranger.get("/admin/docs/panel/").await.address,
        "/admin/login/?next=%2Fadmin%2Fdocs%2Fpanel%2F"
    );
}
