//! Every fixture, against what its manifest says is in it; and bodies nobody meant to send.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn data(file: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/gitlab");
    std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_fixture_reads_as_its_manifest_says() {
    let manifest: Vec<Value> = serde_json::from_slice(&data("manifest.json")).unwrap();
    assert!(manifest.len() >= 40);
    for entry in manifest {
        let file = entry["file"].as_str().unwrap();
        let header = entry["event_header"].as_str().unwrap();
        let event = Event::from_body(header, &data(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let kind = entry["object_kind"].as_str().or(entry["event_name"].as_str()).unwrap();
        assert_eq!(event.object_kind, kind, "{file}");
        assert_eq!(event.project_id, project_of(&entry, &data(file)), "{file}");
        assert_eq!(event.repo_name, text("repository_name"), "{file}");
        assert_eq!(event.repo_url, text("repository_url"), "{file}");
        assert_eq!(event.user_id, entry["user_id"].as_i64(), "{file}");
        assert_eq!(event.user_name, text("user_name"), "{file}");
        assert_eq!(event.user_email, text("user_email"), "{file}");
        assert_eq!(event.git_ref.as_str(), text("ref"), "{file}");
        assert_eq!(event.sha, text("sha"), "{file}");
        assert!(kind::header_agrees(header, &event.object_kind), "{file}: {header} over {kind}");
    }
}

/// The manifest names the top-level id only; the rule says what serves where it lacks.
fn project_of(entry: &Value, body: &[u8]) -> Option<i64> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let implied = match entry["object_kind"].as_str() {
        Some("issue") => &body["object_attributes"]["project_id"],
        Some("merge_request") => &body["object_attributes"]["target_project_id"],
        _ => &Value::Null,
    };
    entry["project_id"].as_i64().or(body["project"]["id"].as_i64()).or(implied.as_i64())
}

#[test]
fn the_old_push_is_read_with_all_its_addresses() {
    let event = Event::from_body("Push Hook", &data("push_2015.json")).unwrap();
    assert_eq!(event.project_id, Some(15));
    assert_eq!(event.sha, "da1560886d4f094c3e6c9ef40349f7d38b5d27d7");
    assert_eq!(event.git_ref.branch_name(), "master");
    assert_eq!(
        event.repo_urls,
        [
            "git@example.com:mike/diasporadiaspora.git",
            "git@example.com:mike/diaspora.git",
            "http://example.com/mike/diaspora.git",
            "http://example.com/mike/diaspora",
        ]
    );
}

#[test]
fn a_note_of_another_repository_is_not_read_as_its_projects() {
    let event = Event::from_body("Note Hook", &data("comment_issue.json")).unwrap();
    assert!(event.repo_urls.iter().all(|url| url.contains("diaspora")), "{:?}", event.repo_urls);
}

#[test]
fn what_is_no_object_is_refused_with_the_place() {
    assert_eq!(Event::from_body("Push Hook", b"[1, 2]"), Err(Unreadable::NotObject));
    assert_eq!(Event::from_body("Push Hook", b"\"push\""), Err(Unreadable::NotObject));
    let message = Event::from_body("Push Hook", b"{\n \"ref\": }").unwrap_err().to_string();
    assert!(message.contains("line 2 column 9"), "{message}");
    let text = format!("\"{}\" x", "long ".repeat(1_000));
    let message = Event::from_body("Push Hook", text.as_bytes()).unwrap_err().to_string();
    assert_eq!(message, "The body is not JSON: trailing characters at line 1 column 5004");
    assert!(matches!(Event::from_body("Push Hook", b""), Err(Unreadable::NotJson(_))));
    assert!(matches!(Event::from_body("Push Hook", b"{} x"), Err(Unreadable::NotJson(_))));
    assert!(matches!(
        Event::from_body("Push Hook", b"{\"ref\": \"\xff\"}"),
        Err(Unreadable::NotJson(_))
    ));
}

#[test]
fn odd_types_are_taken_as_absent_and_templates_numbers_as_numbers() {
    let body = json!({
        "object_kind": ["push"], "event_name": 7, "project_id": "42", "project": "none",
        "repository": [], "user": null, "ref": {"name": "x"}, "user_name": "a\u{0}b",
    });
    let event = Event::from_body("Push Hook", body.to_string().as_bytes()).unwrap();
    assert_eq!(event.object_kind, "");
    assert_eq!(event.project_id, Some(42));
    assert_eq!(event.user_name, "a\u{fffd}b");
    let twice = br#"{"object_kind": "push", "object_kind": "tag_push"}"#;
    assert_eq!(Event::from_body("Push Hook", twice).unwrap().object_kind, "tag_push");
}

#[test]
fn depth_is_taken_up_to_the_limit_wherever_it_stands() {
    let event = |name: &str, levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        Event::from_body(
            "Push Hook",
            format!(r#"{{"ref": "x", "{name}": {open}{close}}}"#).as_bytes(),
        )
    };
    for name in ["other", "project", "commits", "user"] {
        for levels in [2, 127, 128] {
            assert_eq!(event(name, levels).map(|event| event.git_ref), Ok("x".into()), "{name}");
        }
        for levels in [129, 20_000, 200_000] {
            assert_eq!(event(name, levels), Err(Unreadable::TooDeep), "{name}");
        }
    }
    for bad in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 18), "]".repeat(1 << 20)] {
        assert!(Event::from_body("Push Hook", bad.as_bytes()).is_err());
    }
}

#[test]
fn of_a_wide_member_only_the_beginning_is_kept() {
    let many = vec!["{\"a\":1}"; 500_000].join(",");
    for body in [
        format!(r#"{{"project": {{"id": 7, "more": [{many}]}}, "ref": "x", "user": {{"id": 3}}}}"#),
        format!(
            r#"{{"project": {{"id": 7, "more": {{"a": [{many}]}}}}, "ref": "x", "user_id": 3}}"#
        ),
        format!(r#"{{"ref": "x", "project_id": 7, "user_id": 3, "repository": [{many}]}}"#),
    ] {
        let event = Event::from_body("Push Hook", body.as_bytes()).unwrap();
        assert_eq!(
            (event.project_id, event.git_ref.as_str(), event.user_id),
            (Some(7), "refs/heads/x", Some(3))
        );
    }
}

#[test]
fn gitlabs_sample_is_known_from_a_real_push_of_the_same_number() {
    let sample = json!({
        "object_kind": "push", "project_id": 15, "project": {"name": "gitlab"},
        "push_options": {"ci": {"skip": true}},
    });
    let is_sample = |body: &Value| {
        Event::from_body("Push Hook", body.to_string().as_bytes()).unwrap().is_sample
    };
    assert!(is_sample(&sample));
    assert!(is_sample(&json!({"object_kind": "push", "project_id": 15})), "older versions");
    for (member, value) in [
        ("repository", json!({"name": "gitlab"})),
        ("project", json!({"name": "Diaspora"})),
        ("project_id", json!(16)),
        ("object_kind", json!("pipeline")),
    ] {
        let mut real = sample.clone();
        real[member] = value;
        assert!(!is_sample(&real), "{member}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![
            Just("project".to_owned()),
            Just("repository".to_owned()),
            Just("object_attributes".to_owned()),
            Just("last_commit".to_owned()),
            Just("id".to_owned()),
            Just("url".to_owned()),
            Just("user".to_owned()),
            ".{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(body in any_json(), header in ".{0,20}") {
        let bytes = body.to_string();
        let read = Event::from_body(&header, bytes.as_bytes());
        prop_assert_eq!(read.is_ok(), body.is_object());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Event::from_body("Push Hook", &bytes);
    }
}
