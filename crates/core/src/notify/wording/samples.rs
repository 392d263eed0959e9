//! Samples of messages, for the tests of what they say.

use crate::failure::Failure;
use crate::notify::happening::{Content, Happening, JobEnd, Named};
use crate::notify::rule::{Rule, RuleKind};
/// A message for each rule and number of happenings, of data that is no English, and the test: for the
/// tests of all languages, here and in the crates above.
pub fn samples() -> Vec<Content> {
    let text = || "〇".to_owned();
    let happening = |rule: Rule, n: u32| match rule {
        Rule::Failed | Rule::FailedInARow { .. } | Rule::Recovered => {
            Happening::Job(Box::new(JobEnd {
                job: text(),
                webhook_id: Some(i64::from(n)),
                webhook: format!("〇 {n}"),
                repository: text(),
                git_ref: "refs/heads/〇".to_owned(),
                sha: "0123456789abcdef".to_owned(),
                title: text(),
                person: text(),
                action: text(),
                attempts: 3,
                failure: (rule != Rule::Recovered).then_some(Failure::ExitCode { code: 1 }),
                error: String::new(),
                output: text(),
                gitlab: "https://gitlab.example.com/〇".to_owned(),
                in_a_row: 3,
            }))
        }
        Rule::Quiet { .. } => {
            let webhook = Named { id: i64::from(n), name: format!("〇 {n}") };
            Happening::Quiet { webhook, last: Some("2026-01-02".to_owned()) }
        }
        Rule::Refused { .. } => Happening::Refused { deliveries: 40 },
        Rule::Late { .. } => Happening::Late { seconds: 900, job: text() },
        Rule::WorkerLost => Happening::WorkerLost { worker: text(), host: text() },
        Rule::DiskFull { .. } => Happening::DiskFull { percent: 93, free_mib: 4_096 },
        Rule::HookDisabled => Happening::HookDisabled {
            connection: Named { id: 1, name: text() },
            project: format!("〇 {n}"),
            until: (n > 0).then(|| "2026-01-02 03:04 UTC".to_owned()),
        },
        Rule::TokenExpires { .. } => Happening::TokenExpires {
            connection: Named { id: i64::from(n), name: format!("〇 {n}") },
            on: "2026-01-02".to_owned(),
        },
    };
    let mut all = vec![Content::test("〇")];
    for kind in RuleKind::ALL {
        let number = kind.limits().map(|limits| limits.usual);
        for many in [1, 2, 6, 500] {
            let mut content = Content::new(kind.with_number(number));
            for n in 0..many {
                content.rule.into_iter().for_each(|rule| content.take_up(happening(rule, n)));
            }
            all.push(content);
        }
    }
    let mut one_webhook = Content::new(Some(Rule::Failed));
    for _ in 0..7 {
        one_webhook.take_up(happening(Rule::Failed, 1));
    }
    all.push(one_webhook);
    all
}
