//! Of every body: the ref, branch, tag, commit and person that its manifest says, and that filters,
//! conditions, placeholders and environment all name the same.

use super::super::tests::{Case, data, documented, recorded, rows, text};
use crate::action::{ActionKind, ActionSpec, EventFacts, Secrets, Values};
use crate::event::Event;
use crate::matching::condition;
use crate::matching::filters::{FilterTexts, Filters};
use std::collections::BTreeSet;

/// What an action is told, in the words of placeholders and conditions alike.
const TOLD: [&str; 5] = ["ref", "branch", "tag", "sha", "user_name"];

/// Bodies of old installations. What they match is `variants`' to say.
fn old() -> Vec<Case> {
    let case = |row: serde_json::Value| Case {
        name: text(&row["file"]),
        header: text(&row["event_header"]),
        body: data(&text(&row["file"])),
        expected: row,
    };
    rows("field/manifest.json").into_iter().map(case).collect()
}

fn cases() -> Vec<Case> {
    recorded().into_iter().chain(documented()).chain(old()).collect()
}

#[test]
fn filters_conditions_placeholders_and_environment_say_what_the_manifest_says() {
    let wrong: Vec<String> = cases().iter().flat_map(disagreements).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases().len(), wrong.join("\n"));
}

#[test]
fn every_body_is_in_a_manifest() {
    let listed: BTreeSet<String> = cases().into_iter().map(|case| case.name).collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/gitlab");
    for inner in ["", "field/"] {
        for entry in std::fs::read_dir(folder.join(inner)).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let Some(name) = file.strip_suffix(".json") else { continue };
            let is_list = ["manifest", "documented"].contains(&name);
            assert!(is_list || listed.contains(&format!("{inner}{file}")), "{inner}{file}");
        }
    }
}

fn disagreements(case: &Case) -> Vec<String> {
    let event = Event::from_body(&case.header, &case.body).unwrap();
    let facts = EventFacts::from_event(event.clone(), &event.repo_url, "D", "J", 1);
    let mut wrong = Vec::new();
    let mut check = |by: &str, word: &str, found: &str, expected: &str| {
        if found != expected {
            wrong.push(format!("{}: {by} {word}: {found:?}, not {expected:?}", case.name));
        }
    };
    let environment = environment(&facts);
    for word in TOLD {
        let expected = text(&case.expected[word]);
        check("condition", word, &seen(word, &event), &format!("{word} = {expected:?}"));
        let filled = match &*expected {
            "" => "would be empty: this event has no such value",
            value if value.starts_with('-') => {
                "would start with “-”, which a program reads as an option"
            }
            value => value,
        };
        check("placeholder", word, &argument(word, &facts), filled);
        let variable = format!("SIGNALBOX_{}", word.to_uppercase());
        let found = environment.iter().find(|(name, _)| *name == variable);
        check("environment", word, found.map_or("absent", |(_, value)| value), &expected);
    }
    for word in ["user_username", "user_email"] {
        let expected = text(&case.expected[word]);
        check("condition", word, &seen(word, &event), &format!("{word} = {expected:?}"));
    }
    let id = case.expected["user_id"].as_i64().map_or("none".to_owned(), |id| id.to_string());
    check("condition", "user_id", &seen("user_id", &event), &format!("user_id = {id}"));

    let [whole, branch, tag] = ["ref", "branch", "tag"].map(|word| text(&case.expected[word]));
    for (filter, passes) in [
        ("**", !whole.is_empty()),
        (&*whole, !whole.is_empty()),
        (&*branch, !branch.is_empty()),
        (&*tag, !tag.is_empty()),
        ("refs/heads/**", !branch.is_empty()),
        ("refs/tags/**", !tag.is_empty()),
        ("*", [branch.as_str(), &tag].iter().any(|name| !name.is_empty() && !name.contains('/'))),
    ] {
        let texts = FilterTexts { refs: filter.to_owned(), ..FilterTexts::default() };
        let Some(line) = Filters::from_texts(texts).check_event(&event).pop() else { continue };
        check("filter", filter, &line.equal.to_string(), &passes.to_string());
        check("filter", "ref", &line.actual, &whole);
    }
    wrong
}

/// What a condition sees.
fn seen(word: &str, event: &Event) -> String {
    let asked = if word == "user_id" { "user_id = 1" } else { &format!("{word} = \"\"") };
    condition::parse_condition(asked).unwrap().unwrap().describe_fields(event)
}

fn entry(command: &str) -> ActionSpec {
    ActionSpec::from_toml("x", &format!("command = {command}")).unwrap()
}

/// What a placeholder becomes, or why it becomes nothing.
fn argument(word: &str, facts: &EventFacts) -> String {
    let spec = entry(&format!("['/x', '{{{word}}}']"));
    let ActionKind::Command(command) = &spec.kind else { panic!("it is another kind") };
    match command.build_argv(&Values::default(), facts) {
        Ok(argv) => argv.concat(),
        Err(refused) => {
            refused.sentence().to_string().replace(&format!("the argument {{{word}}} "), "")
        }
    }
}

fn environment(facts: &EventFacts) -> Vec<(String, String)> {
    let spec = entry("['/x']");
    let ActionKind::Command(command) = &spec.kind else { panic!("it is another kind") };
    let nothing = (&Values::default(), &Secrets::default());
    command.build_environment(&spec, nothing, facts, |_| None).unwrap()
}
