//! One of each reason, for the tests of all languages, here and in the crates above.

use super::{DeliveryReason, FieldCheck, MatchField, Place, Sentence, Webhooks};

pub(super) fn sample_check(field: MatchField, expected: &str, actual: &str) -> FieldCheck {
    FieldCheck::new(field, expected, actual, false)
}

/// One of each, of data that is no English.
pub fn one_of_each() -> Vec<DeliveryReason> {
    let text = || "〇".to_owned();
    let place = || Place { name: text(), url: text() };
    let webhooks = |more| Webhooks { first: text(), more };
    let (name, webhook, by, project) = (text, text, text, 7);
    let none = |pending, project, missing: &[MatchField]| DeliveryReason::NoWebhook {
        object_kind: text(),
        project,
        repo_name: text(),
        pending,
        missing: missing.to_vec(),
    };
    let filtered = |check| DeliveryReason::Filtered { webhook: text(), check };
    let condition = Sentence::new("false, as {seen}").with("seen", "〇 = 1");
    let condition = FieldCheck::with_words(MatchField::Condition, "〇 = 2", condition, false);
    let broken = Sentence::new("Line {line}: {message}").with("line", 1);
    let broken = broken.with_sentence("message", "a range in “[…]” runs backwards.");
    let unreadable = super::super::matching::filters::UNREADABLE;
    let mut all = vec![
        DeliveryReason::Matched(webhooks(0)),
        DeliveryReason::Forced { webhook: webhook(), by: by() },
        DeliveryReason::Paused {
            matched: Box::new(DeliveryReason::Matched(webhooks(2))),
            by: by(),
            note: text(),
        },
        DeliveryReason::Registered { project, webhooks: webhooks(1) },
        DeliveryReason::AlreadyRegistered { webhook: webhook(), project },
        DeliveryReason::RegisteredAndMatched { project, webhooks: webhooks(0) },
        DeliveryReason::RegisteredOnly {
            project,
            webhook: webhook(),
            because: Box::new(DeliveryReason::Disabled { webhook: webhook() }),
        },
        DeliveryReason::Duplicate { of: text() },
        filtered(sample_check(MatchField::RefFilter, "〇\n!〇", "refs/heads/〇")),
        filtered(sample_check(MatchField::RefFilter, "〇", "")),
        filtered(sample_check(MatchField::PathFilter, "〇", "〇")),
        filtered(sample_check(MatchField::ObeySkip, "", "[〇]")),
        filtered(sample_check(MatchField::ObeySkip, "", "the push option ci.skip")),
        filtered(condition),
        filtered(FieldCheck::with_words(MatchField::PathFilter, unreadable, broken, false)),
        DeliveryReason::Overtaken { webhook: webhook() },
        DeliveryReason::OtherRepository { webhook: webhook(), expected: place(), actual: place() },
        DeliveryReason::Renamed { project, webhook: webhook(), expected: place(), actual: place() },
        DeliveryReason::AwaitsRegistration { webhook: webhook() },
        DeliveryReason::Unsigned { webhook: webhook() },
        DeliveryReason::NoProject,
        none(false, Some(1), &[]),
        none(false, None, &[MatchField::ObjectKind, MatchField::RepoName, MatchField::RepoUrl]),
        none(true, Some(1), &[]),
        none(true, None, &[]),
        DeliveryReason::Sample,
        DeliveryReason::SystemSample,
        DeliveryReason::HeaderDisagrees { header: text(), object_kind: text() },
        DeliveryReason::NoCredential,
        DeliveryReason::OnlyToken,
        DeliveryReason::WrongCredential,
        DeliveryReason::Counted { more: 1 },
        DeliveryReason::Counted { more: 2 },
        DeliveryReason::NoEventHeader,
        DeliveryReason::Encoded,
        DeliveryReason::NoMediaType,
        DeliveryReason::MediaType { named: text() },
        DeliveryReason::HeaderNotText { name: name() },
        DeliveryReason::HeaderRepeated { name: name() },
        DeliveryReason::HeaderTooLong { name: name(), max: 9 },
        DeliveryReason::BodyTooLarge { max: 9 },
        DeliveryReason::NotJson { error: text() },
        DeliveryReason::TooDeep { levels: 9 },
        DeliveryReason::NotObject,
    ];
    for pending in [false, true] {
        for field in [
            MatchField::RepoName,
            MatchField::RepoUrl,
            MatchField::ObjectKind,
            MatchField::EventHeader,
            MatchField::ProjectId,
        ] {
            for actual in ["三", "〇 ", ""] {
                let check = sample_check(field, "〇", actual);
                all.push(DeliveryReason::Differs { webhook: webhook(), check, pending });
            }
        }
    }
    all
}
