//! Every route of the panel on one screen: method, address, who may, handler.
//!
//! `kit::route::mount_rows` puts `crate::web::middleware::authorize` with the same rows around each address, so a
//! route without a row does not exist, and a row cannot forget its permission. Literal addresses stand before patterns they
//! would fall under (`…/add/` before `…/{id}/`).

use super::deliveries::{self, Deliveries};
use super::gitlab::calls::Calls;
use super::gitlab::{self, Connections};
use super::jobs::{self, Jobs};
use super::kit::route::Access;
use super::kit::{self, mount};
use super::log::{self, Log};
use super::notify::{channels, channels::Channels, messages, messages::Messages, rules::Rules};
use super::users::{self, Users};
use super::webhooks::{self, Webhooks};
use super::{
    actions, docs, index, language, login, palette, password, pause, replay, search, setup,
    time_zone, views, workers,
};
use crate::web::urls;
use signalbox_core::role::Permission;

/// One route of this panel.
pub type Row = kit::route::Row<Permission>;

/// The table.
pub fn route_rows() -> Vec<Row> {
    use Access::{Needs, Public};
    use Permission::{ChangeWebhooks, Operate, OwnAccount, ReadLog, View};
    let delivery = |verb| urls::verb("hooks", "delivery", urls::ID, verb);
    let job = |verb| urls::verb("hooks", "job", urls::ID, verb);
    let mut rows = vec![
        Row::get(urls::login(), Public, |route| route.to(login::show_login)),
        Row::post(urls::login(), Public, |route| route.to(login::submit_login)),
        Row::post(urls::logout(), Needs(OwnAccount), |route| route.to(login::submit_logout)),
        Row::get(urls::setup(), Public, |route| route.to(setup::show_setup)),
        Row::post(urls::setup(), Public, |route| route.to(setup::submit_setup)),
        Row::get(urls::password_change(), Needs(OwnAccount), |route| {
            route.to(password::show_password_form)
        }),
        Row::post(urls::password_change(), Needs(OwnAccount), |route| {
            route.to(password::submit_password)
        }),
        Row::get(urls::own_sessions(), Needs(OwnAccount), |route| {
            route.to(users::sessions::show_own)
        }),
        Row::post(urls::own_sessions(), Needs(OwnAccount), |route| {
            route.to(users::sessions::end_own)
        }),
        Row::get(urls::time_zone(), Needs(OwnAccount), |route| route.to(time_zone::show_time_zone)),
        Row::post(urls::time_zone(), Needs(OwnAccount), |route| {
            route.to(time_zone::submit_time_zone)
        }),
        Row::post(urls::language(), Needs(OwnAccount), |route| route.to(language::submit_language)),
        Row::get(urls::view_add(), Needs(OwnAccount), |route| route.to(views::show_add)),
        Row::post(urls::view_add(), Needs(OwnAccount), |route| route.to(views::submit_add)),
        Row::get(urls::view(urls::ID), Needs(OwnAccount), |route| route.to(views::show_change)),
        Row::post(urls::view(urls::ID), Needs(OwnAccount), |route| route.to(views::submit_change)),
        Row::get(urls::view_delete(urls::ID), Needs(OwnAccount), |route| {
            route.to(views::ask_delete)
        }),
        Row::post(urls::view_delete(urls::ID), Needs(OwnAccount), |route| {
            route.to(views::submit_delete)
        }),
        Row::get(urls::index(), Needs(View), |route| route.to(index::show_index)),
        Row::get(urls::search(), Needs(View), |route| route.to(search::show_search)),
        Row::get(urls::palette(), Needs(View), |route| route.to(palette::show_palette)),
        Row::get(urls::docs(), Needs(OwnAccount), |route| route.to(docs::show_docs)),
        Row::get(urls::document(urls::ID), Needs(OwnAccount), |route| {
            route.to(docs::show_document)
        }),
        Row::get(urls::actions(), Needs(View), |route| route.to(actions::show_actions)),
    ];
    rows.extend(webhook_rows());
    rows.extend(mount::resource_routes::<Deliveries>());
    rows.extend([
        Row::get(urls::unmatched(), Needs(View), |route| {
            route.to(deliveries::unmatched::show_unmatched)
        }),
        Row::get(urls::replays(), Needs(View), |route| route.to(replay::many::show_replays)),
        Row::post(urls::replays(), Needs(Operate), |route| route.to(replay::many::submit_run)),
        Row::get(urls::replay_run(urls::ID), Needs(View), |route| route.to(replay::run::show_run)),
        Row::post(urls::replay_stop(urls::ID), Needs(Operate), |route| {
            route.to(replay::run::submit_stop)
        }),
        Row::get(urls::object("hooks", "delivery", urls::ID), Needs(View), |route| {
            route.to(deliveries::page::show_delivery)
        }),
        Row::get(delivery("body"), Needs(View), |route| route.to(deliveries::page::download_body)),
        Row::get(delivery("replay"), Needs(View), |route| route.to(replay::show_replay)),
        Row::post(delivery("replay"), Needs(Operate), |route| route.to(replay::submit_replay)),
        Row::post(delivery("take-over"), Needs(ChangeWebhooks), |route| {
            route.to(deliveries::take_over::submit_take_over)
        }),
    ]);
    rows.extend(mount::resource_routes::<Jobs>());
    rows.extend([
        Row::get(urls::job_stats(), Needs(View), |route| route.to(jobs::stats::show_stats)),
        Row::get(urls::object("hooks", "job", urls::ID), Needs(View), |route| {
            route.to(jobs::page::show_job)
        }),
        Row::get(job("output"), Needs(View), |route| route.to(jobs::raw::download_output)),
        Row::get(job("events"), Needs(View), |route| route.to(jobs::events::stream_events)),
        Row::post(job("run-again"), Needs(Operate), |route| route.to(jobs::act::run_again)),
        Row::post(job("run-now"), Needs(Operate), |route| route.to(jobs::act::run_now)),
        Row::get(job("cancel"), Needs(Operate), |route| route.to(jobs::act::cancel_form)),
        Row::post(job("cancel"), Needs(Operate), |route| route.to(jobs::act::submit_cancel)),
        Row::get(urls::workers(), Needs(View), |route| route.to(workers::show_workers)),
        Row::post(urls::pause(), Needs(Operate), |route| route.to(pause::submit_pause)),
        Row::post(urls::resume(), Needs(Operate), |route| route.to(pause::submit_resume)),
    ]);
    rows.extend(gitlab_rows());
    rows.extend(account_rows());
    rows.extend(notify_rows());
    rows.extend(mount::resource_routes::<Log>());
    rows.push(Row::get(urls::log_entry(urls::ID), Needs(ReadLog), |route| {
        route.to(log::entry::show_entry)
    }));
    rows
}

/// Webhooks, their file, and what is done to each.
fn webhook_rows() -> Vec<Row> {
    use Access::Needs;
    use Permission::{ChangeWebhooks, Operate, View};
    let mut rows = vec![
        Row::get(urls::webhook_import(), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::import::show_import)
        }),
        Row::post(urls::webhook_import(), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::import::submit_import)
        }),
        Row::get(urls::webhook_payload(), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::payload::show_payload)
        }),
        Row::post(urls::webhook_payload(), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::payload::submit_payload)
        }),
        Row::get(urls::webhook_export(), Needs(View), |route| {
            route.to(webhooks::import::download_export)
        }),
    ];
    rows.extend(mount::editable_routes::<Webhooks>());
    rows.extend([
        Row::get(urls::object("hooks", "webhook", urls::ID), Needs(View), |route| {
            route.to(webhooks::overview::show_overview)
        }),
        Row::get(urls::webhook_setup(urls::ID), Needs(View), |route| {
            route.to(webhooks::setup::show_setup)
        }),
        Row::get(urls::webhook_test(urls::ID), Needs(View), |route| {
            route.to(webhooks::test::show_test)
        }),
        Row::post(urls::webhook_test(urls::ID), Needs(Operate), |route| {
            route.to(webhooks::test::submit_test)
        }),
        Row::get(urls::webhook_reset(urls::ID), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::reset::ask_reset)
        }),
        Row::post(urls::webhook_reset(urls::ID), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::reset::submit_reset)
        }),
        Row::post(urls::webhook_switch(urls::ID), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::switch::submit_switch)
        }),
        Row::post(urls::webhook_set_up(urls::ID), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::set_up::submit_set_up)
        }),
    ]);
    rows
}

/// Connections to GitLab's API, their calls, and the projects to choose from.
fn gitlab_rows() -> Vec<Row> {
    let change = Access::Needs(Permission::ChangeWebhooks);
    let mut rows = mount::editable_routes::<Connections>();
    rows.extend(mount::resource_routes::<Calls>());
    rows.extend([
        Row::get(urls::gitlab_projects(), change, |route| {
            route.to(gitlab::projects::show_projects)
        }),
        Row::get(urls::gitlab_connection(urls::ID), change, |route| {
            route.to(gitlab::page::show_connection)
        }),
        Row::post(urls::gitlab_connection_check(urls::ID), change, |route| {
            route.to(gitlab::acts::submit_check)
        }),
        Row::post(urls::gitlab_connection_fix(urls::ID), change, |route| {
            route.to(gitlab::acts::submit_fix)
        }),
    ]);
    rows
}

/// Channels, rules and messages.
fn notify_rows() -> Vec<Row> {
    let change = Access::Needs(Permission::ChangeWebhooks);
    let mut rows = mount::editable_routes::<Channels>();
    rows.extend(mount::editable_routes::<Rules>());
    rows.extend(mount::resource_routes::<Messages>());
    rows.extend([
        Row::post(urls::channel_test(urls::ID), change, |route| route.to(channels::submit_test)),
        Row::get(urls::message(urls::ID), Access::Needs(Permission::View), |route| {
            route.to(messages::show_message)
        }),
        Row::post(urls::message_send(urls::ID), change, |route| route.to(messages::submit_send)),
    ]);
    rows
}

/// Accounts, and what is done to each.
fn account_rows() -> Vec<Row> {
    let manage = Access::Needs(Permission::ManageUsers);
    let (password, sessions) = (urls::user_password(urls::ID), urls::user_sessions(urls::ID));
    let mut rows = mount::editable_routes::<Users>();
    rows.extend([
        Row::get(password.clone(), manage, |route| route.to(users::password::show_user_password)),
        Row::post(password, manage, |route| route.to(users::password::submit_user_password)),
        Row::get(sessions.clone(), manage, |route| route.to(users::sessions::show_user_sessions)),
        Row::post(sessions, manage, |route| route.to(users::sessions::end_of_user)),
    ]);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::Method;
    use std::collections::HashSet;

    #[test]
    fn no_row_stands_twice_and_all_are_in_the_panel() {
        let rows = route_rows();
        let distinct: HashSet<_> = rows.iter().map(|row| (&row.method, &row.address)).collect();
        assert_eq!(distinct.len(), rows.len());
        for row in &rows {
            assert!(
                row.address.starts_with("/admin/") && row.address.ends_with('/'),
                "{}",
                row.address
            );
            assert!(row.method == Method::GET || row.method == Method::POST);
        }
    }

    #[test]
    fn only_signing_in_and_setting_up_are_public() {
        let public: Vec<String> = route_rows()
            .into_iter()
            .filter(|row| row.access == Access::Public)
            .map(|row| format!("{} {}", row.method, row.address))
            .collect();
        assert_eq!(
            public,
            ["GET /admin/login/", "POST /admin/login/", "GET /admin/setup/", "POST /admin/setup/"]
        );
    }
}
