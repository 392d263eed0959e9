//! The statistics: every number leads to as many rows.

use super::run::webhook_with;
use crate::support::app::Setup;
use crate::support::wait;

#[tokio::test]
async fn f69_every_number_leads_to_as_many_rows() {
    let app =
        Setup::new().await.action("good", "", "true").action("three", "", "exit 3").start().await;
    let panel = app.panel().await;
    panel.open("/admin/hooks/job/stats/").await.says("No jobs ended in this period");
    webhook_with(&app, "good", &[("name", "good one")]).await;
    webhook_with(&app, "three", &[("name", "bad one")]).await;
    for number in 0..3 {
        push_two(&app, number).await;
    }
    // What ended in this very second is told in the next.
    let page = wait::until("the last second's jobs", async || {
        let page = panel.open("/admin/hooks/job/stats/?period=7d").await;
        page.main().contains("Ended jobs 6").then_some(page)
    })
    .await;
    page.says("Ended jobs 6").says("exit code 3");
    let css = ".chart-head a, section:not([aria-labelledby=jobs-title]) td a";
    let (numbers, links) = (page.texts(css), page.attributes(css, "href"));
    assert!(numbers.len() >= 10, "{numbers:?}");
    for (number, link) in numbers.iter().zip(&links) {
        let rows = panel.open(link).await.rows().len();
        // A time leads to the jobs it was measured on.
        let wanted = number.parse().unwrap_or(3);
        assert_eq!(rows, wanted, "{number} leads to {rows} rows: {link}");
    }
    let bars = page.attributes(".stack-plot a", "href");
    let mut in_bars = 0;
    for bar in bars {
        in_bars += panel.open(&bar).await.rows().len();
    }
    assert_eq!(in_bars, 6);
    // A webhook's own page has its last two weeks.
    let webhook = app.database().value("SELECT min(id)::text FROM webhooks").await;
    let page = panel.open(&format!("/admin/hooks/webhook/{webhook}/")).await;
    let bars = page.attributes(".rail .stack-plot a", "href");
    assert!((1..=2).contains(&bars.len()), "a day, or two at midnight: {bars:?}");
    let mut in_bars = 0;
    for bar in bars {
        in_bars += panel.open(&bar).await.rows().len();
    }
    assert_eq!(in_bars, 3);
}

async fn push_two(app: &crate::support::app::App, number: u32) {
    let delivery = crate::support::gitlab::Delivery::push_2015()
        .token(crate::support::app::TOKEN)
        .key(&format!("k{number}"));
    for job in app.send(&delivery).await.expect(202, "matched").jobs() {
        wait::until("its end", async || {
            let state = app.job_state(&job).await;
            ["succeeded", "failed"].contains(&state.as_str()).then_some(())
        })
        .await;
    }
}
