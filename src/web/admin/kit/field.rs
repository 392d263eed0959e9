//! A form described as data: fieldsets, fields, and the control each wants. How a control is
//! drawn, `templates/macros/form.html`; what was typed into it, `form`.

use std::borrow::Cow;

/// Words that are either fixed or come from a catalogue entry.
pub type Words = Cow<'static, str>;

/// A titled group of fields.
#[derive(Debug, Clone, Default)]
pub struct Fieldset {
    /// A word for its element's id: `fieldset-<id>`. A fieldset without fields is hidden.
    pub id: &'static str,
    /// Its title.
    pub legend: &'static str,
    /// A sentence under it.
    pub help: Words,
    /// Where the documentation says more.
    pub learn_more: Option<String>,
    /// Whether fields stand side by side where there is room.
    pub paired: bool,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    /// The control's name.
    pub name: Words,
    /// Its label.
    pub label: Words,
    /// A sentence under it.
    pub help: Words,
    /// Its control.
    pub widget: Widget,
    /// Whether it must be filled in.
    pub required: bool,
    /// Whether it takes the whole width of its fieldset.
    pub full: bool,
    /// The value of nearly all: while it has that, it is folded away with others like it.
    pub usual: Option<&'static str>,
}

/// The control a field wants.
#[derive(Debug, Clone)]
pub enum Widget {
    /// One line of text.
    Text,
    /// Lines of text.
    Area {
        /// How many show at once.
        rows: u8,
    },
    /// A choice among these.
    Select(Vec<Choice>),
    /// A choice among these on which the fields of another fieldset depend.
    Choose {
        /// The choices.
        options: Vec<Choice>,
        /// The id of that fieldset.
        refetches: &'static str,
        /// What the button says that shows them where there is no script.
        button: &'static str,
    },
    /// A choice among these or another word, which is typed into `<name>_other`.
    SelectOr {
        /// The choices.
        options: Vec<Choice>,
        /// The field whose choice goes along with this one's: each option names its mate.
        pairs: Option<&'static str>,
    },
    /// Yes or no.
    Check {
        /// A field that this box fills with a value and locks while ticked.
        fills: Option<(&'static str, &'static str)>,
    },
    /// A whole number.
    Number {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// One's own present password: never shown, never kept. Where no other field of the form
    /// names its account, it does, for password managers.
    Password(Option<String>),
    /// A value that is not changed here, and a link to where it is: words and address.
    Fixed(Option<(&'static str, String)>),
    /// Something that is written and never shown again. `<name>_remove` takes it away and
    /// `<name>_generate` asks the server to make one.
    Secret {
        /// Whether one is stored.
        is_set: bool,
        /// Whether it may be generated here.
        generates: bool,
    },
}

/// One choice of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// The words.
    pub label: String,
    /// The value of the paired field that goes with it.
    pub pair: &'static str,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), pair: "" }
    }

    /// Names the paired field's value.
    #[must_use]
    pub fn with_pair(mut self, pair: &'static str) -> Self {
        self.pair = pair;
        self
    }
}

impl Field {
    /// A field with this control.
    pub fn new(name: impl Into<Words>, label: impl Into<Words>, widget: Widget) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            help: Words::Borrowed(""),
            widget,
            required: false,
            full: false,
            usual: None,
        }
    }

    /// A line of text.
    pub fn text_field(name: impl Into<Words>, label: impl Into<Words>) -> Self {
        Self::new(name, label, Widget::Text)
    }

    /// A box to tick.
    pub fn checkbox_field(name: impl Into<Words>, label: impl Into<Words>) -> Self {
        Self::new(name, label, Widget::Check { fills: None })
    }

    /// Adds the sentence under it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Words>) -> Self {
        self.help = help.into();
        self
    }

    /// It must be filled in.
    #[must_use]
    pub fn as_required(mut self) -> Self {
        self.required = true;
        self
    }

    /// It is seldom changed: folded away while its value is this one (a box is `on`, or empty).
    #[must_use]
    pub fn folded_at(mut self, usual: &'static str) -> Self {
        self.usual = Some(usual);
        self
    }

    /// It takes the whole width.
    #[must_use]
    pub fn full_width(mut self) -> Self {
        self.full = true;
        self
    }
}
