//! What a webhook must be like.

use super::*;

fn spec() -> ActionSpec {
    let entry = "command = [\"/bin/true\"]\ntimeout_s = 60\n[parameters.branch]\ntype = \"string\"\nrequired = true\n";
    ActionSpec::from_toml("print", entry).unwrap()
}

fn draft() -> Draft {
    Draft {
        repo_name: "Diaspora".into(),
        repo_url: "git@example.com:mike/diaspora.git".into(),
        object_kind: "push".into(),
        project_id: -1,
        http_x_gitlab_event: "Push Hook".into(),
        enabled: true,
        secret_token: SecretChange::Set("s3cret".into()),
        action: "print".into(),
        action_params: BTreeMap::from([("branch".into(), "main".into())]),
        max_attempts: 3,
        ..Draft::default()
    }
}

fn faults(draft: Draft) -> Vec<String> {
    let spec = spec();
    let installed = draft.action == spec.name;
    let rules = Rules {
        action: installed.then_some(&spec),
        allow_no_secret: false,
        has_secret_token: false,
        has_signing_token: false,
    };
    let faults = WebhookInput::check_draft(draft, &rules).err().unwrap_or_default();
    faults.into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_good_webhook_passes() {
    assert!(faults(draft()).is_empty());
}

#[test]
fn every_fault_is_named_at_once() {
    let bad = Draft { enabled: true, project_id: -2, ..Draft::default() };
    assert_eq!(
        faults(bad),
        [
            "repo_name",
            "repo_url",
            "http_x_gitlab_event",
            "object_kind",
            "project_id",
            "secret_token",
            "action",
            "max_attempts"
        ]
    );
}

#[test]
fn a_webhook_cannot_be_enabled_without_a_secret_but_can_be_kept_switched_off() {
    let bare = || Draft { secret_token: SecretChange::Keep, ..draft() };
    assert_eq!(faults(bare()), ["secret_token"]);
    assert!(faults(Draft { enabled: false, ..bare() }).is_empty());
}

#[test]
fn a_webhook_may_ask_for_less_time_than_the_action_has_but_not_for_more() {
    assert!(faults(Draft { timeout_s: Some(60), ..draft() }).is_empty());
    assert_eq!(faults(Draft { timeout_s: Some(61), ..draft() }), ["timeout_s"]);
}

#[test]
fn parameters_are_the_entrys_to_judge_and_a_missing_entry_is_named() {
    let unfilled = Draft { action_params: BTreeMap::new(), ..draft() };
    assert_eq!(faults(unfilled), ["param.branch"]);
    assert_eq!(faults(Draft { action: "gone".into(), ..draft() }), ["action"]);
    let off = Draft { action: "gone".into(), enabled: false, ..draft() };
    assert!(faults(off).is_empty());
}

#[test]
fn a_repository_may_be_left_out_where_events_have_none() {
    let bare = |kind: &str| Draft {
        repo_name: String::new(),
        repo_url: String::new(),
        object_kind: kind.into(),
        ..draft()
    };
    assert!(faults(bare("user_create")).is_empty());
    assert!(faults(bare("repository_update")).is_empty());
    assert!(faults(bare("something_new")).is_empty());
    assert_eq!(faults(bare("push")), ["repo_name", "repo_url"]);
    assert_eq!(faults(bare("")), ["repo_name", "repo_url", "object_kind"]);
}

#[test]
fn an_address_of_a_page_is_shortened_and_one_that_can_never_match_is_refused() {
    let at = |url: &str| Draft { repo_url: url.into(), ..draft() };
    let spec = spec();
    let rules = Rules {
        action: Some(&spec),
        allow_no_secret: false,
        has_secret_token: false,
        has_signing_token: false,
    };
    let page = "https://gitlab.example.com/mike/diaspora/-/tree/main?ref_type=heads";
    let input = WebhookInput::check_draft(at(page), &rules).ok().unwrap();
    assert_eq!(input.repo_url, "https://gitlab.example.com/mike/diaspora");
    for bad in ["mike/diaspora", "https://gitlab.example.com/", "gitlab.example.com/mike/diaspora"]
    {
        assert_eq!(faults(at(bad)), ["repo_url"], "{bad}");
    }
    assert!(faults(at("git@gitlab.example.com:2222/mike/diaspora.git")).is_empty());
}

#[test]
fn filters_that_cannot_be_read_are_named() {
    let bad = Draft {
        ref_filter: "main\n[".into(),
        path_filter: "!".into(),
        condition: "branch = ".into(),
        ..draft()
    };
    assert_eq!(faults(bad), ["ref_filter", "path_filter", "condition"]);
    let good = Draft {
        ref_filter: "main\n!wip/**".into(),
        path_filter: "docs/".into(),
        condition: "branch = \"main\" and not draft".into(),
        ..draft()
    };
    assert!(faults(good).is_empty());
}

#[test]
fn a_replaced_secret_goes_on_for_some_days_at_most() {
    let keeping = |days| Draft { keep_previous_days: Some(days), ..draft() };
    assert!(faults(keeping(7)).is_empty());
    assert_eq!(faults(keeping(91)), ["keep_previous_days"]);
    assert_eq!(faults(keeping(0)), ["keep_previous_days"]);
}

#[test]
fn a_signing_token_is_the_prefix_and_the_base64_of_32_bytes() {
    let with = |token: &str| Draft {
        signing_token: SecretChange::Set(token.to_owned().into()),
        ..draft()
    };
    let right = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    assert!(faults(with(right)).is_empty());
    let long = format!("whsec_{}", "A".repeat(44));
    for wrong in [
        "whsec_",
        "whsec_aGVsbG8=",
        "whsec_%%%",
        "plain words",
        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        " padded",
        right.trim_end_matches('='),
        &long,
    ] {
        assert_eq!(faults(with(wrong)), ["signing_token"], "{wrong:?}");
    }
}

#[test]
fn a_signature_is_required_only_where_something_signs() {
    let required = Draft { require_signature: true, ..draft() };
    assert_eq!(faults(required), ["require_signature"]);
}

#[test]
fn only_where_the_newest_runs_one_waits_for_another() {
    let wait = |concurrency, debounce_s| {
        let draft = Draft { concurrency, debounce_s, ..draft() };
        let mut faults = Faults::default();
        check_lane(&draft, &mut faults);
        faults.0.len()
    };
    assert_eq!(wait(Concurrency::Latest, 30), 0);
    assert_eq!(wait(Concurrency::Serial, 0), 0);
    assert_eq!(wait(Concurrency::Serial, 30), 1);
    assert_eq!(wait(Concurrency::Latest, 3_601), 1);
    let cancels = |concurrency| faults(Draft { concurrency, cancel_running: true, ..draft() });
    assert!(cancels(Concurrency::Latest).is_empty());
    assert_eq!(cancels(Concurrency::Serial), ["cancel_running"]);
}
