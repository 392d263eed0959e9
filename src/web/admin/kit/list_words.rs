//! The sentences of a list that depend on its numbers.

use super::list_view::ListView;
use signalbox_i18n::say;
use signalbox_i18n::t;

impl ListView {
    /// What is said where search and filters let nothing through; `one` is the singular.
    pub fn none_match(&self, one: &str) -> String {
        let Some(all) = self.all else {
            return t("Nothing matches the search and filters.").to_owned();
        };
        if all.number() == 1 {
            say!(
                "No {one} matches the search and filters ({all} in total).",
                one = t(one),
                all = all
            )
        } else {
            say!(
                "No {plural} match the search and filters ({all} in total).",
                all = all,
                plural = t(self.plural)
            )
        }
    }

    /// How many rows match, with a gap `{total}` for the link that drops everything.
    pub fn results(&self) -> String {
        let matching = self.matching;
        if matching.number() == 1 {
            say!("{n} result ({total})", n = matching, total = "{total}")
        } else {
            say!("{n} results ({total})", n = matching, total = "{total}")
        }
    }
}
