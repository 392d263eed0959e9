//! Every route of the panel on one screen: method, address, who may, handler.
//!
//! `kit::route::mount` puts `crate::web::middleware::authorize` with the same rows around each address, so a
//! route without a row does not exist, and a row cannot forget its permission. Literal addresses stand before patterns they
//! would fall under (`…/add/` before `…/{id}/`).

use super::deliveries::{self, Deliveries};
use super::jobs::{self, Jobs};
use super::kit::route::Access;
use super::kit::{self, mount};
use super::log::{self, Log};
use super::users::{self, Users};
use super::webhooks::{self, Webhooks};
use super::{actions, index, language, login, password, pause, replay, search, setup, workers};
use crate::web::urls;
use signalbox_core::role::Permission;

/// One route of this panel.
pub type Row = kit::route::Row<Permission>;

/// The table.
pub fn rows() -> Vec<Row> {
    use Access::{Needs, Public};
    use Permission::{ChangeWebhooks, Operate, OwnAccount, ReadLog, View};
    let delivery = |verb| urls::verb("hooks", "delivery", urls::ID, verb);
    let job = |verb| urls::verb("hooks", "job", urls::ID, verb);
    let mut rows = vec![
        Row::get(urls::login(), Public, |route| route.to(login::page)),
        Row::post(urls::login(), Public, |route| route.to(login::submit)),
        Row::post(urls::logout(), Needs(OwnAccount), |route| route.to(login::logout)),
        Row::get(urls::setup(), Public, |route| route.to(setup::page)),
        Row::post(urls::setup(), Public, |route| route.to(setup::submit)),
        Row::get(urls::password_change(), Needs(OwnAccount), |route| route.to(password::page)),
        Row::post(urls::password_change(), Needs(OwnAccount), |route| route.to(password::submit)),
        Row::get(urls::own_sessions(), Needs(OwnAccount), |route| route.to(users::sessions::own)),
        Row::post(urls::own_sessions(), Needs(OwnAccount), |route| {
            route.to(users::sessions::end_own)
        }),
        Row::post(urls::language(), Needs(OwnAccount), |route| route.to(language::choose)),
        Row::get(urls::index(), Needs(View), |route| route.to(index::page)),
        Row::get(urls::search(), Needs(View), |route| route.to(search::page)),
        Row::get(urls::actions(), Needs(View), |route| route.to(actions::page)),
    ];
    rows.extend([
        Row::get(urls::webhook_import(), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::import::show)
        }),
        Row::post(urls::webhook_import(), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::import::submit)
        }),
        Row::get(urls::webhook_payload(), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::payload::show)
        }),
        Row::post(urls::webhook_payload(), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::payload::submit)
        }),
        Row::get(urls::webhook_export(), Needs(View), |route| route.to(webhooks::import::download)),
    ]);
    rows.extend(mount::editable::<Webhooks>());
    rows.extend([
        Row::get(urls::webhook_setup(urls::ID), Needs(View), |route| {
            route.to(webhooks::setup::show)
        }),
        Row::get(urls::webhook_test(urls::ID), Needs(View), |route| route.to(webhooks::test::show)),
        Row::post(urls::webhook_test(urls::ID), Needs(Operate), |route| {
            route.to(webhooks::test::submit)
        }),
        Row::get(urls::webhook_reset(urls::ID), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::reset::ask)
        }),
        Row::post(urls::webhook_reset(urls::ID), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::reset::reset)
        }),
        Row::post(urls::webhook_switch(urls::ID), Needs(ChangeWebhooks), |route| {
            route.to(webhooks::switch::switch)
        }),
    ]);
    rows.extend(mount::resource::<Deliveries>());
    rows.extend([
        Row::get(urls::unmatched(), Needs(View), |route| route.to(deliveries::unmatched::show)),
        Row::get(urls::replays(), Needs(View), |route| route.to(replay::many::show)),
        Row::post(urls::replays(), Needs(Operate), |route| route.to(replay::many::start)),
        Row::get(urls::replay_run(urls::ID), Needs(View), |route| route.to(replay::run::show)),
        Row::post(urls::replay_stop(urls::ID), Needs(Operate), |route| route.to(replay::run::stop)),
        Row::get(urls::object("hooks", "delivery", urls::ID), Needs(View), |route| {
            route.to(deliveries::page::show)
        }),
        Row::get(delivery("body"), Needs(View), |route| route.to(deliveries::page::download)),
        Row::get(delivery("replay"), Needs(View), |route| route.to(replay::show)),
        Row::post(delivery("replay"), Needs(Operate), |route| route.to(replay::submit)),
        Row::post(delivery("take-over"), Needs(ChangeWebhooks), |route| {
            route.to(deliveries::take_over::submit)
        }),
    ]);
    rows.extend(mount::resource::<Jobs>());
    rows.extend([
        Row::get(urls::job_stats(), Needs(View), |route| route.to(jobs::stats::show)),
        Row::get(urls::object("hooks", "job", urls::ID), Needs(View), |route| {
            route.to(jobs::page::show)
        }),
        Row::get(job("output"), Needs(View), |route| route.to(jobs::raw::output)),
        Row::get(job("events"), Needs(View), |route| route.to(jobs::events::stream)),
        Row::post(job("run-again"), Needs(Operate), |route| route.to(jobs::act::run_again)),
        Row::post(job("run-now"), Needs(Operate), |route| route.to(jobs::act::run_now)),
        Row::get(job("cancel"), Needs(Operate), |route| route.to(jobs::act::cancel_form)),
        Row::post(job("cancel"), Needs(Operate), |route| route.to(jobs::act::cancel)),
        Row::get(urls::workers(), Needs(View), |route| route.to(workers::show)),
        Row::post(urls::pause(), Needs(Operate), |route| route.to(pause::pause)),
        Row::post(urls::resume(), Needs(Operate), |route| route.to(pause::resume)),
    ]);
    rows.extend(people());
    rows.extend(mount::resource::<Log>());
    rows.push(Row::get(urls::log_entry(urls::ID), Needs(ReadLog), |route| {
        route.to(log::entry::page)
    }));
    rows
}

/// Accounts, and what is done to each.
fn people() -> Vec<Row> {
    let manage = Access::Needs(Permission::ManageUsers);
    let (password, sessions) = (urls::user_password(urls::ID), urls::user_sessions(urls::ID));
    let mut rows = mount::editable::<Users>();
    rows.extend([
        Row::get(password.clone(), manage, |route| route.to(users::password::page)),
        Row::post(password, manage, |route| route.to(users::password::submit)),
        Row::get(sessions.clone(), manage, |route| route.to(users::sessions::page)),
        Row::post(sessions, manage, |route| route.to(users::sessions::submit)),
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
        let rows = rows();
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
        let public: Vec<String> = rows()
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
