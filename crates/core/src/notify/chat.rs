//! A message as the incoming webhooks of chats take it. What is data can neither call people nor mark
//! itself up, and nothing is longer than the chat takes.

use super::letter::{Letter, Part, cut_end};
use super::wording::Tone;
use serde_json::{Value, json};

/// The most characters of a title.
const TITLE: usize = 200;
/// The most characters of one value.
const VALUE: usize = 150;
/// The most characters of an error.
const ERROR: usize = 500;
/// The most characters of output.
const OUTPUT: usize = 900;

fn set(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(key.to_owned(), value);
    }
}

fn colour(tone: Tone) -> u32 {
    match tone {
        Tone::Bad => 0x00c0_392b,
        Tone::Good => 0x0027_ae60,
        Tone::Plain => 0x0034_98db,
    }
}

/// For Slack, and for Mattermost and Rocket.Chat, which take the same.
pub fn slack_body(letter: &Letter) -> Value {
    let colour = format!("#{:06x}", colour(letter.tone));
    let mut attachments: Vec<Value> =
        letter.parts.iter().map(|part| slack_attachment(letter, part, &colour)).collect();
    if let Some(last) = attachments.last_mut() {
        let footer = [letter.more.as_str(), letter.footer.as_str()];
        let footer = footer.into_iter().filter(|text| !text.is_empty());
        set(last, "footer", json!(slack_text(&footer.collect::<Vec<_>>().join(" · "), VALUE)));
    }
    json!({ "text": format!("*{}*", slack_text(&letter.title, TITLE)), "attachments": attachments })
}

fn slack_attachment(letter: &Letter, part: &Part, colour: &str) -> Value {
    let mut lines = Vec::new();
    if !letter.intro.is_empty() {
        lines.push(slack_text(&letter.intro, ERROR));
    }
    if !part.error.is_empty() {
        lines.push(slack_text(&part.error, ERROR));
    }
    if !part.output.is_empty() {
        let output = slack_text(&part.output, OUTPUT);
        lines.push(format!("```\n{output}\n```"));
    }
    let ways: Vec<String> = part
        .links
        .iter()
        .map(|(words, href)| format!("<{}|{}>", slack_address(href), slack_text(words, VALUE)))
        .collect();
    if !ways.is_empty() {
        lines.push(ways.join(" · "));
    }
    let fields: Vec<Value> = part
        .facts
        .iter()
        .map(|(label, value)| {
            json!({ "title": slack_text(label, VALUE), "value": slack_text(value, VALUE), "short": true })
        })
        .collect();
    let title = if part.title.is_empty() { &letter.title } else { &part.title };
    let mut attachment = json!({
        "fallback": cut_end(&letter.title, TITLE),
        "color": colour,
        "title": slack_text(title, TITLE),
        "text": lines.join("\n"),
        "fields": fields,
        "mrkdwn_in": ["text"],
    });
    if let Some((_, href)) = part.links.first() {
        set(&mut attachment, "title_link", json!(href));
    }
    attachment
}

/// Data in Slack's markup: what calls people, ends a block of output or hides an address is broken up.
fn slack_text(text: &str, most: usize) -> String {
    let text = cut_end(text, most).replace("```", "'''").replace("](", "]\u{200b}(");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{200b}")
}

fn slack_address(href: &str) -> String {
    href.replace('&', "&amp;").replace('<', "%3C").replace('>', "%3E").replace('|', "%7C")
}

/// The most bytes that a workflow of Teams takes, with a reserve.
const TEAMS_BYTES: usize = 26_000;

/// For a workflow of Microsoft Teams: an adaptive card, of as many happenings as it takes.
pub fn teams_body(letter: &Letter) -> Value {
    let cards = (0..=letter.parts.len()).rev();
    let mut cards =
        cards.map(|many| teams_card(letter, letter.parts.get(..many).unwrap_or_default()));
    let fits = |card: &Value| card.to_string().len() <= TEAMS_BYTES;
    cards.find(fits).unwrap_or_else(|| teams_card(letter, &[]))
}

/// Runs of text, unlike blocks of text, know no markup.
fn teams_card(letter: &Letter, parts: &[Part]) -> Value {
    let tone = match letter.tone {
        Tone::Bad => "attention",
        Tone::Good => "good",
        Tone::Plain => "accent",
    };
    let run = |text: &str, most: usize| json!({ "type": "TextRun", "text": cut_end(text, most) });
    let block = |runs: Vec<Value>| json!({ "type": "RichTextBlock", "inlines": runs });
    let mut title = run(&letter.title, TITLE);
    set(&mut title, "weight", json!("bolder"));
    set(&mut title, "size", json!("large"));
    set(&mut title, "color", json!(tone));
    let mut body = vec![block(vec![title])];
    if !letter.intro.is_empty() {
        body.push(block(vec![run(&letter.intro, ERROR)]));
    }
    let mut actions = Vec::new();
    for part in parts {
        if !part.title.is_empty() {
            let mut title = run(&part.title, TITLE);
            set(&mut title, "weight", json!("bolder"));
            let mut head = block(vec![title]);
            set(&mut head, "separator", json!(true));
            body.push(head);
        }
        if !part.error.is_empty() {
            body.push(block(vec![run(&part.error, ERROR)]));
        }
        for (label, value) in &part.facts {
            let mut label = run(label, VALUE);
            set(&mut label, "isSubtle", json!(true));
            body.push(block(vec![label, run(": ", 2), run(value, VALUE)]));
        }
        for line in cut_end(&part.output, OUTPUT).lines() {
            let mut output = run(line, OUTPUT);
            set(&mut output, "fontType", json!("monospace"));
            set(&mut output, "size", json!("small"));
            body.push(block(vec![output]));
        }
        for (words, href) in &part.links {
            if actions.len() < 6 {
                let open =
                    json!({ "type": "Action.OpenUrl", "title": cut_end(words, 60), "url": href });
                actions.push(open);
            }
        }
    }
    for text in [&letter.more, &letter.footer].into_iter().filter(|text| !text.is_empty()) {
        let mut end = run(text, VALUE);
        set(&mut end, "isSubtle", json!(true));
        set(&mut end, "size", json!("small"));
        body.push(block(vec![end]));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
                "actions": actions,
            },
        }],
    })
}

/// For Discord. Nobody is called by it, and it is cut below what Discord takes in all.
pub fn discord_body(letter: &Letter) -> Value {
    // 6,000 characters in all embeds together.
    let most = 5_000 / letter.parts.len().max(1);
    let embeds: Vec<Value> = letter
        .parts
        .iter()
        .map(|part| {
            let title = if part.title.is_empty() { &letter.title } else { &part.title };
            let mut lines = Vec::new();
            if !letter.intro.is_empty() {
                lines.push(discord_text(&letter.intro, ERROR.min(most / 4)));
            }
            if !part.error.is_empty() {
                lines.push(discord_text(&part.error, ERROR.min(most / 4)));
            }
            for (label, value) in &part.facts {
                lines.push(format!(
                    "**{}** {}",
                    discord_text(label, 40),
                    discord_text(value, most / 16)
                ));
            }
            if !part.output.is_empty() {
                let output = cut_end(&part.output, OUTPUT.min(most / 4)).replace("```", "'''");
                lines.push(format!("```\n{output}\n```"));
            }
            let mut embed = json!({
                "title": cut_end(title, 120),
                "color": colour(letter.tone),
                "description": cut_end(&lines.join("\n"), most),
            });
            if let Some((_, href)) = part.links.first() {
                set(&mut embed, "url", json!(href));
            }
            embed
        })
        .collect();
    let mut content = format!("**{}**", discord_text(&letter.title, TITLE));
    for text in [&letter.more, &letter.footer].into_iter().filter(|text| !text.is_empty()) {
        content.push_str("\n-# ");
        content.push_str(&discord_text(text, VALUE));
    }
    json!({ "content": content, "embeds": embeds, "allowed_mentions": { "parse": [] } })
}

/// Data in Discord's markup.
fn discord_text(text: &str, most: usize) -> String {
    let mut spelt = String::new();
    for letter in cut_end(text, most).chars() {
        if matches!(letter, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '#' | '[' | ']' | '<' | '@')
        {
            spelt.push('\\');
        }
        spelt.push(letter);
    }
    spelt
}

/// For any address: plain data beside the texts, in the form of Standard Webhooks.
pub fn standard_body(
    letter: &Letter,
    content: &super::happening::Content,
    timestamp: &str,
) -> Value {
    let kind = content.rule.map_or("test", |rule| rule.kind().as_str());
    let parts: Vec<Value> = letter
        .parts
        .iter()
        .zip(&content.first)
        .map(|(part, happening)| {
            let links: Vec<&str> = part.links.iter().map(|(_, href)| href.as_str()).collect();
            json!({ "title": part.title, "error": part.error, "links": links, "happening": happening })
        })
        .collect();
    json!({
        "type": format!("signalbox.{kind}"),
        "timestamp": timestamp,
        "data": {
            "title": letter.title,
            "text": super::mail::text_body(letter),
            "rule": content.rule,
            "count": content.count,
            "webhooks": content.webhooks,
            "first": parts,
            "from": letter.footer,
        },
    })
}

#[cfg(test)]
mod tests;
