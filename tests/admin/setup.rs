//! The first user, made through the one-time link.

use crate::support::app::{PASSWORD, Setup};
use crate::support::database::Database;
use crate::support::panel::Panel;

#[tokio::test]
async fn the_printed_link_makes_the_first_user_once() {
    let app = Setup::without_user(Database::migrated().await).start().await;
    let link = app.setup_link().await;
    let panel = Panel::anonymous(app.base());
    let refused = panel.get("/admin/setup/?token=guessed").await;
    assert_ne!(refused.status, 200, "{}", refused.html);

    let page = panel.get(&link).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let form = page.form_with("username");
    let names = form.names.clone();
    let form = names.iter().fold(form, |form, name| match name.as_str() {
        "username" => form.set("username", "grace"),
        password if password.contains("password") => form.set(password, PASSWORD),
        _ => form,
    });
    let done = panel.submit(form).await;
    assert_eq!(done.status, 200, "{}", done.html);
    Panel::login(app.base(), "grace", PASSWORD).await;
    assert_eq!(app.database().count("users WHERE role = 'admin'").await, 1);

    let again = Panel::anonymous(app.base()).get(&link).await;
    assert!(!again.has("[name=username]") || again.address.starts_with("/admin/login/"));
}
