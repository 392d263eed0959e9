//! What `templates/base.html` needs of every page: title, person, navigation, messages,
//! breadcrumbs. Built by `AdminContext::frame`; page structs hold it as `frame`.

use super::badge::Badge;
use serde::{Deserialize, Serialize};
use signalbox_i18n::t;
use std::borrow::Cow;

/// How good the news of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It was done.
    Success,
    /// Worth knowing.
    Info,
    /// Something was left out, or nothing was done.
    Warning,
    /// It failed.
    Error,
}

impl Level {
    /// The word for `data-level`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The icon in front of the message.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Success => "check",
            Self::Info => "info",
            Self::Warning | Self::Error => "warning",
        }
    }

    /// Whether a screen reader is interrupted by it.
    pub fn role(self) -> &'static str {
        match self {
            Self::Success | Self::Info => "status",
            Self::Warning | Self::Error => "alert",
        }
    }
}

/// A message for the next page that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// How good the news is.
    pub level: Level,
    /// The words.
    pub text: String,
    /// A link after them: label and address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<(String, String)>,
    /// A button after them that takes back what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
}

/// A button that takes back what was done: a form of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Its word.
    pub label: String,
    /// Where it is sent.
    pub action: String,
    /// Its field: name and value.
    pub field: (String, String),
}

/// One step of the way from the index to this page; the last has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// The words.
    pub label: Cow<'static, str>,
    /// The address, unless it is this page.
    pub href: Option<String>,
}

/// A titled part of the navigation.
#[derive(Debug, Clone)]
pub struct NavSection {
    /// Its title.
    pub title: &'static str,
    /// Its rows.
    pub rows: Vec<NavRow>,
}

/// A row of the navigation.
#[derive(Debug, Clone)]
pub struct NavRow {
    /// The words.
    pub label: &'static str,
    /// The symbol in `icons.svg`.
    pub icon: &'static str,
    /// The list it opens.
    pub href: String,
    /// The form for a new object, for whom may.
    pub add: Option<String>,
    /// The key after `g`.
    pub key: char,
    /// Whether this page is in that part.
    pub current: bool,
    /// How many want attention; `None` = not counted.
    pub count: Option<String>,
    /// Saved views of the list.
    pub views: Vec<NavView>,
}

/// A saved view in the navigation.
#[derive(Debug, Clone)]
pub struct NavView {
    /// What somebody called it.
    pub name: String,
    /// The list, as it was saved.
    pub href: String,
    /// Whether it is everybody's.
    pub shared: bool,
    /// Whether it is open.
    pub current: bool,
}

/// What every page says for as long as it holds.
#[derive(Debug, Clone)]
pub struct Banner {
    /// The words.
    pub text: String,
    /// Where something can be done about it: words and address.
    pub link: (&'static str, String),
}

/// What stands around every page of a program: its names, its person, the ways through it. A way
/// that is not there is left out of the page.
#[derive(Debug, Clone, Default)]
pub struct Chrome {
    /// The program's name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What this installation is called; empty = it has no name.
    pub label: String,
    /// Who is signed in, and as what.
    pub person: (String, &'static str),
    /// The token of every form on the page: `<input type="hidden" name="csrf_token">`.
    pub csrf: String,
    /// The navigation, marked with where this page is.
    pub nav: Vec<NavSection>,
    /// What every page says.
    pub banners: Vec<Banner>,
    /// Searches everything.
    pub search: Option<&'static str>,
    /// A page of links to everything, shown over any other page.
    pub palette: Option<&'static str>,
    /// Where the documentation helps with this page.
    pub help: Option<String>,
    /// What a person finds of their own account: words and addresses.
    pub account: Vec<(&'static str, &'static str)>,
    /// Chooses the language; POST.
    pub language: Option<&'static str>,
    /// Chooses the time zone.
    pub time_zone: Option<&'static str>,
    /// Whether times are in the browser's zone, unless it did not say it yet.
    pub follows_browser: bool,
    /// Signs out; POST.
    pub logout: Option<&'static str>,
    /// The list in which what is gone may be found, for those who may.
    pub log: Option<String>,
}

/// The object that a page is about: the head of all its pages, and the ways between them.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its states, beside its name.
    pub badges: Vec<Badge>,
    /// A line under its name, piece by piece, in the reader's language.
    pub facts: Vec<String>,
    /// Its pages.
    pub tabs: Vec<Tab>,
}

/// One of an object's pages.
#[derive(Debug, Clone)]
pub struct Tab {
    /// The words.
    pub label: &'static str,
    /// The address.
    pub href: String,
    /// Whether it is the one that is shown.
    pub current: bool,
}

/// What base.html needs.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What stands around the page.
    pub chrome: Chrome,
    /// The page's name: its `h1`, and the first part of the window's title.
    pub title: String,
    /// What it is about, where that stands in the place of the title above the page.
    pub subject: Option<Subject>,
    /// Messages, shown once.
    pub flashes: Vec<Flash>,
    /// The way from the index.
    pub breadcrumbs: Vec<Crumb>,
    /// This page's path.
    pub path: String,
    /// This page's path and query.
    pub address: String,
    /// Whether the form on this page came back with errors: the window's title then says so.
    pub has_errors: bool,
}

impl Frame {
    /// A frame with nothing to say yet.
    pub fn around_page(chrome: Chrome, title: String) -> Self {
        Self {
            chrome,
            title,
            subject: None,
            flashes: Vec::new(),
            breadcrumbs: Vec::new(),
            path: String::new(),
            address: String::new(),
            has_errors: false,
        }
    }

    /// Adds a step of the way, before this page's own.
    #[must_use]
    pub fn with_crumb(
        mut self,
        label: impl Into<Cow<'static, str>>,
        href: impl Into<String>,
    ) -> Self {
        let at = self.breadcrumbs.len().saturating_sub(1);
        self.breadcrumbs.insert(at, Crumb { label: label.into(), href: Some(href.into()) });
        self
    }

    /// Says above the page what it is about.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Says in the window's title that the form has errors.
    #[must_use]
    pub fn with_errors(mut self, has_errors: bool) -> Self {
        self.has_errors = has_errors;
        self
    }

    /// The window's title.
    pub fn window_title(&self) -> String {
        self.window_title_for(&self.title)
    }

    /// The same for a page whose window says something else than its heading.
    pub fn window_title_for(&self, title: &str) -> String {
        let Chrome { name, label, .. } = &self.chrome;
        let of = if label.is_empty() { String::new() } else { format!(" ({label})") };
        let error = if self.has_errors { format!("{} ", t("Error:")) } else { String::new() };
        format!("{error}{title} · {name}{of}")
    }
}
