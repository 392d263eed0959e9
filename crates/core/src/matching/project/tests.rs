//! Whose webhook is told of, and what an event says of its project.

use super::super::tests::{KEY, ask, event, main, sample_webhook};
use super::*;
use crate::credential::token_digest;
use crate::verdict::{Endpoint, Verdict};

/// Two webhooks of one repository, with two secrets; one has a slip in its address.
#[test]
fn the_webhook_of_the_presented_secret_is_told_of_however_near_another_is() {
    let mut slip = sample_webhook(2, 15);
    slip.name = "staging".into();
    slip.repo_url = "git@git.example.com:team/apps.git".into();
    slip.secret_digest = Some(token_digest(&KEY, b"other").to_vec());
    let both = [sample_webhook(1, 15), slip];
    let decision = ask(Endpoint::Main, &event(), Some("other"), &both);
    assert_eq!(decision.verdict, Verdict::Unmatched);
    assert_eq!(
        decision.reason.to_string(),
        "Project 15 was renamed or moved. “staging” still asks for \"App\" \
         (git.example.com/team/apps); this is \"App\" (git.example.com/team/app)."
    );
    assert_eq!(decision.trace.webhooks[0].label, "staging");
    let both = both.map(|webhook| Webhook { project_id: ProjectId::Pending, ..webhook });
    let decision = ask(Endpoint::Main, &event(), Some("other"), &both);
    assert!(
        decision.reason.to_string().contains("“staging” fits but for the address"),
        "{decision:?}"
    );
}

#[test]
fn an_event_that_need_not_name_its_repository_matches_by_its_project() {
    let update = |project_id| Event {
        header: "System Hook".into(),
        object_kind: "repository_update".into(),
        project_id: Some(project_id),
        ..Event::default()
    };
    let mut webhook = sample_webhook(1, 7);
    webhook.object_kind = "repository_update".into();
    webhook.http_x_gitlab_event = "System Hook".into();
    assert_eq!(main(&update(7), &[webhook.clone()]).verdict, Verdict::Matched);
    assert_eq!(main(&update(8), &[webhook.clone()]).verdict, Verdict::Unmatched);
    // A pending one would take the id of any project of the instance.
    webhook.project_id = ProjectId::Pending;
    let at_register = |event: Event, webhook: &Webhook| {
        ask(Endpoint::Register, &event, Some("secret"), std::slice::from_ref(webhook))
    };
    assert!(at_register(update(7), &webhook).register.is_empty());
    // Nor does the sample that GitLab sends as the Test of a system hook register anything.
    webhook.repo_name.clear();
    webhook.repo_url.clear();
    assert_eq!(at_register(update(7), &webhook).register.len(), 1);
    assert!(at_register(update(40), &webhook).register.is_empty());
}

#[test]
fn the_first_event_of_no_project_registers_a_webhook_for_such_events() {
    let user = Event {
        header: "System Hook".into(),
        object_kind: "user_create".into(),
        ..Event::default()
    };
    let mut webhook = sample_webhook(1, -1);
    webhook.repo_name.clear();
    webhook.repo_url.clear();
    webhook.object_kind = "user_create".into();
    webhook.http_x_gitlab_event = "System Hook".into();
    let decision = ask(Endpoint::Register, &user, Some("secret"), &[webhook.clone()]);
    assert_eq!(decision.register, [WebhookId(1)]);
    assert_eq!(id_to_register(&user), Some(0));
    webhook.project_id = ProjectId::Known(0);
    assert_eq!(main(&user, &[webhook]).verdict, Verdict::Matched);
}

#[test]
fn a_comment_that_carries_another_projects_repository_renames_nothing() {
    let mut webhook = sample_webhook(1, 15);
    (webhook.object_kind, webhook.http_x_gitlab_event) = ("note".into(), "Note Hook".into());
    let note = Event {
        header: "Note Hook".into(),
        object_kind: "note".into(),
        project_path: "team/app".into(),
        repo_name: "Diaspora".into(),
        repo_url: "git@git.example.com:mike/diaspora.git".into(),
        repo_urls: vec!["git@git.example.com:mike/diaspora.git".into()],
        ..event()
    };
    let decision = main(&note, &[webhook]);
    assert!(
        decision.reason.to_string().starts_with("No webhook matches. “App note” expects"),
        "{decision:?}"
    );
}

#[test]
fn a_project_renamed_and_moved_is_told_with_both_places() {
    let mut old = sample_webhook(1, 15);
    (old.repo_name, old.repo_url) = ("Old".into(), "https://git.example.com/old/app".into());
    let decision = main(&event(), &[old.clone(), sample_webhook(2, 16)]);
    assert_eq!(
        decision.reason.to_string(),
        "Project 15 was renamed or moved. “Old push” still asks for \"Old\" \
         (git.example.com/old/app); this is \"App\" (git.example.com/team/app)."
    );
    let place = |name: &str, url: &str| Some((name.to_owned(), url.to_owned()));
    assert_eq!(name_and_address(&old, &event()), place("App", "https://git.example.com/team/app"));
    // The address stays in the form it has, and where nothing is asked for nothing is put.
    let ssh = "git@git.example.com:team/app.git";
    let both =
        Event { repo_urls: vec!["https://git.example.com/team/app".into(), ssh.into()], ..event() };
    old.repo_url = "git@git.example.com:old/app.git".into();
    assert_eq!(name_and_address(&old, &both), place("App", ssh));
    old.repo_url.clear();
    assert_eq!(name_and_address(&old, &both), place("App", ""));
    assert_eq!(name_and_address(&sample_webhook(1, 15), &both), None);
    assert_eq!(name_and_address(&sample_webhook(1, 16), &both), None);
}
