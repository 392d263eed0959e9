//! Every page in every state once more, in Chinese: what stays English in it was forgotten.
//! What counts as English, `english.rs` says, which the tests of the real program use too.

use super::{LONG, ODD};
use signalbox_i18n::{Locale, say_in};

#[path = "../../../../tests/support/english.rs"]
mod english;

use english::english;

/// Fails with all that is left of English in these pages.
pub fn assert_chinese(samples: impl FnOnce() -> Vec<(String, String)>) {
    let samples = say_in(Locale::SimplifiedChinese, samples);
    assert!(!samples.is_empty());
    let mut faults = Vec::new();
    for (name, html) in samples {
        assert!(html.contains("lang=\"zh-Hans\""), "{name}");
        faults
            .extend(english(&html, &[ODD, LONG]).into_iter().map(|text| format!("{name}: {text}")));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn what_is_english_is_found() {
    let page =
        "<p title='登录'>共 3 个 jobs</p><p>GitLab <code>push</code></p><i aria-label='Menu'></i>";
    assert_eq!(english(page, &[]).into_iter().collect::<Vec<_>>(), ["Menu", "共 3 个 jobs"]);
}
