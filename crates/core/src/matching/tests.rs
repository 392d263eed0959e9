//! The matcher case by case, and against a slow plain oracle.

pub(super) use super::samples::{KEY, sample_webhook};
use super::*;
use crate::credential::token_digest;
use crate::webhook::ProjectId;
use filters::{FilterTexts, Filters};
use proptest::prelude::*;
use std::sync::Arc;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

pub(in crate::matching) fn event() -> Event {
    Event {
        header: "Push Hook".into(),
        object_kind: "push".into(),
        project_id: Some(15),
        repo_name: "App".into(),
        repo_url: "https://git.example.com/team/app".into(),
        repo_urls: vec!["https://git.example.com/team/app".into()],
        ..Event::default()
    }
}

pub(in crate::matching) fn ask(
    endpoint: Endpoint,
    event: &Event,
    token: Option<&str>,
    webhooks: &[Webhook],
) -> Decision {
    let presented =
        Presented { token: token.map(|token| token_digest(&KEY, token.as_bytes())), signed: None };
    let token_is_known = presented
        .token
        .is_some_and(|token| webhooks.iter().any(|r| r.secret_digest.as_deref() == Some(&token)));
    let question = Question {
        endpoint,
        event,
        presented: &presented,
        body: b"{}",
        token_is_known,
        allow_no_secret: false,
        now: NOW,
    };
    decide_delivery(question, webhooks)
}

pub(in crate::matching) fn main(event: &Event, webhooks: &[Webhook]) -> Decision {
    ask(Endpoint::Main, event, Some("secret"), webhooks)
}

#[test]
fn every_webhook_that_equals_the_event_runs() {
    let mut third = sample_webhook(3, 15);
    third.repo_name = "Other".into();
    let decision = main(&event(), &[sample_webhook(1, 15), sample_webhook(2, 15), third]);
    assert_eq!((decision.verdict, decision.status), (Verdict::Matched, 202));
    assert_eq!(decision.run, [WebhookId(1), WebhookId(2)]);
    assert_eq!(decision.reason.to_string(), "Matched: queued for “App push” and 1 more");
    assert_eq!(decision.trace.webhooks.len(), 3);
}

#[track_caller]
fn says(decision: &Decision, words: &str) {
    assert!(decision.reason.to_string().contains(words), "{}", decision.reason);
}

#[test]
fn one_differing_value_is_named_with_both_sides() {
    type Change = fn(&mut Webhook);
    let cases: [(&str, Change, &str); 5] = [
        (
            "repo_name",
            |r| r.repo_name = "Ap".into(),
            "asks for \"Ap\" (git.example.com/team/app); this is \"App\"",
        ),
        (
            "repo_url",
            |r| r.repo_url = "git@git.example.com:team/ap.git".into(),
            "(git.example.com/team/ap)",
        ),
        ("object_kind", |r| r.object_kind = "tag_push".into(), "\"tag_push\""),
        ("http_x_gitlab_event", |r| r.http_x_gitlab_event = "System Hook".into(), "System Hook"),
        ("project_id", |r| r.project_id = ProjectId::Known(42), "project 42, this is project 15"),
    ];
    for (field, change, expected) in cases {
        let mut near = sample_webhook(1, 15);
        change(&mut near);
        let decision = main(&event(), &[near]);
        assert_eq!((decision.verdict, decision.status), (Verdict::Unmatched, 200), "{field}");
        says(&decision, expected);
        let differing: Vec<_> = decision.trace.webhooks[0]
            .differing_checks()
            .map(|check| check.field.as_str())
            .collect();
        assert_eq!(differing, [field]);
    }
}

#[test]
fn a_wrong_or_absent_token_learns_nothing() {
    for (token, summary) in [
        (Some("wrong"), "The token or signature is not valid"),
        (None, "Neither a token nor a signature was sent"),
    ] {
        for webhooks in [vec![sample_webhook(1, 15)], vec![]] {
            let decision = ask(Endpoint::Main, &event(), token, &webhooks);
            assert_eq!((decision.verdict, decision.status), (Verdict::Rejected, 401));
            assert_eq!(decision.reason.to_string(), summary);
            assert!(decision.trace.webhooks.is_empty());
        }
    }
}

#[test]
fn another_webhooks_token_is_authentic_but_opens_nothing() {
    let mut other = sample_webhook(2, 15);
    other.secret_digest = Some(token_digest(&KEY, b"other").to_vec());
    other.repo_name = "Other".into();
    other.project_id = ProjectId::Known(16);
    let decision = ask(Endpoint::Main, &event(), Some("other"), &[sample_webhook(1, 15), other]);
    assert_eq!((decision.verdict, decision.status), (Verdict::Unmatched, 200));
    assert_eq!(
        decision.reason.to_string(),
        "No webhook for \"push\" events of project 15 (\"App\")"
    );
}

#[test]
fn a_webhook_without_secret_accepts_nobody_unless_allowed() {
    let mut open = sample_webhook(1, 15);
    open.secret_digest = None;
    assert_eq!(ask(Endpoint::Main, &event(), None, &[open.clone()]).verdict, Verdict::Rejected);
    let question = Question {
        endpoint: Endpoint::Main,
        event: &event(),
        presented: &Presented::default(),
        body: b"",
        token_is_known: false,
        allow_no_secret: true,
        now: NOW,
    };
    assert_eq!(decide_delivery(question, &[open]).verdict, Verdict::Matched);
}

#[test]
fn a_disabled_webhook_says_so() {
    let mut off = sample_webhook(1, 15);
    off.enabled = false;
    let decision = main(&event(), &[off.clone()]);
    assert_eq!((decision.verdict, decision.status), (Verdict::Disabled, 200));
    assert_eq!(decision.reason.to_string(), "“App push” matches, but is disabled");
    assert_eq!(main(&event(), &[off, sample_webhook(2, 15)]).verdict, Verdict::Matched);
}

#[test]
fn pending_webhooks_register_at_their_address_only() {
    let decision = main(&event(), &[sample_webhook(1, -1)]);
    assert_eq!(decision.verdict, Verdict::Unmatched);
    says(&decision, "is pending: send it to the registration endpoint");

    let at_register =
        |token, webhooks: &[Webhook]| ask(Endpoint::Register, &event(), token, webhooks);
    let decision = at_register(Some("secret"), &[sample_webhook(1, -1), sample_webhook(2, -1)]);
    assert_eq!((decision.verdict, decision.status), (Verdict::Registered, 202));
    assert_eq!(decision.register, [WebhookId(1), WebhookId(2)]);
    assert!(decision.run.is_empty());

    let decision = at_register(Some("secret"), &[sample_webhook(1, 15)]);
    assert_eq!((decision.verdict, decision.status), (Verdict::Registered, 200));
    says(&decision, "already registered");
    assert!(!decision.did_something());

    assert_eq!(at_register(Some("wrong"), &[sample_webhook(1, -1)]).verdict, Verdict::Rejected);
    let mut nameless = event();
    nameless.project_id = None;
    let decision = ask(Endpoint::Register, &nameless, Some("secret"), &[sample_webhook(1, -1)]);
    assert_eq!(decision.verdict, Verdict::Unmatched);
}

#[test]
fn a_webhook_may_register_on_its_first_event_and_run_it() {
    let mut eager = sample_webhook(1, -1);
    eager.register_on_first_event = true;
    let decision = main(&event(), &[eager]);
    assert_eq!((decision.verdict, decision.status), (Verdict::Registered, 202));
    assert_eq!((decision.register.len(), decision.run.len()), (1, 1));
}

#[test]
fn a_pending_webhook_that_is_switched_off_registers_and_runs_nothing() {
    let mut off = sample_webhook(1, -1);
    (off.register_on_first_event, off.enabled) = (true, false);
    let decision = main(&event(), &[off.clone()]);
    assert_eq!((decision.verdict, decision.status), (Verdict::Registered, 202));
    assert_eq!((decision.register.len(), decision.run.len()), (1, 0));
    assert!(decision.reason.to_string().ends_with("is disabled"), "{}", decision.reason);
    let nameless = Event { project_id: None, ..event() };
    let decision = main(&nameless, &[off]);
    assert_eq!(
        decision.reason.to_string(),
        "The event names no project, so there is no id to register"
    );
}

#[test]
fn the_sample_of_a_project_without_commits_registers_and_runs_nothing() {
    let sample = Event { is_sample: true, ..event() };
    let mut eager = sample_webhook(1, -1);
    eager.register_on_first_event = true;
    for endpoint in [Endpoint::Main, Endpoint::Register] {
        let ask =
            |token| ask(endpoint, &sample, Some(token), &[eager.clone(), sample_webhook(2, 15)]);
        let decision = ask("secret");
        assert_eq!((decision.verdict, decision.status), (Verdict::Unmatched, 200));
        assert!(!decision.did_something());
        assert_eq!(decision.reason, DeliveryReason::Sample);
        assert_eq!(ask("wrong").verdict, Verdict::Rejected);
    }
}

#[test]
fn a_header_that_disagrees_with_the_body_matches_nothing() {
    let mut event = event();
    event.header = "Tag Push Hook".into();
    let mut odd = sample_webhook(1, 15);
    odd.http_x_gitlab_event = "Tag Push Hook".into();
    let decision = main(&event, &[odd]);
    assert_eq!(decision.verdict, Verdict::Unmatched);
    says(&decision, "does not come under it");
}

fn filtered(id: i64, project_id: i64, texts: FilterTexts) -> Webhook {
    Webhook { filters: Arc::new(Filters::from_texts(texts)), ..sample_webhook(id, project_id) }
}

fn on_main() -> FilterTexts {
    FilterTexts { refs: "main".into(), ..FilterTexts::default() }
}

fn on_branch(branch: &str) -> Event {
    Event { git_ref: branch.into(), ..event() }
}

#[test]
fn a_filter_decides_what_runs_and_is_named_with_both_sides() {
    let both = [filtered(1, 15, on_main()), sample_webhook(2, 15)];
    assert_eq!(main(&on_branch("main"), &both).run, [WebhookId(1), WebhookId(2)]);
    assert_eq!(main(&on_branch("other"), &both).run, [WebhookId(2)]);
    let decision = main(&on_branch("other"), &both[..1]);
    assert_eq!((decision.verdict, decision.status), (Verdict::Filtered, 200));
    assert_eq!(
        decision.reason.to_string(),
        "Filtered: “App push” runs only for branch or tag main; this event is for other"
    );
    let check = decision.trace.webhooks[0].filtered_checks().next().unwrap();
    assert_eq!((check.expected.as_str(), check.actual.as_str()), ("main", "refs/heads/other"));
    // Nothing was done, so the same event may run once the filter is mended.
    assert!(!decision.did_something());
}

#[test]
fn a_webhook_that_differs_is_not_asked_for_its_filters() {
    let decision = main(&on_branch("other"), &[filtered(1, 16, on_main())]);
    says(&decision, "registered to project 16");
    let mut elsewhere = filtered(1, 15, on_main());
    elsewhere.repo_name = "Other".into();
    let decision = main(&on_branch("other"), &[elsewhere]);
    assert_eq!(decision.trace.webhooks[0].checks.len(), 6);
}

#[test]
fn a_filter_does_not_keep_a_pending_webhook_from_its_id() {
    let mut first = filtered(1, -1, on_main());
    first.register_on_first_event = true;
    let decision = main(&on_branch("other"), &[first.clone()]);
    assert_eq!(decision.verdict, Verdict::Registered);
    assert_eq!((decision.register.len(), decision.run.len()), (1, 0));
    says(&decision, "nothing runs");
    let decision = main(&on_branch("main"), &[first]);
    assert_eq!((decision.register.len(), decision.run.len()), (1, 1));
    let at_register =
        ask(Endpoint::Register, &on_branch("other"), Some("secret"), &[filtered(1, -1, on_main())]);
    assert_eq!(at_register.register, [WebhookId(1)]);
}

#[test]
fn a_replaced_secret_serves_until_its_time_and_not_longer() {
    let mut moved = sample_webhook(1, 15);
    moved.secret_digest = Some(token_digest(&KEY, b"new").to_vec());
    let old = token_digest(&KEY, b"secret").to_vec();
    let until = |seconds| {
        let until = NOW + chrono::TimeDelta::seconds(seconds);
        Some(crate::webhook::Previous { secret: old.clone(), until })
    };
    moved.previous_secret = until(1);
    assert_eq!(main(&event(), &[moved.clone()]).verdict, Verdict::Matched);
    moved.previous_secret = until(0);
    assert_eq!(main(&event(), &[moved.clone()]).verdict, Verdict::Rejected);
    assert_eq!(ask(Endpoint::Main, &event(), Some("new"), &[moved]).verdict, Verdict::Matched);
}

#[test]
fn what_a_custom_template_leaves_out_is_said() {
    let template = Event { header: "Push Hook".into(), ..Event::default() };
    let decision = main(&template, &[sample_webhook(1, 15)]);
    assert_eq!(decision.verdict, Verdict::Unmatched);
    says(&decision, "The body lacks: object kind, project ID, repository name and repository URL");
    let lacking = Event { object_kind: String::new(), ..event() };
    let decision = main(&lacking, &[sample_webhook(1, 15)]);
    says(&decision, "carries no object kind, but “App push” asks for \"push\"");
}

fn small_webhook() -> impl Strategy<Value = Webhook> {
    (
        0i64..4,
        0usize..2,
        0usize..3,
        0usize..2,
        prop_oneof![Just(-1i64), 14i64..17],
        any::<bool>(),
        0usize..3,
    )
        .prop_map(|(id, name, url, kind, project, enabled, secret)| {
            let mut made = sample_webhook(id, project);
            made.repo_name = ["App", "app"][name].into();
            made.repo_url = ["git@h:a/b.git", "https://H/a/b", "https://h/a/b2"][url].into();
            made.object_kind = ["push", "tag_push"][kind].into();
            made.enabled = enabled;
            made.secret_digest =
                Some(token_digest(&KEY, [&b"one"[..], b"two", b"three"][secret]).to_vec());
            made
        })
}

proptest! {
    #[test]
    fn it_decides_as_the_plain_oracle_does(
        webhooks in prop::collection::vec(small_webhook(), 0..6),
        url in prop::sample::select(vec!["https://h/a/b", "ssh://git@h/a/b.git", "https://h/a/b3"]),
        project in 14i64..17,
        token in prop::sample::select(vec!["one", "two", "other"]),
    ) {
        let mut event = event();
        event.repo_urls = vec![url.into()];
        event.project_id = Some(project);
        let decision = ask(Endpoint::Main, &event, Some(token), &webhooks);
        let digest = token_digest(&KEY, token.as_bytes()).to_vec();
        let authentic = webhooks.iter().any(|r| r.secret_digest.as_ref() == Some(&digest));
        let plain_url = |text: &str| text.to_lowercase().replace("ssh://git@h/", "h/")
            .replace("git@h:", "h/").replace("https://", "").replace(".git", "");
        let equal: Vec<&Webhook> = webhooks.iter().filter(|r| {
            r.secret_digest.as_ref() == Some(&digest) && r.repo_name == "App"
                && r.object_kind == "push" && r.project_id.raw() == project
                && plain_url(&r.repo_url) == plain_url(url)
        }).collect();
        let run: Vec<_> = equal.iter().filter(|r| r.enabled).map(|r| r.id).collect();
        let expected = if !authentic { Verdict::Rejected }
            else if !run.is_empty() { Verdict::Matched }
            else if !equal.is_empty() { Verdict::Disabled }
            else { Verdict::Unmatched };
        prop_assert_eq!(decision.verdict, expected);
        prop_assert_eq!(decision.run, run);
        prop_assert!((200..300).contains(&decision.status) == authentic);
    }
}
