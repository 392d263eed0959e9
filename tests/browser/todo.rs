//! The kit under another program: the to-do list of `examples/`, clicked through.

use crate::support::browser::Browser;
use crate::support::database::Database;
use actix_web::dev::ServerHandle;
use fantoccini::Locator;
use serde_json::json;
use std::net::TcpListener;
use std::sync::mpsc;

#[path = "../../examples/todo/app/mod.rs"]
mod app;

/// Serves the list; its address, and what ends it.
fn started(url: String) -> (String, ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            app::prepare(&url).await.unwrap();
            let server = app::serve(listener, &url).unwrap();
            sender.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (base, receiver.recv().unwrap())
}

/// Waits until the page has this message.
async fn told(browser: &Browser, words: &str) {
    let message = format!("//div[@class='message']/p[contains(., '{words}')]");
    browser.found(Locator::XPath(&message)).await;
}

#[tokio::test]
async fn a_to_do_list_works_with_the_kit_alone() {
    let database = Database::empty().await;
    let (base, server) = started(database.url.clone());
    let browser = Browser::start(&base).await;
    browser.open("/").await;
    browser.at("/admin/list/todo/").await;
    browser.says("Nothing to do").await;
    for text in ["Buy milk", "Call Ada", "50% more_rest"] {
        browser.open("/admin/list/todo/add/").await;
        browser.fill("text", " ").await;
        browser.submit("Save").await;
        browser.says("Enter what is to be done.").await;
        browser.fill("text", text).await;
        browser.submit("Save").await;
        browser.at("/admin/list/todo/").await;
        told(&browser, &format!("The to-do “{text}” was added.")).await;
    }
    // Search means what was typed; the order turns round.
    browser.open("/admin/list/todo/?q=0%25+_").await;
    browser.says("1 result").await;
    browser.open("/admin/list/todo/?o=-1").await;
    let first = "return document.querySelector('tbody .row-link').textContent.trim()";
    assert_eq!(browser.script(first).await, json!("Call Ada"));
    // One is ticked and done; the filter finds it.
    browser.script("document.querySelector('.row-box').click()").await;
    browser.choose("action", "done").await;
    browser.submit("Go").await;
    told(&browser, "1 to-do is done.").await;
    browser.open("/admin/list/todo/?done=1").await;
    assert_eq!(browser.script(first).await, json!("Call Ada"));
    // Another window changes it meanwhile: both are shown, and one is chosen.
    let id = database.value("SELECT id::text FROM todo WHERE text = 'Call Ada'").await;
    let page = format!("/admin/list/todo/{id}/change/");
    browser.open(&page).await;
    let sql = format!("UPDATE todo SET text = 'Call Bob', version = version + 1 WHERE id = {id}");
    database.execute(&sql).await;
    browser.fill("text", "Call Eve").await;
    browser.submit("Save").await;
    browser.says("Someone else saved this to-do while you had it open").await;
    // Chromium complains of every answer like this one (409).
    assert_eq!(browser.complaints().await.len(), 1);
    browser.submit("Save selected values").await;
    browser.at(&page).await;
    assert_eq!(browser.value("text").await, "Call Eve");
    browser.open(&format!("/admin/list/todo/{id}/delete/")).await;
    browser.submit("Delete to-do").await;
    told(&browser, "The to-do “Call Eve” was deleted.").await;
    assert_eq!(database.count("todo").await, 2);
    // A form that is sent twice adds one; one of another site adds none.
    browser.open("/admin/list/todo/add/").await;
    let send = "const form = document.querySelector('main form'); \
                form.elements.text.value = 'Once'; \
                const body = new URLSearchParams(new FormData(form)); \
                const done = arguments[0]; \
                const post = () => fetch(form.action, {method: 'POST', body}); \
                post().then(post).then((answer) => done(answer.status))";
    let answer = browser.client.execute_async(send, Vec::new()).await.unwrap();
    assert_eq!((answer, database.count("todo").await), (json!(200), 3));
    let foreign = reqwest::Client::new()
        .post(format!("{base}/admin/list/todo/add/"))
        .form(&[("text", "Foreign")])
        .send();
    assert_eq!(foreign.await.unwrap().status(), 403);
    let rows = reqwest::get(format!("{base}/admin/list/todo/?format=json&done=0")).await.unwrap();
    let rows: serde_json::Value = rows.json().await.unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
    server.stop(false).await;
}
