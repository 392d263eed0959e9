//! The bodies for chats, whatever the data.

use super::super::happening::Content;
use super::super::letter::Letter;
use super::super::rule::Rule;
use super::super::wording::{Pages, draft_message, samples};
use super::*;
use crate::sentence::Sentence;

fn letters() -> Vec<(Content, Letter)> {
    let job = |id: &str| Some(format!("https://signalbox.example.com/job/{id}/?a=1&b=2"));
    let pages = Pages { job: &job, ..Pages::none() };
    let letter = |content: &Content| {
        let draft = draft_message(content, &pages);
        Letter::from_draft(&draft, "Signalbox".to_owned(), &Sentence::to_string)
    };
    samples().into_iter().map(|content| (letter(&content), content)).map(|(a, b)| (b, a)).collect()
}

fn hostile() -> Letter {
    let bad = "<!channel> @here *b* [x](http://evil) ``` & |";
    let long = bad.repeat(200);
    let part = Part {
        title: long.clone(),
        error: long.clone(),
        facts: (0..12).map(|_| (bad.to_owned(), long.clone())).collect(),
        output: format!("{bad}\n").repeat(300),
        links: vec![("open".to_owned(), "https://x/?a=<|>&b".to_owned())],
    };
    Letter {
        tone: Tone::Bad,
        title: bad.to_owned(),
        intro: long.clone(),
        parts: vec![part.clone(), part.clone(), part.clone(), part.clone(), part],
        more: bad.to_owned(),
        footer: bad.to_owned(),
    }
}

#[test]
fn every_message_has_a_body_of_every_kind_with_its_title() {
    for (content, letter) in letters() {
        let title = letter.title.as_str();
        let slack = slack_body(&letter);
        assert_eq!(slack["text"], format!("*{title}*"));
        assert_eq!(slack["attachments"].as_array().unwrap().len(), content.first.len());
        let teams = teams_body(&letter);
        let card = &teams["attachments"][0]["content"];
        assert_eq!(card["body"][0]["inlines"][0]["text"], title);
        assert!(discord_body(&letter)["content"].as_str().unwrap().contains(title));
        let standard = standard_body(&letter, &content, "2026-01-02T03:04:05Z");
        assert_eq!(standard["data"]["title"], title);
        assert_eq!(standard["data"]["count"], content.count);
        let kind = content.rule.map_or("test", |rule| rule.kind().as_str());
        assert_eq!(standard["type"], format!("signalbox.{kind}"));
    }
}

#[test]
fn a_failure_leads_to_its_job_everywhere() {
    let (content, letter) =
        letters().into_iter().find(|(content, _)| content.rule == Some(Rule::Failed)).unwrap();
    let href = "https://signalbox.example.com/job/〇/?a=1&b=2";
    assert_eq!(slack_body(&letter)["attachments"][0]["title_link"], href);
    let teams = teams_body(&letter);
    assert_eq!(teams["attachments"][0]["content"]["actions"][0]["url"], href);
    assert_eq!(discord_body(&letter)["embeds"][0]["url"], href);
    let standard = standard_body(&letter, &content, "");
    assert_eq!(standard["data"]["first"][0]["links"][0], href);
    assert_eq!(standard["data"]["first"][0]["happening"]["failure"]["code"], "exit_code");
}

#[test]
fn data_calls_nobody_and_marks_nothing_up() {
    let text = slack_body(&hostile())["attachments"][0]["text"].to_string();
    for calling in ["<!channel>", "@here", "](http"] {
        assert!(!text.contains(calling), "{calling}");
    }
    assert_eq!(text.matches("```").count(), 2, "one block of output");
    let discord = discord_body(&hostile());
    assert_eq!(discord["allowed_mentions"]["parse"], serde_json::json!([]));
    let text = discord["embeds"][0]["description"].as_str().unwrap();
    // In a block of output nothing is markup.
    let text = text.split("```").next().unwrap();
    assert!(text.contains("\\[x\\](http://evil)") && !text.contains(" [x]"), "{text}");
    let teams = teams_body(&hostile()).to_string();
    assert!(!teams.contains("\"TextBlock\""), "a block of text would know markup");
}

#[test]
fn nothing_is_longer_than_the_chat_takes() {
    let letter = hostile();
    let length = |value: &Value| value.to_string().chars().count();
    assert!(length(&slack_body(&letter)) < 40_000, "{}", length(&slack_body(&letter)));
    let chinese = Letter {
        parts: vec![Part { output: "二".repeat(900), ..letter.parts[0].clone() }; 5],
        ..hostile()
    };
    for letter in [&letter, &chinese] {
        let teams = teams_body(letter);
        assert!(teams.to_string().len() <= 28_000);
        assert!(teams["attachments"][0]["content"]["body"].as_array().unwrap().len() > 4);
    }
    let discord = discord_body(&letter);
    assert!(discord["content"].as_str().unwrap().chars().count() <= 2_000);
    let embeds = discord["embeds"].as_array().unwrap();
    let all: usize = embeds
        .iter()
        .flat_map(|embed| ["title", "description"].map(|key| embed[key].as_str().unwrap()))
        .map(|text| text.chars().count())
        .sum();
    assert!(embeds.len() <= 10 && all <= 6_000, "{all}");
    for embed in embeds {
        assert!(embed["title"].as_str().unwrap().chars().count() <= 256);
        assert!(embed["description"].as_str().unwrap().chars().count() <= 4_096);
    }
}
