//! The two traits a resource of the panel implements, and what they speak in. Nothing else.
//!
//! [`Resource`] is a list; [`Editable`] adds a form, deletion and a history. `views` turns both
//! into pages. A page with a story of its own is a plain handler instead.

use super::badge::Badge;
use super::bulk::BulkAction;
use super::context::Context;
use super::field::Fieldset;
use super::form::{FormErrors, Values};
use super::listing::Listing;
use super::revert;
use super::site::Site;
use super::urls;
use crate::web::problem::Problem;
use actix_web::HttpResponse;
use serde::Serialize;
use signalbox_core::change::Change;
use signalbox_core::listing::{Counts, ListQuery, Page, Part};

/// What a resource is called, who may do what to it, and what it has beyond the usual.
pub struct Meta<S: Site> {
    /// The part of the panel it stands in: the address' second word; empty = none, it stands
    /// right below the start page.
    pub app: &'static str,
    /// Its name: the address' third word, and the audit log's object type.
    pub name: &'static str,
    /// One of them, in a sentence.
    pub label: &'static str,
    /// Several of them, in a sentence.
    pub plural: &'static str,
    /// The list's title.
    pub title: &'static str,
    /// Who may see it.
    pub view: S::Permission,
    /// Who may add, change and delete; none = nobody, such pages do not exist.
    pub edit: Option<S::Permission>,
    /// What can be done to many rows at once.
    pub actions: &'static [BulkAction<S>],
    /// The permission that the weakest of the actions needs; none = there are none.
    pub acting: Option<S::Permission>,
    /// Links at the list's top right: words and address.
    pub tools: &'static [(&'static str, &'static str)],
    /// Where its rows are carried to a file and back; none = they are not.
    pub transfer: Option<Transfer>,
    /// Links above the form for a new one: words and address.
    pub add_tools: &'static [(&'static str, &'static str)],
    /// What is not copied by "Save as new", in a sentence; none = there is no such button.
    pub copies: Option<&'static str>,
    /// Its pages, the first of them the program's own at the bare address; none = its form is all.
    pub tabs: Option<Tabs>,
    /// When the form asks for one's own password again; none = never.
    pub guarded: Option<Guarded>,
    /// What its entries in the log are called and how they are undone.
    pub log: LogWords,
}

/// The pages of one, as words and addresses, by its id and whether this person may edit it.
pub type Tabs = fn(&str, bool) -> Vec<(&'static str, String)>;

/// When a form asks for one's own password again.
#[derive(Clone, Copy)]
pub struct Guarded {
    /// In a sentence.
    pub when: &'static str,
    /// Whether saving this asks for it.
    pub is_sensitive: fn(Option<&Loaded>, &Values) -> bool,
    /// Whether deleting one asks for it.
    pub deleting: bool,
}

/// How the entries of the log about an object are shown and undone.
#[derive(Clone, Copy)]
pub struct LogWords {
    /// Fields that no form has, or not any more: name and label.
    pub labels: &'static [(&'static str, &'static str)],
    /// Fields whose values are words to translate.
    pub translated: &'static [&'static str],
    /// Fields that tell of secrets: like these, they cannot go back.
    pub about_secrets: &'static [&'static str],
    /// Puts a field back to what it was before a change.
    pub restore: fn(&mut Values, &Change),
    /// What is said beside a field that an address filled in: where nothing is stored, and where
    /// `{was}` is.
    pub suggested: [&'static str; 2],
}

impl LogWords {
    /// With nothing special.
    pub const PLAIN: Self = Self {
        labels: &[],
        translated: &[],
        about_secrets: &[],
        restore: revert::restore_field,
        suggested: [
            "Filled in by the link. Nothing is stored yet: save to keep it.",
            "Filled in by the link. The stored value is {was}: save to replace it.",
        ],
    };
}

impl LogWords {
    /// Whether a change can go back: what it was before is kept.
    pub fn can_restore(&self, change: &Change) -> bool {
        !change.secret && !self.about_secrets.contains(&change.field.as_str())
    }
}

impl<S: Site> Meta<S> {
    /// A resource that is only looked at.
    pub const fn new(
        app: &'static str,
        name: &'static str,
        [label, plural, title]: [&'static str; 3],
        view: S::Permission,
    ) -> Self {
        Self {
            app,
            name,
            label,
            plural,
            title,
            view,
            edit: None,
            actions: &[],
            acting: None,
            tools: &[],
            transfer: None,
            add_tools: &[],
            copies: None,
            tabs: None,
            guarded: None,
            log: LogWords::PLAIN,
        }
    }
}

impl<S: Site> Meta<S> {
    /// The list.
    pub fn list_url(&self) -> String {
        urls::changelist(self.app, self.name)
    }

    /// The form for a new one.
    pub fn add_url(&self) -> String {
        urls::add(self.app, self.name)
    }

    /// The page that tells of one: its own, or else its form.
    pub fn page_url(&self, id: &str) -> String {
        match self.tabs {
            Some(_) => urls::object(self.app, self.name, id),
            None => self.change_url(id),
        }
    }

    /// One's form.
    pub fn change_url(&self, id: &str) -> String {
        urls::change(self.app, self.name, id)
    }

    /// One's history.
    pub fn history_url(&self, id: &str) -> String {
        urls::history(self.app, self.name, id)
    }

    /// Asks whether to delete one.
    pub fn delete_url(&self, id: &str) -> String {
        urls::delete(self.app, self.name, id)
    }

    /// Asks whether to undo an entry of one's history.
    pub fn revert_url(&self, id: &str, entry: &str) -> String {
        urls::revert((self.app, self.name), id, entry)
    }
}

/// The pages that carry a list's rows to a file and back.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    /// Gives the filtered set as a file: for who may see it.
    pub export: &'static str,
    /// Takes a file: for who may change them.
    pub import: &'static str,
}

/// The ways to a site's resources.
pub type ConnOf<R> = <<R as Resource>::Site as Site>::Conn;
/// Why they fail.
pub type ErrorOf<R> = <<R as Resource>::Site as Site>::Error;
/// The context of a resource's pages.
pub type ContextOf<R> = Context<<R as Resource>::Site>;
/// The answer of a page.
pub type Answer<R> = Result<HttpResponse, <<R as Resource>::Site as Site>::Refusal>;

/// Something the panel lists.
#[expect(async_fn_in_trait, reason = "actix runs each handler on one thread; Send is not asked")]
pub trait Resource: 'static {
    /// The program that it belongs to.
    type Site: Site;
    /// A row; serialises under the names that JSON and CSV show.
    type Row: Serialize + 'static;
    /// What the list can be sorted by.
    type Sort: Copy + PartialEq + 'static;
    /// What the list can be narrowed to.
    type Filter: Default + 'static;

    /// Its names and permissions.
    const META: &'static Meta<Self::Site>;

    /// Its list.
    const LISTING: &'static Listing<Self::Row, Self::Sort, Self::Filter>;

    /// Reads a page of rows.
    async fn fetch_page(
        conn: &mut ConnOf<Self>,
        query: &ListQuery<Self::Sort, Self::Filter>,
    ) -> Result<Page<Self::Row>, ErrorOf<Self>>;

    /// How many rows there are in all, and how many each choice of a filter has; of tabs only
    /// where they are shown (`tabs`).
    async fn count_rows(
        _conn: &mut ConnOf<Self>,
        _query: &ListQuery<Self::Sort, Self::Filter>,
        _tabs: bool,
    ) -> Result<Counts, ErrorOf<Self>> {
        Ok(Counts::default())
    }

    /// The ids that search and filters let through, newest first: of those no newer than the
    /// given id, the first `limit`, or the first that follow the part's id. For bulk actions.
    async fn select_ids(
        _conn: &mut ConnOf<Self>,
        _query: &ListQuery<Self::Sort, Self::Filter>,
        _up_to: Option<&str>,
        _part: &Part,
        _limit: i64,
    ) -> Result<Vec<String>, ErrorOf<Self>> {
        Ok(Vec::new())
    }

    /// What a person should know of the rows shown.
    async fn load_remarks(
        _ctx: &ContextOf<Self>,
        _conn: &mut ConnOf<Self>,
        _rows: &[Self::Row],
    ) -> Result<Remarks, ErrorOf<Self>> {
        Ok(Remarks::default())
    }
}

/// What a person should know of the rows of a list.
#[derive(Debug, Default)]
pub struct Remarks {
    /// Warnings above them.
    pub above: Vec<String>,
    /// A sentence under them.
    pub below: Option<String>,
}

/// Something the panel adds, changes and deletes.
#[expect(async_fn_in_trait, reason = "actix runs each handler on one thread; Send is not asked")]
pub trait Editable: Resource {
    /// The form. Fields may depend on the values (an action's parameters on the action); `object`
    /// is what is changed, none when one is added.
    fn build_fieldsets(
        ctx: &ContextOf<Self>,
        values: &Values,
        object: Option<&Loaded>,
    ) -> Vec<Fieldset>;

    /// What a form for a new one begins with.
    async fn blank_values(
        ctx: &ContextOf<Self>,
        conn: &mut ConnOf<Self>,
    ) -> Result<Values, ErrorOf<Self>>;

    /// One of them, with what its page shows above the form.
    async fn load_object(
        ctx: &ContextOf<Self>,
        conn: &mut ConnOf<Self>,
        id: &str,
    ) -> Result<Loaded, ErrorOf<Self>>;

    /// Saves the form: adds one, or changes `object`. A form that adds carries a text of its own
    /// ([`ONCE`](super::form::ONCE)): sent again, it is answered with [`Unsaved::SentBefore`].
    async fn save_object(
        ctx: &ContextOf<Self>,
        conn: &mut ConnOf<Self>,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved<ErrorOf<Self>>>;

    /// What deleting one means.
    async fn plan_delete(
        ctx: &ContextOf<Self>,
        conn: &mut ConnOf<Self>,
        id: &str,
    ) -> Result<DeletePlan, ErrorOf<Self>>;

    /// Deletes one; answers its name.
    async fn delete_object(
        ctx: &ContextOf<Self>,
        conn: &mut ConnOf<Self>,
        id: &str,
    ) -> Result<String, Unsaved<ErrorOf<Self>>>;
}

/// One object as its form's page needs it.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version, which a change must know.
    pub version: i32,
    /// Its fields, secrets left out.
    pub values: Values,
    /// Its secret fields that are set.
    pub secrets_set: Vec<&'static str>,
    /// Its states, beside its name.
    pub badges: Vec<Badge>,
    /// A line under its name, piece by piece.
    pub facts: Vec<String>,
    /// Links at the top right: words and address.
    pub tools: Vec<(&'static str, String)>,
    /// Buttons there that act at once: words and address.
    pub presses: Vec<(&'static str, String)>,
    /// What is odd about it though it may be saved.
    pub notices: Vec<Notice>,
}

/// A sentence with a link.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Words and address.
    pub link: Option<(String, String)>,
}

/// What was saved.
#[derive(Debug, Clone)]
pub struct Saved {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// New secrets, shown once: label and text.
    pub reveal: Vec<(String, String)>,
    /// Where saving leads, if not back to the list.
    pub next: Option<String>,
    /// What to do next, in a sentence of the message.
    pub hint: Option<&'static str>,
    /// Whether its form comes next whatever button was pressed, for there is more to say.
    pub opens: bool,
}

/// Why nothing was saved or deleted.
#[derive(Debug)]
pub enum Unsaved<E> {
    /// Fields are wrong.
    Invalid(FormErrors),
    /// A form for a new one that was sent before.
    SentBefore,
    /// A rule forbids it.
    Refused(&'static str),
    /// It changed, is gone, or cannot be reached.
    Failed(E),
    /// Anything else.
    Broken(Problem),
}

impl<E> From<E> for Unsaved<E> {
    fn from(error: E) -> Self {
        Self::Failed(error)
    }
}

/// What deleting an object means.
#[derive(Debug, Clone, Default)]
pub struct DeletePlan {
    /// Its name.
    pub name: String,
    /// What is lost, line by line.
    pub goes: Vec<String>,
    /// What is kept, line by line.
    pub stays: Vec<String>,
    /// Why it cannot be deleted, if it cannot.
    pub refused: Option<&'static str>,
}
