//! Users made and mended on the command line.

use crate::support::app::{ADMIN, PASSWORD, Setup};
use crate::support::database::Database;
use crate::support::panel::Panel;

const NAME: &str = "SIGNALBOX_SUPERUSER_PASSWORD";

#[tokio::test]
async fn createsuperuser_makes_a_user_who_can_log_in() {
    let app = Setup::without_user(Database::migrated().await).start().await;
    let arguments = ["createsuperuser", "--username", "grace", "--noinput"];
    let without = app.run(&arguments, &[]);
    assert!(!without.status.success());
    let said = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(said.contains(NAME), "{said}");

    let output = app.run(&arguments, &[(NAME, PASSWORD)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Panel::login(app.base(), "grace", PASSWORD).await;

    let twice = app.run(&arguments, &[(NAME, PASSWORD)]);
    assert!(!twice.status.success());
    let said = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert!(said.contains("already") && !said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn changepassword_ends_the_old_one() {
    let app = Setup::new().await.start().await;
    let session = app.panel().await;
    let new = "an altogether different one";
    let output = app.run(&["changepassword", ADMIN, "--noinput"], &[(NAME, new)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Panel::login(app.base(), ADMIN, new).await;
    let old = Panel::anonymous(app.base()).try_login(ADMIN, PASSWORD).await;
    assert!(old.address.starts_with("/admin/login/"));
    assert!(session.get("/admin/").await.address.starts_with("/admin/login/"));
    assert!(!app.run(&["changepassword", "nobody", "--noinput"], &[(NAME, new)]).status.success());
}

#[tokio::test]
async fn a_password_is_never_in_the_log() {
    let app = Setup::new().await.start().await;
    app.panel().await;
    assert!(!app.log().contains(PASSWORD));
}
