//! Conditions: what they mean, what is wrong with others, and against a slow plain oracle.

use super::*;
use crate::event::Changes;
use crate::sentence::Sentence;
use proptest::prelude::*;

fn event() -> Event {
    let mut changes = Changes::default();
    changes.total = Some(3);
    Event {
        object_kind: "push".into(),
        git_ref: "refs/heads/feature/log-in".into(),
        before: "0".repeat(40),
        after: "1".repeat(40),
        project_id: Some(15),
        user_name: "Jo \"J\" Smith".into(),
        message: "fix: the door\n\nand the window".into(),
        changes,
        ..Event::default()
    }
}

fn holds(text: &str) -> bool {
    parse_condition(text)
        .unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
        .unwrap()
        .is_met_by(&event())
}

#[test]
fn it_means_what_it_says() {
    for (text, expected) in [
        ("branch = \"feature/log-in\"", true),
        ("branch == 'feature/log-in'", true),
        ("branch != \"main\"", true),
        ("ref = \"refs/heads/feature/log-in\"", true),
        ("tag = \"\"", true),
        ("branch in [\"main\", \"feature/log-in\"]", true),
        ("branch not in [\"main\"]", true),
        ("branch like \"feature/*\"", true),
        ("branch like \"*in\"", true),
        ("branch like \"main\"", false),
        ("branch not like \"feature/*\"", false),
        ("message contains \"the window\"", true),
        ("message not contains \"the roof\"", true),
        ("user_name = \"Jo \\\"J\\\" Smith\"", true),
        ("user_name = 'Jo \"J\" Smith'", true),
        ("project_id = 15", true),
        ("project_id in [1, 15]", true),
        ("commits >= 3", true),
        ("commits > 3", false),
        ("commits <= 3 and commits < 4", true),
        ("user_id = 1", false),
        ("user_id != 1", true),
        ("user_id < 1", false),
        ("user_id > -1", false),
        ("created", true),
        ("created = true", true),
        ("not deleted", true),
        ("draft = false", true),
        ("not created or deleted", false),
        ("not (created and deleted)", true),
        // "and" binds closer than "or".
        ("created or created and deleted", true),
        ("(created or created) and deleted", false),
        ("created AND NOT deleted", true),
        ("kind = \"push\"\n  and branch = \"feature/log-in\"", true),
    ] {
        assert_eq!(holds(text), expected, "{text}");
    }
    assert!(parse_condition(" \n\t").unwrap().is_none());
}

#[test]
fn what_people_filter_by_can_be_said() {
    let read = |header: &str, body: serde_json::Value| {
        Event::from_body(header, body.to_string().as_bytes()).unwrap()
    };
    let label = |title: &str| serde_json::json!({"id": 1, "title": title, "color": "#fff"});
    let merge_request = read(
        "Merge Request Hook",
        serde_json::json!({
            "object_kind": "merge_request",
            "object_attributes": {
                "action": "update", "oldrev": "a".repeat(40), "target_branch": "main", "draft": true,
            },
            "labels": [label("API"), label("team::web")],
            "changes": {
                "labels": {"previous": [label("API"), label("old")], "current": [label("API"), label("team::web")]},
                "title": {"previous": "a", "current": "b"},
            },
        }),
    );
    let job = read(
        "Job Hook",
        serde_json::json!({
            "object_kind": "build", "build_name": "deploy", "build_stage": "release",
            "build_status": "success", "environment": {"name": "production", "action": "start"},
        }),
    );
    let deployment = read(
        "Deployment Hook",
        serde_json::json!({"object_kind": "deployment", "status": "running", "environment": "staging"}),
    );
    let release = read(
        "Release Hook",
        serde_json::json!({"object_kind": "release", "name": "Spring", "tag": "v2.0", "action": "create"}),
    );
    let milestone = read(
        "Milestone Hook",
        serde_json::json!({
            "object_kind": "milestone", "event_type": "milestone",
            "object_attributes": {"title": "2.0"}, "action": "close",
        }),
    );
    for (event, text, expected) in [
        (&merge_request, "draft and target_branch = 'main'", true),
        (&release, "title = 'Spring' and tag = 'v2.0' and action = 'create'", true),
        (&milestone, "title = '2.0' and action = 'close'", true),
        (&merge_request, "action = 'update' and oldrev != ''", true),
        (&event(), "oldrev != ''", false),
        (&merge_request, "labels contains 'API' and labels not contains 'AP'", true),
        (&merge_request, "labels like 'team::*'", true),
        (&merge_request, "labels in ['x', 'team::web']", true),
        (&merge_request, "labels_added contains 'team::web'", true),
        (&merge_request, "labels_added contains 'API'", false),
        (&merge_request, "labels_removed contains 'old'", true),
        (&merge_request, "changes contains 'title' and changes not contains 'draft'", true),
        (&job, "job = 'deploy' and stage = 'release' and status = 'success'", true),
        (&job, "environment = 'production'", true),
        (&deployment, "environment = 'staging' and status in ['running']", true),
    ] {
        assert_eq!(parse_condition(text).unwrap().unwrap().is_met_by(event), expected, "{text}");
    }
    let seen =
        parse_condition("labels contains 'x'").unwrap().unwrap().describe_fields(&merge_request);
    assert_eq!(seen, r#"labels = ["API", "team::web"]"#);
}

#[test]
fn what_it_looked_at_is_shown() {
    let condition =
        parse_condition("branch = \"main\" or commits > 5 and branch != \"x\"").unwrap().unwrap();
    assert_eq!(condition.describe_fields(&event()), "branch = \"feature/log-in\", commits = 3");
}

#[test]
fn faults_have_a_place_and_say_what_would_be_right() {
    for (text, place, words) in [
        ("branch", (1, 7), "after branch comes"),
        ("branch = main", (1, 10), "a text in quotes"),
        ("branch = \"main", (1, 10), "no end"),
        ("brunch = \"main\"", (1, 1), "no field \"brunch\""),
        ("project_id = \"15\"", (1, 14), "a number"),
        ("project_id = 99999999999999999999", (1, 14), "no whole number"),
        ("branch < \"main\"", (1, 8), "no order"),
        ("draft = \"yes\"", (1, 9), "true or false"),
        ("branch in \"main\"", (1, 11), "“[”"),
        ("branch in [\"main\"", (1, 18), "“]”"),
        ("branch in []", (1, 12), "a text in quotes"),
        ("(draft", (1, 7), "“)”"),
        ("draft draft", (1, 7), "“and”"),
        ("draft and", (1, 10), "a field"),
        ("branch not = \"x\"", (1, 12), "“in”"),
        ("commits contains \"1\"", (1, 18), "no text"),
        ("labels = \"a\"", (1, 8), "a list"),
        ("branch like \"[a\"", (1, 13), "has no “]”"),
        ("draft\nand $", (2, 5), "means nothing"),
        ("draft && created", (1, 7), "means nothing"),
    ] {
        let fault = parse_condition(text).err().unwrap_or_else(|| panic!("{text} was read"));
        assert_eq!((fault.line, fault.column), place, "{text}: {fault:?}");
        assert!(fault.message.to_string().contains(words), "{text}: {fault:?}");
    }
    assert_eq!(
        Sentence::from(parse_condition("draft $").unwrap_err()).to_string(),
        "Column 7: '$' means nothing here."
    );
}

#[test]
fn length_and_depth_are_limited() {
    assert!(parse_condition(&format!("{}draft", "not ".repeat(MAX_DEPTH))).is_ok());
    assert!(parse_condition(&format!("{}draft", "not ".repeat(MAX_DEPTH + 1))).is_err());
    assert!(parse_condition(&"(".repeat(MAX_LENGTH)).is_err());
    assert!(
        parse_condition(&" ".repeat(MAX_LENGTH + 1))
            .unwrap_err()
            .message
            .to_string()
            .contains("2000")
    );
}

/// A condition as text, and what it is worth.
fn conditions() -> impl Strategy<Value = (String, bool)> {
    let texts = prop::sample::select(vec!["feature/log-in", "main", "", "feature"]);
    let leaf = prop_oneof![
        texts.clone().prop_map(|t| (format!("branch = \"{t}\""), t == "feature/log-in")),
        texts.clone().prop_map(|t| (format!("branch != '{t}'"), t != "feature/log-in")),
        texts.clone().prop_map(|t| (format!("branch contains \"{t}\""), t != "main")),
        prop::collection::vec(texts, 1..4).prop_map(|list| {
            let hit = list.contains(&"feature/log-in");
            let quoted: Vec<String> = list.iter().map(|t| format!("\"{t}\"")).collect();
            (format!("branch in [{}]", quoted.join(", ")), hit)
        }),
        (-2i64..6).prop_map(|n| (format!("commits >= {n}"), 3 >= n)),
        (-2i64..6).prop_map(|n| (format!("commits < {n}"), 3 < n)),
        Just(("created".to_owned(), true)),
        Just(("deleted".to_owned(), false)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(text, value)| (format!("not ({text})"), !value)),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| {
                let texts: Vec<String> = parts.iter().map(|(t, _)| format!("({t})")).collect();
                (texts.join(" and "), parts.iter().all(|(_, value)| *value))
            }),
            prop::collection::vec(inner, 2..4).prop_map(|parts| {
                let texts: Vec<String> = parts.iter().map(|(t, _)| format!("({t})")).collect();
                (texts.join(" or "), parts.iter().any(|(_, value)| *value))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn it_is_worth_what_the_slow_way_says((text, expected) in conditions()) {
        if text.chars().count() <= MAX_LENGTH {
            prop_assert_eq!(holds(&text), expected, "{}", text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,80}") {
        if let Ok(Some(condition)) = parse_condition(&text) {
            condition.is_met_by(&event());
        }
    }

    #[test]
    fn no_row_of_its_own_words_makes_it_panic(words in prop::collection::vec(
        prop::sample::select(vec!["branch", "commits", "draft", "=", "!=", "<", "in", "not", "and",
            "or", "(", ")", "[", "]", ",", "\"a\"", "'", "7", "-", "like", "contains", "true", "\\"]),
        0..30,
    )) {
        let text = words.join(" ");
        match parse_condition(&text) {
            Ok(condition) => { condition.map(|condition| condition.describe_fields(&event())); }
            Err(fault) => {
                let line = text.lines().nth(fault.line - 1).unwrap_or_default();
                prop_assert!(fault.column <= line.chars().count() + 1);
            }
        }
    }
}
