//! Samples of the pages about GitLab's API.

use super::super::gitlab::Connections;
use super::super::gitlab::calls::Calls;
use super::super::gitlab::page::{sample_connection, sample_row};
use super::super::gitlab::projects::sample_projects;
use super::{NOW, ODD, sample_changelist, sample_webhook};
use askama::Template;
use signalbox_gitlab::ApiFailure;
use signalbox_store::gitlab::CallRow;

pub(super) fn sample_pages() -> Vec<(String, String)> {
    let call = |failure: Option<ApiFailure>, status| CallRow {
        id: 1,
        connection_id: 7,
        connection: ODD.to_owned(),
        at: NOW,
        method: "GET".to_owned(),
        path: ODD.to_owned(),
        status,
        took_ms: 1_200,
        tries: 3,
        failure: failure.map(|failure| failure.to_stored()),
    };
    let calls = vec![call(None, Some(200)), call(Some(ApiFailure::NotFound), None)];
    let mut samples = vec![
        ("connections, none", sample_changelist::<Connections>("", vec![], None)),
        (
            "connections",
            sample_changelist::<Connections>(
                "",
                vec![sample_row(ODD, false), sample_row(ODD, true)],
                None,
            ),
        ),
        ("calls, none", sample_changelist::<Calls>("", vec![], None)),
        ("calls", sample_changelist::<Calls>("failed=1", calls, Some(9))),
        ("connection, new", sample_connection(ODD, &[]).render().unwrap()),
        ("connection", sample_connection(ODD, &[sample_webhook(15, "")]).render().unwrap()),
    ];
    let projects = sample_projects(ODD);
    samples.extend(projects.iter().map(|page| ("projects", page.render().unwrap())));
    samples.into_iter().map(|(name, html)| (name.to_owned(), html)).collect()
}

#[test]
fn pages_about_gitlab_are_chinese_in_chinese() {
    super::chinese::assert_chinese(sample_pages);
}
