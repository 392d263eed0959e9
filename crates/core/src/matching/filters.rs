//! A webhook's filters together: refs, paths, condition, opt-out. Asked after the five values, each
//! leaves its line in the trace.
//!
//! Where GitLab does not tell what a filter would need to know, the webhook runs, and the trace
//! says why: a deployment too many can be seen, one too few cannot.

use super::condition::{self, Condition};
use super::filter::Globs;
use super::trace::{FieldCheck, MatchField};
use crate::event::Event;
use crate::sentence::Sentence;

/// What stands in the place of a filter that cannot be read.
pub const UNREADABLE: &str = "a filter that can be read";

/// What asks for no run beside a push.
pub const PUSH_OPTION: &str = "the push option ci.skip";

/// What in a commit's message asks for no run, as GitLab's own pipelines have it.
const SKIPS: [&str; 2] = ["[skip ci]", "[ci skip]"];
/// Most letters of a filter or message that the trace shows.
const MAX_SHOWN: usize = 300;

/// A webhook's filters as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FilterTexts {
    /// Globs over branch and tag names.
    pub refs: String,
    /// Globs over files.
    pub paths: String,
    /// A condition.
    pub condition: String,
    /// Whether "[skip ci]" is obeyed.
    pub obey_skip: bool,
}

impl FilterTexts {
    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A webhook's filters, ready to be asked. Those of a webhook are read once and kept, since reading
/// costs more than asking.
#[derive(Debug, Default)]
pub struct Filters {
    texts: FilterTexts,
    refs: Option<Globs>,
    paths: Option<Globs>,
    condition: Option<Condition>,
    /// A stored filter that cannot be read: its field and why. The form lets none in.
    broken: Vec<(MatchField, Sentence)>,
}

impl Filters {
    /// Reads stored filters.
    pub fn from_texts(texts: FilterTexts) -> Self {
        let mut broken = Vec::new();
        Self {
            refs: keep_or_note(Globs::parse_lines(&texts.refs), MatchField::RefFilter, &mut broken),
            paths: keep_or_note(
                Globs::parse_lines(&texts.paths),
                MatchField::PathFilter,
                &mut broken,
            ),
            condition: keep_or_note(
                condition::parse_condition(&texts.condition),
                MatchField::Condition,
                &mut broken,
            ),
            texts,
            broken,
        }
    }

    /// A line for each filter that the webhook has.
    pub fn check_event(&self, event: &Event) -> Vec<FieldCheck> {
        let mut checks = Vec::new();
        if let Some(globs) = &self.refs {
            checks.push(check_ref(&self.texts.refs, globs, event));
        }
        if let Some(globs) = &self.paths {
            checks.push(check_paths(&self.texts.paths, globs, event));
        }
        if let Some(condition) = &self.condition {
            let (holds, seen) = (condition.is_met_by(event), condition.describe_fields(event));
            let pattern = if holds { "true, as {seen}" } else { "false, as {seen}" };
            let words = Sentence::new(pattern).with("seen", seen);
            let condition = show_text(&self.texts.condition);
            checks.push(FieldCheck::with_words(MatchField::Condition, condition, words, holds));
        }
        if self.texts.obey_skip {
            checks.push(check_skip(event));
        }
        for (field, fault) in &self.broken {
            checks.push(FieldCheck::with_words(*field, UNREADABLE, fault.clone(), false));
        }
        checks
    }
}

fn keep_or_note<T, E: Into<Sentence>>(
    read: Result<Option<T>, E>,
    field: MatchField,
    broken: &mut Vec<(MatchField, Sentence)>,
) -> Option<T> {
    read.unwrap_or_else(|error| {
        broken.push((field, error.into()));
        None
    })
}

fn check_ref(text: &str, globs: &Globs, event: &Event) -> FieldCheck {
    let (whole, short) = (event.git_ref.as_str(), event.git_ref.short_name());
    let passes = !short.is_empty() && globs.let_pass(&[whole, short]);
    FieldCheck::new(MatchField::RefFilter, show_text(text), whole, passes)
}

fn check_paths(text: &str, globs: &Globs, event: &Event) -> FieldCheck {
    let hit = event.changes.paths().find(|path| globs.let_pass(&[path]));
    let expected = show_text(text);
    let check =
        |words, passes| FieldCheck::with_words(MatchField::PathFilter, expected, words, passes);
    match (hit, untold_files(event)) {
        (Some(path), _) => FieldCheck::new(
            MatchField::PathFilter,
            show_text(text),
            show_text(&format!("{path:?}")),
            true,
        ),
        (None, Some(why)) => check(
            Sentence::new("runs, as this is not known: {reason}").with_sentence("reason", why),
            true,
        ),
        (None, None) => check(skip_mark_sentence(event), false),
    }
}

/// Why the files that an event lists are not all the files that it changes.
fn untold_files(event: &Event) -> Option<Sentence> {
    let changes = &event.changes;
    if !matches!(event.object_kind.as_str(), "push" | "tag_push") {
        return Some("GitLab lists no files in events of this kind".into());
    }
    if event.is_deleted() {
        return Some("the branch or tag was deleted".into());
    }
    if event.is_created() {
        return Some("the branch or tag is new, so there is nothing to compare it with".into());
    }
    if changes.listed == 0 {
        return Some("no commit is listed, as when a force-push takes commits back".into());
    }
    if changes.is_cut {
        return Some("it lists more files than are looked at".into());
    }
    changes.has_more().then(|| {
        Sentence::new("GitLab lists {listed} of its {total} commits")
            .with("listed", changes.listed)
            .with("total", changes.total.unwrap_or_default())
    })
}

fn skip_mark_sentence(event: &Event) -> Sentence {
    let count = event.changes.paths().count();
    let first: Vec<String> =
        event.changes.paths().take(3).map(|path| show_text(&format!("{path:?}"))).collect();
    let first = first.join(", ");
    match count {
        0 => "no file".into(),
        1..=3 => first.into(),
        count => {
            Sentence::new("{first} and {more} more").with("first", first).with("more", count - 3)
        }
    }
}

fn check_skip(event: &Event) -> FieldCheck {
    let text = match event.object_kind.as_str() {
        "merge_request" => &event.title,
        _ => &event.message,
    };
    let lower = text.to_lowercase();
    let word = SKIPS.into_iter().find(|word| lower.contains(word));
    let asked = word.or(event.push_skips_ci.then_some(PUSH_OPTION));
    FieldCheck::new(
        MatchField::ObeySkip,
        "no “[skip ci]”",
        asked.unwrap_or("none"),
        asked.is_none(),
    )
}

fn show_text(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut shown: String = letters.by_ref().take(MAX_SHOWN).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn push_event(change: impl FnOnce(&mut Value)) -> Event {
        let mut body = json!({
            "object_kind": "push", "ref": "refs/heads/main",
            "before": "a".repeat(40), "after": "b".repeat(40), "total_commits_count": 2,
            "commits": [
                { "id": "1", "message": "one", "added": ["docs/new.md"], "modified": [], "removed": [] },
                { "id": "2", "message": "two", "modified": ["src/main.rs"], "removed": ["old"] },
            ],
        });
        change(&mut body);
        Event::from_body("Push Hook", body.to_string().as_bytes()).unwrap()
    }

    fn check_one(texts: FilterTexts, event: &Event) -> FieldCheck {
        let [check] = Filters::from_texts(texts).check_event(event).try_into().unwrap();
        check
    }

    fn check_paths(filter: &str, event: &Event) -> (bool, String) {
        let check =
            check_one(FilterTexts { paths: filter.into(), ..FilterTexts::default() }, event);
        (check.equal, check.actual)
    }

    #[test]
    fn a_webhook_without_filters_leaves_no_line() {
        assert!(Filters::default().check_event(&push_event(|_| {})).is_empty());
        assert!(
            Filters::from_texts(FilterTexts::default()).check_event(&push_event(|_| {})).is_empty()
        );
    }

    #[test]
    fn a_ref_is_matched_by_its_whole_and_by_its_short_name() {
        let refs = |filter: &str, event: &Event| {
            check_one(FilterTexts { refs: filter.into(), ..FilterTexts::default() }, event)
        };
        let main = push_event(|_| {});
        assert!(refs("main", &main).equal && refs("refs/heads/*", &main).equal);
        assert_eq!(refs("v*", &main).actual, "refs/heads/main");
        let tag = Event::from_body(
            "Tag Push Hook",
            br#"{"object_kind":"tag_push","ref":"refs/tags/v1"}"#,
        );
        assert!(refs("v*\n!refs/heads/**", &tag.unwrap()).equal);
        let pipeline = br#"{"object_kind":"pipeline","object_attributes":{"ref":"v1","tag":true}}"#;
        let pipeline = Event::from_body("Pipeline Hook", pipeline).unwrap();
        assert!(refs("refs/tags/*", &pipeline).equal);
        // An event without a branch or tag passes no filter for them, not even "not main".
        let issue = Event::from_body("Issue Hook", br#"{"object_kind":"issue"}"#).unwrap();
        assert!(!refs("!main", &issue).equal);
    }

    #[test]
    fn any_file_added_modified_or_removed_lets_it_pass() {
        let event = push_event(|_| {});
        for filter in ["docs/", "src/*.rs", "old", "**\n!docs/**"] {
            assert!(check_paths(filter, &event).0, "{filter}");
        }
        let (passes, actual) = check_paths("web/**", &event);
        assert!(!passes);
        assert_eq!(actual, "\"docs/new.md\", \"src/main.rs\", \"old\"");
        assert!(!check_paths("!docs/**\n!src/**\n!old", &event).0);
    }

    #[test]
    fn what_gitlab_does_not_list_runs_and_says_so() {
        type Change = fn(&mut Value);
        let cases: [(&str, Change, &str); 4] = [
            ("more than 20", |b| b["total_commits_count"] = json!(40), "lists 2 of its 40 commits"),
            (
                "new",
                |b| {
                    b["before"] = json!("0".repeat(40));
                    b["commits"] = json!([]);
                },
                "is new",
            ),
            ("deleted", |b| b["after"] = json!("0".repeat(64)), "was deleted"),
            (
                "rewound",
                |b| {
                    b["commits"] = json!([]);
                    b["total_commits_count"] = json!(0);
                },
                "force-push",
            ),
        ];
        for (name, change, words) in cases {
            let (passes, actual) = check_paths("web/**", &push_event(change));
            assert!(passes && actual.contains(words), "{name}: {actual}");
        }
        let job = Event::from_body("Job Hook", br#"{"object_kind":"build"}"#).unwrap();
        assert!(check_paths("web/**", &job).1.contains("events of this kind"));
        // What is known to match needs no excuse.
        let (_, actual) =
            check_paths("docs/**", &push_event(|b| b["total_commits_count"] = json!(40)));
        assert_eq!(actual, "\"docs/new.md\"");
    }

    #[test]
    fn a_conditions_value_is_shown() {
        let texts = FilterTexts { condition: "branch = \"v1\"".into(), ..FilterTexts::default() };
        let check = check_one(texts, &push_event(|_| {}));
        assert!(!check.equal);
        assert_eq!(check.actual, "false, as branch = \"main\"");
    }

    #[test]
    fn the_newest_commit_a_title_or_a_push_option_may_ask_for_no_run() {
        let obeys =
            |event: &Event| check_one(FilterTexts { obey_skip: true, ..Default::default() }, event);
        assert!(obeys(&push_event(|_| {})).equal);
        assert!(obeys(&push_event(|b| b["commits"][0]["message"] = json!("[skip ci]"))).equal);
        let newest = push_event(|b| b["commits"][1]["message"] = json!("Docs\n\n[CI Skip] really"));
        assert_eq!((obeys(&newest).equal, obeys(&newest).actual.as_str()), (false, "[ci skip]"));
        assert!(!obeys(&push_event(|b| b["push_options"] = json!({"ci": {"skip": true}}))).equal);
        let merge =
            br#"{"object_kind":"merge_request","object_attributes":{"title":"[skip ci] x"}}"#;
        assert!(!obeys(&Event::from_body("Merge Request Hook", merge).unwrap()).equal);
    }

    #[test]
    fn a_stored_filter_that_cannot_be_read_runs_nothing_and_says_so() {
        let texts = FilterTexts { condition: "branch =".into(), ..FilterTexts::default() };
        let check = check_one(texts, &push_event(|_| {}));
        assert_eq!((check.field, check.equal), (MatchField::Condition, false));
        assert!(check.actual.contains("Column"), "{}", check.actual);
    }
}
