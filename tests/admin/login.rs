//! Signing in and out.

use crate::support::app::{ADMIN, App, PASSWORD, Setup};
use crate::support::panel::Panel;

#[tokio::test]
async fn f11_a_page_asks_for_the_login_and_opens_after_it() {
    let app = App::start().await;
    let panel = Panel::anonymous(app.base());
    let wanted = "/admin/hooks/job/?q=a%20b";
    let page = panel.get(wanted).await;
    assert!(page.address.starts_with("/admin/login/?next="), "{}", page.address);
    let form = page.form_with("password").set("username", ADMIN).set("password", PASSWORD);
    let page = panel.submit(form).await;
    assert_eq!((page.status, page.address.as_str()), (200, wanted));
}

#[tokio::test]
async fn f12_the_way_after_the_login_stays_on_this_site() {
    let app = App::start().await;
    for next in ["https://evil.example/", "//evil.example/", "/%5Cevil.example", "/webhooks/gitlab"]
    {
        let panel = Panel::anonymous(app.base());
        let page = panel.get(&format!("/admin/login/?next={next}")).await;
        let form = page.form_with("password").set("username", ADMIN).set("password", PASSWORD);
        assert_eq!(panel.submit(form).await.address, "/admin/", "{next}");
    }
}

#[tokio::test]
async fn one_error_for_every_wrong_login() {
    let app = App::start().await;
    let mut told = Vec::new();
    for (name, password) in [(ADMIN, "wrong"), ("nobody", PASSWORD), ("", "")] {
        let page = Panel::anonymous(app.base()).try_login(name, password).await;
        assert!(page.address.starts_with("/admin/login/"), "{}", page.address);
        assert_eq!(page.status, 200);
        told.push(page.text("[role=alert]"));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn the_case_of_a_name_does_not_matter_and_the_case_of_a_password_does() {
    let app = App::start().await;
    Panel::login(app.base(), "ADA", PASSWORD).await;
    let page = Panel::anonymous(app.base()).try_login(ADMIN, &PASSWORD.to_uppercase()).await;
    assert!(page.address.starts_with("/admin/login/"));
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let app = App::start().await;
    let panel = app.panel().await;
    let page = panel.open("/admin/").await;
    let by_link = panel.get("/admin/logout/").await;
    assert_ne!(by_link.status, 200, "a link must not log out");
    assert_eq!(panel.get("/admin/").await.address, "/admin/");
    panel.submit(page.form_to("/admin/logout/")).await;
    assert!(panel.get("/admin/").await.address.starts_with("/admin/login/"));
    assert_eq!(app.database().count("sessions WHERE user_id IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_session_survives_a_restart_and_its_cookie_is_kept_from_scripts() {
    let mut app = App::start().await;
    let address = app.base().strip_prefix("http://").unwrap().to_owned();
    let panel = app.panel().await;
    let page = panel.open("/admin/").await;
    assert!(page.headers["cache-control"].to_str().unwrap().contains("no-store"));
    // The same port, so that the cookie is for it too.
    app.restart_at(&address).await;
    assert_eq!(panel.get("/admin/").await.address, "/admin/");
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let app = App::start().await;
    let panel = Panel::anonymous(app.base());
    let mut last = panel.try_login(ADMIN, "guess").await;
    for _ in 0..10 {
        last = panel.try_login(ADMIN, "guess").await;
    }
    assert_eq!(last.status, 429, "{}", last.html);
    // Also for the right password, else the answer would tell it.
    let right = panel.try_login(ADMIN, PASSWORD).await;
    assert_eq!(right.status, 429, "{}", right.html);
}

#[tokio::test]
async fn a_password_is_changed_and_other_sessions_end() {
    let app = App::start().await;
    let (here, elsewhere) = (app.panel().await, app.panel().await);
    let new = "an altogether different one";
    let form = here.open("/admin/password_change/").await.form_with("old_password");
    let form = form.set("old_password", PASSWORD);
    let form = form.set("new_password", new).set("new_password_again", new);
    let done = here.submit(form).await;
    assert_eq!(done.status, 200, "{}", done.html);
    assert_eq!(here.get("/admin/").await.address, "/admin/");
    assert!(elsewhere.get("/admin/").await.address.starts_with("/admin/login/"));
    Panel::login(app.base(), ADMIN, new).await;
}

#[tokio::test]
async fn f49_the_sixth_wrong_login_in_a_minute_is_told_how_long_to_wait() {
    let app = App::start().await;
    let panel = Panel::anonymous(app.base());
    for _ in 0..5 {
        let page = panel.try_login(ADMIN, "guess").await;
        assert_eq!(page.status, 200, "five are let through: {}", page.html);
    }
    let told = |page: &crate::support::page::Page| {
        let words = page.text("[role=alert]");
        let (_, rest) = words.split_once("Too many wrong passwords. Try again in ").unwrap();
        let seconds: u64 = rest.split(' ').next().unwrap().parse().unwrap();
        let header = page.headers["retry-after"].to_str().unwrap();
        assert!((1..=60).contains(&seconds) && header == seconds.to_string(), "{words} {header}");
    };
    // For that account from anywhere, for that address with any account; the right password too.
    for (name, password) in [(ADMIN, PASSWORD), ("ADA", "guess"), ("somebody", "guess")] {
        let page = Panel::anonymous(app.base()).try_login(name, password).await;
        assert_eq!(page.status, 429, "{name}");
        told(&page);
    }
}

#[tokio::test]
async fn guesses_from_one_ipv6_network_count_together() {
    let setup = Setup::new().await.setting("SIGNALBOX_TRUSTED_PROXIES", "127.0.0.0/8");
    let app = setup.start().await;
    let status = async |from: &str, name: &str| {
        let panel = Panel::forwarded(app.base(), from);
        panel.try_login(name, "guess").await.status
    };
    for number in 0..5 {
        let (from, name) = (format!("2001:db8:1:2::{number}"), format!("somebody {number}"));
        assert_eq!(status(&from, &name).await, 200, "{from}");
    }
    assert_eq!(status("2001:db8:1:2:ffff::1", "another").await, 429);
    assert_eq!(status("2001:db8:1:3::1", "another").await, 200);
}

#[tokio::test]
async fn strangers_do_not_lock_a_browser_out_that_signed_in_before() {
    let app = App::start().await;
    let known = app.panel().await;
    let page = known.open("/admin/").await;
    known.submit(page.form_to("/admin/logout/")).await;
    let stranger = Panel::anonymous(app.base());
    for _ in 0..6 {
        stranger.try_login(ADMIN, "guess").await;
    }
    // Not from an unknown browser, not into an account that the known one never signed in to.
    assert_eq!(Panel::anonymous(app.base()).try_login(ADMIN, PASSWORD).await.status, 429);
    app.account("grace", "viewer").await;
    assert_eq!(known.try_login("grace", PASSWORD).await.status, 429);
    assert_eq!(known.try_login(ADMIN, PASSWORD).await.address, "/admin/");
    // Its own count is as strict.
    let page = known.open("/admin/").await;
    known.submit(page.form_to("/admin/logout/")).await;
    for _ in 0..5 {
        assert_eq!(known.try_login(ADMIN, "guess").await.status, 200);
    }
    assert_eq!(known.try_login(ADMIN, PASSWORD).await.status, 429);
}

#[tokio::test]
async fn several_servers_count_together_and_a_restart_forgets_nothing() {
    let mut app = App::start().await;
    let beside = app.beside().await;
    for base in [app.base(), &beside.base, app.base(), &beside.base, app.base()] {
        assert_eq!(Panel::anonymous(base).try_login(ADMIN, "guess").await.status, 200);
    }
    assert_eq!(Panel::anonymous(&beside.base).try_login(ADMIN, PASSWORD).await.status, 429);
    app.restart().await;
    assert_eq!(Panel::anonymous(app.base()).try_login(ADMIN, PASSWORD).await.status, 429);
    let (tries, names) =
        ("sign_in_tries", "sign_in_tries WHERE encode(key, 'escape') LIKE '%ada%'");
    let database = app.database();
    assert_eq!((database.count(tries).await, database.count(names).await), (10, 0));
    database.execute("UPDATE sign_in_tries SET at = at - interval '1 minute'").await;
    Panel::login(app.base(), ADMIN, PASSWORD).await;
    assert_eq!(database.count(tries).await, 0, "what is old is gone");
}

#[tokio::test]
async fn a_right_password_frees_the_account_and_not_the_address() {
    let app = App::start().await;
    let panel = || Panel::anonymous(app.base());
    for _ in 0..4 {
        assert_eq!(panel().try_login(ADMIN, "guess").await.status, 200);
    }
    panel().try_login(ADMIN, PASSWORD).await;
    assert_eq!(app.database().count("sign_in_tries").await, 4, "those of the address");
    assert_eq!(panel().try_login("somebody", "guess").await.status, 200);
    assert_eq!(panel().try_login("somebody else", "guess").await.status, 429);
}

#[tokio::test]
async fn names_count_together_as_the_database_folds_them() {
    let app = App::start().await;
    app.account("Ünal", "viewer").await;
    let names = ["ünal", "ÜNAL", "Ünal", "üNAL", "ünal "];
    for name in names {
        assert_eq!(Panel::anonymous(app.base()).try_login(name, "guess").await.status, 200);
    }
    let keys = "SELECT count(DISTINCT key)::text FROM sign_in_tries";
    let folded = "SELECT (1 + count(DISTINCT lower(n)))::text \
                  FROM unnest(ARRAY['ünal', 'ÜNAL', 'Ünal', 'üNAL']) n";
    let database = app.database();
    assert_eq!(database.value(keys).await, database.value(folded).await, "and one sender");
}

#[tokio::test]
async fn strangers_cannot_fill_the_table_of_tries() {
    let app = App::start().await;
    app.database()
        .execute(
            "INSERT INTO sign_in_tries SELECT decode(md5(n::text), 'hex'), \
             now() + n * interval '1 microsecond' FROM generate_series(1, 50000) n",
        )
        .await;
    app.panel().await;
    assert!(app.database().count("sign_in_tries").await <= 20_000);
}
