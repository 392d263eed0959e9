#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod catalogue;
mod zone;

use signalbox_core::listing::group_thousands;
use signalbox_core::sentence::fill_pattern;

pub use chrono_tz::Tz;
pub use signalbox_core::sentence::Sentence;
pub use zone::{
    answer_in_zone, current_zone, find_zone, offset_text, say_in_zone, to_local, zone_names,
};

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// English, in which the texts are written.
    #[default]
    English,
    /// Simplified Chinese.
    SimplifiedChinese,
}

impl Locale {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 2] = [Self::English, Self::SimplifiedChinese];

    /// The BCP 47 tag: for `lang`, and to keep a choice by.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::SimplifiedChinese => "zh-Hans",
        }
    }

    /// Its name in itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::SimplifiedChinese => "简体中文",
        }
    }

    /// The one with this tag.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.tag() == tag)
    }

    /// The first of a reader's languages that there is, the most wanted first. A reader of any
    /// Chinese is better served by ours than by English.
    pub fn preferred<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        let known = tags.into_iter().find_map(|tag| {
            match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "en" => Some(Self::English),
                "zh" => Some(Self::SimplifiedChinese),
                _ => None,
            }
        });
        known.unwrap_or_default()
    }
}

tokio::task_local! {
    static CURRENT: Locale;
}

/// The language of the request that is being answered; English where there is none.
pub fn current_locale() -> Locale {
    CURRENT.try_with(|locale| *locale).unwrap_or_default()
}

/// Answers a request in a language.
pub async fn answer_in<F: Future>(locale: Locale, answer: F) -> F::Output {
    CURRENT.scope(locale, answer).await
}

/// Says something in a language outside of a request's own task: in a stream that goes on after
/// its answer has begun.
pub fn say_in<T>(locale: Locale, say: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(locale, say)
}

/// A text in the reader's language; the English itself where the catalogue has none.
pub fn t(text: &str) -> &str {
    match current_locale() {
        Locale::English => text,
        Locale::SimplifiedChinese => catalogue::simplified_chinese(text).unwrap_or(text),
    }
}

/// A sentence in the reader's language.
pub fn say(sentence: &Sentence) -> String {
    match current_locale() {
        Locale::English => sentence.to_string(),
        Locale::SimplifiedChinese => {
            sentence.in_words(&|pattern| t(pattern), |list| list.join("、"))
        }
    }
}

/// A number with what is counted: `1 job`, `2 jobs`. Both patterns have the gap `{n}`; the
/// number stands in groups of three digits.
pub fn count_phrase(n: i64, one: &'static str, many: &'static str) -> String {
    let pattern = if n == 1 { one } else { many };
    fill_pattern(t(pattern), &[("n", group_thousands(n))])
}

/// A sentence with values in the reader's language: `say!("Saved as {name}.", name = label)`.
#[macro_export]
macro_rules! say {
    ($pattern:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::say(
            &$crate::Sentence::new($pattern)$(.with(stringify!($name), &$value))*
        )
    };
}

#[cfg(test)]
mod tests;
