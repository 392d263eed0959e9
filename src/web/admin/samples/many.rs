//! Samples of the pages that ask: before a deletion, before a bulk action, after two people
//! changed one object.

use super::super::jobs::Jobs;
use super::super::kit::list_view::Chip;
use super::super::kit::pages::{BulkPage, ChosenRow, ConfirmPage, ConflictPage, ConflictRow, Side};
use super::super::kit::resource::{DeletePlan, Resource};
use super::super::webhooks::Webhooks;
use super::{LONG, ODD};
use askama::Template;

pub(super) fn sample_pages() -> Vec<(String, String)> {
    [
        ("delete", sample_confirm()),
        ("conflict", sample_conflict()),
        ("bulk, ticked", sample_bulk::<Webhooks>(false)),
        ("bulk, all that match", sample_bulk::<Webhooks>(true)),
        ("bulk, jobs", sample_bulk::<Jobs>(true)),
    ]
    .map(|(name, html)| (name.to_owned(), html))
    .into()
}

/// Who changed what, and what comes of two who did at once, in Chinese down to the stored entries.
#[test]
fn histories_and_the_log_are_chinese_in_chinese() {
    super::chinese::assert_chinese(|| {
        let mut pages = vec![("conflict".to_owned(), sample_conflict())];
        let entries = super::super::log::entry::EntryPage::sample_pages();
        pages.extend(entries.iter().map(|page| ("entry".to_owned(), page.render().unwrap())));
        pages
    });
}

fn sample_confirm() -> String {
    ConfirmPage {
        frame: crate::web::admin::context::sample_frame("Delete?"),
        plan: DeletePlan {
            name: ODD.to_owned(),
            goes: vec![LONG.to_owned()],
            stays: vec![ODD.to_owned()],
            refused: None,
        },
        ask: None,
        cancel: "/admin/".to_owned(),
        button: "Delete webhook".to_owned(),
    }
    .render()
    .unwrap()
}

fn sample_conflict() -> String {
    ConflictPage {
        frame: crate::web::admin::context::sample_frame("Changed by someone else"),
        one: "webhook",
        rows: vec![ConflictRow {
            name: "name".to_owned(),
            label: "Name".to_owned(),
            before: Some(LONG.to_owned()),
            yours: Side { shown: ODD.to_owned(), value: ODD.to_owned() },
            theirs: Side::default(),
            keep_yours: true,
        }],
        was: ODD.to_owned(),
        version: 3,
        repeat: vec![("name".to_owned(), ODD.to_owned())],
        action: "/admin/".to_owned(),
        reload: "/admin/".to_owned(),
        history: "/admin/".to_owned(),
    }
    .render()
    .unwrap()
}

fn sample_bulk<R: Resource>(across: bool) -> String {
    let chip = |label: &str| Chip {
        label: label.to_owned(),
        value: ODD.to_owned(),
        remove: "/admin/".to_owned(),
    };
    BulkPage {
        frame: crate::web::admin::context::sample_frame("Delete 5,000 webhooks?"),
        ask: None,
        action: R::META.actions.first().unwrap().confirm_question(),
        narrowed: if across { vec![chip("Kind")] } else { Vec::new() },
        search: if across { ODD.to_owned() } else { String::new() },
        everything: false,
        count: "5,000".to_owned(),
        plural: R::META.plural,
        chosen: vec![ChosenRow { name: ODD.to_owned(), href: "/admin/".to_owned() }],
        more: across,
        across,
        ids: if across { Vec::new() } else { vec![ODD.to_owned()] },
        up_to: "7".to_owned(),
        here: "/admin/hooks/webhook/?q=x&o=1".to_owned(),
        button: "Delete 5,000 webhooks".to_owned(),
    }
    .render()
    .unwrap()
}
