//! Ways to look at output, all of them by links.

use super::run::{push, record_with};
use crate::support::app::Setup;

#[tokio::test]
async fn output_is_looked_through_by_links() {
    let script = "seq 1 2500; sleep 0.3; echo oh no >&2; sleep 0.3; echo 'the End'";
    let app = Setup::new().await.action("long", "separate_stderr = true", script).start().await;
    record_with(&app, "long", &[]).await;
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
    found.says("1 of 2502 lines hold “END”");
    assert_eq!(found.texts(".log code"), ["the End"]);
    assert_eq!(found.attributes(".log li > a", "href"), [format!("{address}?line=2502#L2502")]);
    panel.open(&format!("{address}?find=nothing")).await.says("No line holds it.");
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
    record_with(&app, "flaky", &[]).await;
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
