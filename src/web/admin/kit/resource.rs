//! The two traits a resource of the panel implements, and what they speak in. Nothing else.
//!
//! [`Resource`] is a list; [`Editable`] adds a form, deletion and a history. `views` turns both
//! into pages. A page with a story of its own is a plain handler instead.

use super::badge::Badge;
use super::bulk::BulkAction;
use super::field::Fieldset;
use super::form::{FormErrors, Values};
use super::fragment::Fragment;
use super::listing::Listing;
use super::revert;
use crate::web::admin::context::AdminContext;
use crate::web::urls;
use crate::webhooks::SaveError;
use serde::Serialize;
use signalbox_core::change::Change;
use signalbox_core::listing::{Counts, ListQuery, Page, Part};
use signalbox_core::role::Permission;
use signalbox_store::{self as store, Conn};

/// What a resource is called, and who may do what to it.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
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
    pub view: Permission,
    /// Who may add, change and delete; none = nobody, such pages do not exist.
    pub edit: Option<Permission>,
    /// What is not copied by "Save as new", in a sentence; none = there is no such button.
    pub copies: Option<&'static str>,
    /// When a change asks for one's own password again, in a sentence; none = never.
    pub guarded: Option<&'static str>,
    /// Whether deleting one asks for it too.
    pub deleting_is_guarded: bool,
}

impl Meta {
    /// The list.
    pub fn list_url(&self) -> String {
        urls::changelist(self.app, self.name)
    }

    /// The form for a new one.
    pub fn add_url(&self) -> String {
        urls::add(self.app, self.name)
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

/// Something the panel lists.
#[expect(async_fn_in_trait, reason = "actix runs each handler on one thread; Send is not asked")]
pub trait Resource: 'static {
    /// A row; serialises under the names that JSON and CSV show.
    type Row: Serialize + 'static;
    /// What the list can be sorted by.
    type Sort: Copy + PartialEq + 'static;
    /// What the list can be narrowed to.
    type Filter: Default + 'static;

    /// Its names and permissions.
    fn meta() -> &'static Meta;

    /// Its list.
    fn listing() -> &'static Listing<Self::Row, Self::Sort, Self::Filter>;

    /// Reads a page of rows.
    async fn fetch(
        conn: &mut Conn,
        query: &ListQuery<Self::Sort, Self::Filter>,
    ) -> store::Result<Page<Self::Row>>;

    /// Links at the list's top right: words and address.
    fn tools() -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Where its rows are carried to a file and back; none = they are not.
    fn transfer() -> Option<Transfer> {
        None
    }

    /// A sentence under the list.
    fn note(_ctx: &AdminContext) -> Option<String> {
        None
    }

    /// How many rows there are in all, and how many each choice of a filter has; of tabs only
    /// where they are shown (`tabs`).
    async fn counts(
        _conn: &mut Conn,
        _query: &ListQuery<Self::Sort, Self::Filter>,
        _tabs: bool,
    ) -> store::Result<Counts> {
        Ok(Counts::default())
    }

    /// What can be done to many rows at once.
    fn actions() -> &'static [BulkAction] {
        &[]
    }

    /// The ids that search and filters let through, newest first: of those no newer than the
    /// given id, the first `limit`, or the first that follow the part's id. For bulk actions.
    async fn ids(
        _conn: &mut Conn,
        _query: &ListQuery<Self::Sort, Self::Filter>,
        _range: (Option<&str>, &Part),
        _limit: i64,
    ) -> store::Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// What a person should know of the rows shown, above them.
    async fn remarks(
        _ctx: &AdminContext,
        _conn: &mut Conn,
        _rows: &[Self::Row],
    ) -> store::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Something the panel adds, changes and deletes.
#[expect(async_fn_in_trait, reason = "actix runs each handler on one thread; Send is not asked")]
pub trait Editable: Resource {
    /// The form. Fields may depend on the values (an action's parameters on the action); `object`
    /// is what is changed, none when one is added.
    fn fieldsets(ctx: &AdminContext, values: &Values, object: Option<&Loaded>) -> Vec<Fieldset>;

    /// What a form for a new one begins with.
    fn blank(ctx: &AdminContext) -> Values;

    /// Links above the form for a new one: words and address.
    fn add_tools() -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// One of them, with what its page shows beside the form.
    async fn load(ctx: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<Loaded>;

    /// Saves the form: adds one, or changes `object`.
    async fn save(
        ctx: &AdminContext,
        conn: &mut Conn,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved>;

    /// Where saving a new one leads, if not back to the list.
    fn after_add(_values: &Values, _saved: &Saved) -> Option<String> {
        None
    }

    /// Whether saving this asks for one's own password again; asked where [`Meta::guarded`].
    fn is_sensitive(_object: Option<&Loaded>, _values: &Values) -> bool {
        true
    }

    /// Puts a field back to what it was before a change of its history.
    fn restore(values: &mut Values, change: &Change) {
        revert::restore(values, &change.field, change.before.as_ref());
    }

    /// What deleting one means.
    async fn plan_delete(
        ctx: &AdminContext,
        conn: &mut Conn,
        id: &str,
    ) -> store::Result<DeletePlan>;

    /// Deletes one; answers its name.
    async fn delete(ctx: &AdminContext, conn: &mut Conn, id: &str) -> Result<String, SaveError>;
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
    /// What should be done with it next, above the form.
    pub lead: Option<Fragment>,
    /// What is odd about it though it may be saved.
    pub notices: Vec<Notice>,
    /// What stands beside the form.
    pub rail: Option<Fragment>,
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
    /// What to do next, in a sentence of the message.
    pub hint: Option<&'static str>,
    /// Whether its form comes next whatever button was pressed, for there is more to say.
    pub opens: bool,
}

/// Why nothing was saved.
#[derive(Debug)]
pub enum Unsaved {
    /// Fields are wrong.
    Invalid(FormErrors),
    /// The webhook changed, is gone, or the database failed.
    Failed(SaveError),
}

impl From<store::StoreError> for Unsaved {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SaveError> for Unsaved {
    fn from(error: SaveError) -> Self {
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
