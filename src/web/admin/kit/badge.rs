//! A state as icon and word. Which states there are, each resource says beside itself.

/// A state as icon and word, never by colour alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// The machine word: `data-state`.
    pub state: String,
    /// The word a person reads.
    pub label: String,
    /// A symbol of `icons.svg`.
    pub icon: &'static str,
    /// Its colour: `data-tone`.
    pub tone: Tone,
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to say, or not yet.
    Plain,
    /// It went well.
    Good,
    /// It is under way.
    Busy,
    /// It wants a look.
    Caution,
    /// It is tried again.
    Again,
    /// It went wrong.
    Bad,
    /// It is known.
    Known,
    /// It is over, or switched off.
    Quiet,
}

impl Tone {
    /// The word for `data-tone`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Caution => "caution",
            Self::Again => "again",
            Self::Bad => "bad",
            Self::Known => "known",
            Self::Quiet => "quiet",
        }
    }
}

impl Badge {
    /// A state: its machine word, its word for people, its symbol and its colour.
    pub fn new(state: &str, label: &str, icon: &'static str, tone: Tone) -> Self {
        Self { state: state.to_owned(), label: label.to_owned(), icon, tone }
    }
}
