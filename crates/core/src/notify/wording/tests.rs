//! What a message says, for each rule and number of happenings.

use super::*;

fn titles_of(kind: Option<Rule>) -> Vec<String> {
    let of_kind = |content: &Content| content.rule.map(Rule::kind) == kind.map(Rule::kind);
    let drafts = samples().into_iter().filter(of_kind);
    drafts.map(|content| draft_message(&content, &Pages::none()).title.to_string()).collect()
}

#[test]
fn titles_say_what_and_how_many() {
    assert_eq!(
        titles_of(Some(Rule::Failed)),
        [
            "“〇 0” failed",
            "2 jobs failed",
            "6 jobs failed",
            "500 jobs failed",
            "7 jobs of “〇 1” failed"
        ]
    );
    assert_eq!(
        titles_of(Some(Rule::FailedInARow { times: 3 }))[..2],
        ["“〇 0” failed 3 times in a row", "2 webhooks failed 3 times in a row"]
    );
    assert_eq!(titles_of(Some(Rule::Recovered))[0], "“〇 0” succeeds again");
    assert_eq!(
        titles_of(Some(Rule::Late { seconds: 600 }))[0],
        "The oldest due job has waited 900 s"
    );
    assert_eq!(titles_of(None), ["Test message"]);
    assert!(samples().iter().all(|one| title(one).to_string() != "Something happened"));
}

#[test]
fn a_failure_says_what_where_who_why_and_leads_on() {
    let job = |id: &str| Some(format!("https://signalbox.example.com/job/{id}/"));
    let pages = Pages { job: &job, ..Pages::none() };
    let content = samples().into_iter().find(|one| one.rule == Some(Rule::Failed)).unwrap();
    let draft = draft_message(&content, &pages);
    let part = &draft.parts[0];
    let facts: Vec<_> =
        part.facts.iter().map(|(label, value)| format!("{label}: {value}")).collect();
    assert_eq!(
        facts,
        [
            "Repository: 〇",
            "Ref: 〇",
            "Commit: 01234567",
            "Person: 〇",
            "Action: 〇",
            "Attempts: 3"
        ]
    );
    assert!(part.error.as_ref().unwrap().to_string().contains("exit code"), "{part:?}");
    assert_eq!((part.title.as_str(), part.output.as_str()), ("〇 0: 〇", "〇"));
    let links: Vec<_> = part.links.iter().map(|(_, href)| href.as_str()).collect();
    assert_eq!(links, ["https://signalbox.example.com/job/〇/", "https://gitlab.example.com/〇"]);
    assert_eq!((draft.tone, draft.more), (Tone::Bad, None));
}

#[test]
fn what_is_not_described_is_counted() {
    let more = |count| {
        let found = samples().into_iter().find(|one| one.count == count).unwrap();
        let draft = draft_message(&found, &Pages::none());
        (draft.parts.len(), draft.more.map(|more| more.to_string()))
    };
    assert_eq!(more(6), (5, Some("1 more is not listed.".to_owned())));
    assert_eq!(more(500), (5, Some("495 more are not listed.".to_owned())));
}
