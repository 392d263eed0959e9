//! What an event says of its project.

use super::super::tests::{ask, main, record};
use super::*;
use crate::core::ids::WebhookId;
use crate::core::verdict::{Endpoint, Verdict};
use crate::core::webhook::{ProjectId, Webhook};

#[test]
fn an_event_that_need_not_name_its_repository_matches_by_its_project() {
    let update = |project_id| Event {
        header: "System Hook".into(),
        object_kind: "repository_update".into(),
        project_id: Some(project_id),
        ..Event::default()
    };
    let mut webhook = record(1, 7);
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
    let mut webhook = record(1, -1);
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
