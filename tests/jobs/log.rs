//! Ways to look at output, all of them by links.

use super::run::{push, webhook_with};
use crate::support::app::Setup;

#[tokio::test]
async fn output_is_looked_through_by_links() {
    let script = "seq 1 2500; sleep 0.3; echo oh no >&2; sleep 0.3; echo 'the End'";
    let app = Setup::new().await.action("long", "separate_stderr = true", script).start().await;
    webhook_with(&app, "long", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "succeeded").await;
    let panel = app.panel().await;
    let address = format!("/admin/hooks/job/{job}/");
    let page = panel.open(&address).await;
    page.says("1000 of 2502 lines").says("ended");
    assert!(page.has("#L2502") && !page.has("#L1502"), "the last thousand");

    // What is not shown is a link away, and every line has an address of its own.
    let links = page.attributes(".log-way a", "href");
    assert_eq!(links, [format!("{address}?line=523#attempt-1")]);
    let before = panel.open(&format!("{address}?line=523")).await;
    assert!(before.has("#L503") && before.has("#L1502") && !before.has("#L1503"));
    before.says("Lines before").says("Lines after").says("The end of the output");
    assert_eq!(before.attributes("#L523 > a", "href"), ["#L523"]);

    let found = panel.open(&format!("{address}?find=END")).await;
    found.says("1 of 2502 lines contain “END”");
    assert_eq!(found.texts(".log code"), ["the End"]);
    assert_eq!(found.attributes(".log li > a", "href"), [format!("{address}?line=2502#L2502")]);
    panel.open(&format!("{address}?find=nothing")).await.says("No line contains it.");
    let stderr = panel.open(&format!("{address}?only=stderr")).await;
    assert_eq!(stderr.texts(".log code"), ["oh no"]);
    let search = stderr.form_with("find");
    assert!(search.fields.contains(&("only".to_owned(), "stderr".to_owned())), "it is kept");

    let timed = panel.open(&format!("{address}?times=1&wrap=0")).await;
    assert!(timed.has(".log[data-times][data-unwrapped] time[datetime]"));
    let on = timed.texts("[data-switch][aria-current]");
    assert_eq!(on, ["Times"], "wrapping is off");
    let links = timed.attributes("[data-switch]", "href");
    assert_eq!(links[1], format!("{address}?wrap=0#attempt-1"), "each switch keeps the others");

    let output = format!("{address}output/");
    assert_eq!(panel.get(&format!("{output}?only=stderr")).await.html, "oh no\n");
    let timed = panel.get(&format!("{output}?only=stderr&times=1")).await.html;
    assert!(timed.ends_with("Z oh no\n") && timed.starts_with("20"), "{timed}");
    assert_eq!(panel.get(&format!("{output}?attempt=2")).await.status, 404);
}

#[tokio::test]
async fn of_several_attempts_the_newest_is_shown_and_the_others_on_demand() {
    let script = "echo try $SIGNALBOX_ATTEMPT; [ $SIGNALBOX_ATTEMPT -ge 2 ] || exit 75";
    let more = "[retry]\ndelays_s = [0]";
    let app = Setup::new().await.action("flaky", more, script).start().await;
    webhook_with(&app, "flaky", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "succeeded").await;
    let panel = app.panel().await;
    let address = format!("/admin/hooks/job/{job}/");
    let page = panel.open(&address).await;
    assert_eq!(page.texts(".log code"), ["try 2"]);
    let other = page.attributes("#attempt-1 .attempt-body > p a", "href");
    assert_eq!(other, [format!("{address}?attempt=1#attempt-1")]);
    let page = panel.open(&format!("{address}?attempt=1")).await;
    assert_eq!(page.texts(".log code"), ["try 2", "try 1"]);
    assert!(page.has("#attempt-1[open] #a1-L1") && page.has("#attempt-2[open] #L1"));
}

/// Lines to both streams in turn, then a failure.
const FAILING: &str = "for n in 1 2 3 4 5 6 7 8 9; do echo out $n; echo err $n >&2; done; \
                       printf '\\033[31mfatal:\\033[0m <b>%s</b>\\n\\n' \"$PLANTED\" >&2; exit $CODE";

#[tokio::test]
async fn a_failure_shows_its_last_lines_in_the_order_of_writing() {
    let more = "secrets = { PLANTED = { env = 'PLANTED' } }\nenv = ['CODE']";
    let app = Setup::new()
        .await
        .setting("PLANTED", "hush-hush-hush")
        .setting("CODE", "3")
        .action("plain", more, FAILING)
        .action("apart", &format!("separate_stderr = true\n{more}"), FAILING)
        .action("fine", more, &FAILING.replace("$CODE", "0"))
        .start()
        .await;
    let panel = app.panel().await;
    let open = async |action: &str, state: &str| {
        let id = webhook_with(&app, action, &[]).await;
        let job = push(&app, action).await;
        app.job_is(&job, state).await;
        app.database().execute(&format!("DELETE FROM webhooks WHERE id = {id}")).await;
        panel.open(&format!("/admin/hooks/job/{job}/")).await
    };
    let page = open("plain", "failed").await;
    assert_eq!(page.texts(".last-lines-name"), ["Last lines of the output"]);
    assert_eq!(
        page.texts(".last-lines"),
        ["err 6 out 7 err 7 out 8 err 8 out 9 err 9 fatal: <b>••••••</b>"]
    );
    assert!(!page.has(".last-lines > *"), "{}", page.main());
    assert_eq!(page.texts("[data-switch]"), ["Wrap", "Times"]);
    let mut lines: Vec<String> =
        (1..=9).flat_map(|n| [format!("out {n}"), format!("err {n}")]).collect();
    lines.extend(["fatal: <b>••••••</b>".to_owned(), String::new()]);
    assert_eq!(page.texts(".log code"), lines);
    let output = page.attributes("a[download]", "href").remove(0);
    assert_eq!(panel.get(&output).await.html.lines().collect::<Vec<_>>(), lines);

    let page = open("apart", "failed").await;
    assert_eq!(page.texts(".last-lines-name"), ["Last lines of standard error"]);
    assert_eq!(
        page.texts(".last-lines"),
        ["err 3 err 4 err 5 err 6 err 7 err 8 err 9 fatal: <b>••••••</b>"]
    );
    assert_eq!(page.texts("[data-switch]"), ["Wrap", "Times", "stderr only"]);

    let page = open("fine", "succeeded").await;
    assert!(!page.has(".last-lines"), "nothing failed");
    let page = panel.open(&format!("{}?only=stderr", page.address)).await;
    page.says("No line is from standard error.");
    assert_eq!(page.texts("[data-switch][aria-current]"), ["Wrap", "stderr only"], "a way back");
}
