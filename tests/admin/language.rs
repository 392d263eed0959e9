//! The language of the panel: the browser's, or the one that was chosen. F72.

use crate::support::app::{ADMIN, App, PASSWORD};
use crate::support::panel::Panel;

#[tokio::test]
async fn the_panel_speaks_the_language_that_the_browser_wants_most() {
    let app = App::start().await;
    for (languages, tag, words) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", "登录"),
        ("zh-Hans", "zh-Hans", "登录"),
        ("de;q=1.0, en;q=0.5, zh;q=0.7", "zh-Hans", "登录"),
        ("en-GB, zh;q=0.5", "en", "Sign in"),
        ("de", "en", "Sign in"),
        ("not a language, ;;q=x", "en", "Sign in"),
    ] {
        let page = Panel::reading(app.base(), languages).get("/admin/login/").await;
        assert_eq!(page.language(), tag, "{languages}");
        assert_eq!(page.text("h1"), words, "{languages}");
    }
}

#[tokio::test]
async fn refusals_problems_and_messages_are_in_the_same_language() {
    let app = App::start().await;
    let panel = Panel::reading(app.base(), "zh-CN");
    let refused = panel.try_login(ADMIN, "wrong").await;
    assert_eq!(refused.text("[role=alert]"), "用户名或密码错误。");
    let page = panel.try_login(ADMIN, PASSWORD).await;
    assert_eq!((page.address.as_str(), page.text("h1").as_str()), ("/admin/", "首页"));
    let missing = panel.get("/admin/nothing/here/").await;
    assert_eq!((missing.status, missing.text("h1").as_str()), (404, "找不到页面"));
    let form = panel.open("/admin/password_change/").await.form_with("old_password");
    let wrong = panel.submit(form).await;
    assert!(wrong.html.contains("至少 10 个字符。"), "{}", wrong.html);
    // What programs read stays as it is.
    let json = panel.get("/admin/auth/user/?format=json").await;
    assert!(json.html.contains("\"username\""), "{}", json.html);
}

#[tokio::test]
async fn a_language_that_was_chosen_stays_and_only_where_it_was_chosen() {
    let app = App::start().await;
    let panel = Panel::reading(app.base(), "zh-CN");
    let page = panel.try_login(ADMIN, PASSWORD).await;
    assert_eq!(page.language(), "zh-Hans");
    let list = "/admin/auth/user/?role=admin";
    let page = panel.open(list).await;
    let form = page.form_to("/admin/language/").press("language", "en");
    let page = panel.submit(form).await;
    assert_eq!((page.address.as_str(), page.language().as_str()), (list, "en"));
    assert_eq!(panel.get("/admin/").await.text("h1"), "Home");
    let elsewhere = Panel::reading(app.base(), "zh-CN").get("/admin/login/").await;
    assert_eq!(elsewhere.text("h1"), "登录");
    let form = panel.open("/admin/").await.form_to("/admin/language/").press("language", "tlh");
    assert_eq!(panel.submit(form).await.status, 400);
}
