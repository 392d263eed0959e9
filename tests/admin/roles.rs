//! Every route of the table, asked for by everybody: who may not is turned away, whether they
//! follow links or send by hand; who may is let through; and what is not allowed is not offered.

use crate::support::app::App;
use crate::support::panel::Panel;
use crate::support::webhooks;
use signalbox::web::admin::kit::route::Access;
use signalbox::web::admin::routes;
use signalbox::web::urls;
use signalbox_core::role::Role;

#[tokio::test]
async fn every_route_lets_in_whom_its_row_allows_and_nobody_else() {
    let app = App::start().await;
    let anonymous = Panel::anonymous(app.base());
    let mut people = Vec::new();
    for role in Role::ALL {
        let name = format!("the-{}", role.as_str());
        app.account(&name, role.as_str()).await;
        let panel = Panel::login(app.base(), &name, crate::support::app::PASSWORD).await;
        let form = panel.open("/admin/").await.form_to("/admin/logout/");
        let token = vec![("csrf_token".to_owned(), form.value("csrf_token").unwrap().to_owned())];
        people.push((role, panel, token));
    }
    let mut asked = 0;
    for row in routes::route_rows() {
        // Nothing of this id exists, so that nothing is done where it is allowed.
        let address = row.address.replace(urls::ID, "999999").replace(urls::ENTRY, "999999");
        let is_post = row.method == "POST";
        let Access::Needs(permission) = row.access else { continue };
        let page = if is_post {
            anonymous.post(&address, &[]).await
        } else {
            anonymous.get(&address).await
        };
        let is_away = page.address.starts_with("/admin/login/") || (is_post && page.status == 403);
        assert!(is_away, "anonymous {} {address}: {}", row.method, page.status);
        for (role, panel, token) in &people {
            // The one thing that would end the test's own session.
            if address == urls::logout() {
                continue;
            }
            let page =
                if is_post { panel.post(&address, token).await } else { panel.get(&address).await };
            let name = role.as_str();
            assert_eq!(
                page.status == 403,
                !role.has_permission(permission),
                "{name} {} {address}: {}",
                row.method,
                page.status
            );
            assert!(page.status < 500, "{name} {} {address}: {}", row.method, page.status);
            asked += 1;
        }
    }
    assert!(asked > 3 * 30, "only {asked} were asked");
}

/// The addresses of links and forms on a page.
async fn offered(panel: &Panel, address: &str) -> Vec<String> {
    let page = panel.open(address).await;
    [page.attributes("a", "href"), page.attributes("form[method=post]", "action")].concat()
}

#[tokio::test]
async fn what_a_role_may_not_do_is_not_offered() {
    let app = App::start().await;
    let [id, delivery, job] = webhooks::run_push(&app).await;
    let pages = [
        "/admin/".to_owned(),
        "/admin/hooks/webhook/".to_owned(),
        format!("/admin/hooks/webhook/{id}/change/"),
        format!("/admin/hooks/webhook/{id}/history/"),
        "/admin/hooks/delivery/".to_owned(),
        format!("/admin/hooks/delivery/{delivery}/"),
        "/admin/hooks/job/".to_owned(),
        format!("/admin/hooks/job/{job}/"),
        "/admin/sessions/".to_owned(),
        "/admin/log/".to_owned(),
    ];
    for role in Role::ALL {
        let panel = app.person(role.as_str()).await;
        for page in pages.iter().filter(|page| !(role == Role::Viewer && *page == "/admin/log/")) {
            for address in offered(&panel, page).await {
                let path = address.split('?').next().unwrap_or_default().to_owned();
                if !path.starts_with("/admin/") || path == urls::logout() {
                    continue;
                }
                let answer = panel.get(&path).await;
                assert_ne!(answer.status, 403, "{} is offered {path} on {page}", role.as_str());
            }
        }
    }
}
