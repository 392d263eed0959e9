//! What a row looks like: columns, and the few kinds of things a cell can hold. Which columns a
//! list has, its resource says; how each kind is drawn, `templates/macros/cell.html`.

use super::at::{At, span_text};
use super::badge::Badge;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::listing::group_thousands;

/// One column of a list of `R`, sortable by `S` or not.
pub struct Column<R, S> {
    /// A word for scripts and style: `data-column`.
    pub key: &'static str,
    /// Its heading.
    pub label: &'static str,
    /// How wide it wants to be.
    pub width: Width,
    /// Draws a row's cell.
    pub cell: fn(&R) -> Cell,
    /// What it sorts by.
    pub sort: Option<S>,
}

/// How wide a column wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// What its content needs.
    Plain,
    /// All that is left over; long content is cut.
    Grow,
    /// As narrow as can be, in one line.
    Fit,
    /// Like `Fit`, digits aligned at the end.
    Number,
}

impl Width {
    /// The style's class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Grow => "grow",
            Self::Fit => "fit",
            Self::Number => "number",
        }
    }
}

/// A cell: one thing, and perhaps a quieter one beneath it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The thing.
    pub main: Bit,
    /// The quieter line.
    pub sub: Option<Bit>,
}

/// One thing in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Bit {
    /// Nothing: a dash.
    Empty,
    /// Words.
    Text(String),
    /// Somebody else's words, in no language of ours.
    Data(String),
    /// Words that lead somewhere.
    Link {
        /// The words.
        text: String,
        /// Where to.
        href: String,
    },
    /// An address, a name from a machine: fixed width, cut in the middle when too long.
    Code(MidCut),
    /// A state.
    Badge(Badge),
    /// A state that leads somewhere.
    BadgeLink(Badge, String),
    /// A state that those who may turn on and off right here.
    Switch(Switch),
    /// A moment.
    Time(At),
    /// A number or a length of time, already written out.
    Digits(String),
}

impl From<Bit> for Cell {
    fn from(main: Bit) -> Self {
        Self { main, sub: None }
    }
}

impl Bit {
    /// Words, or a dash for none.
    pub fn from_text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// Somebody else's words, or a dash for none.
    pub fn from_data(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Data(text) }
    }

    /// An address or a machine's name, or a dash for none.
    pub fn from_code(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Code(MidCut::split_text(text)) }
    }

    /// A moment, or a dash for none.
    pub fn from_time(at: Option<DateTime<Utc>>) -> Self {
        at.map_or(Self::Empty, |at| Self::Time(At(at)))
    }

    /// A length of time, or a dash for none.
    pub fn from_span(time: Option<TimeDelta>) -> Self {
        time.map_or(Self::Empty, |time| Self::Digits(span_text(time)))
    }

    /// A number.
    pub fn from_number(number: i64) -> Self {
        Self::Digits(group_thousands(number))
    }

    /// A cell with this on top and `sub` beneath.
    pub fn stack_over(self, sub: Self) -> Cell {
        Cell { main: self, sub: Some(sub).filter(|sub| *sub != Self::Empty) }
    }
}

/// A switch: a button of the page's `row-form`, which carries the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The state.
    pub badge: Badge,
    /// Whether it is on.
    pub on: bool,
    /// What is turned on and off, for those who only hear it.
    pub name: String,
    /// Where it is sent; the row's list adds its own query.
    pub action: String,
}

/// Text that is cut in the middle where space is short: its end tells more than its middle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MidCut {
    /// What may be cut.
    pub head: String,
    /// What stays.
    pub tail: String,
}

impl MidCut {
    const TAIL: usize = 14;

    /// Splits the text.
    pub fn split_text(text: &str) -> Self {
        let letters = text.chars().count();
        let head_letters = if letters > 2 * Self::TAIL { letters - Self::TAIL } else { letters };
        Self {
            head: text.chars().take(head_letters).collect(),
            tail: text.chars().skip(head_letters).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_before_its_end() {
        let cut = MidCut::split_text("git@gitlab.example.com:mike/diaspora.git");
        assert_eq!(
            (cut.head.as_str(), cut.tail.as_str()),
            ("git@gitlab.example.com:mik", "e/diaspora.git")
        );
        assert_eq!(
            MidCut::split_text("short"),
            MidCut { head: "short".into(), tail: String::new() }
        );
    }
}
