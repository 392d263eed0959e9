//! What people keep of lists, as plain data: views by a name, and a choice of columns.

/// What a person keeps of a list.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The columns that they chose; none = those that the list has by itself.
    pub columns: Option<Vec<String>>,
    /// The views that they see.
    pub views: Vec<SavedView>,
    /// The form for a new view.
    pub add: Option<String>,
}

/// A list by a name.
#[derive(Debug, Clone)]
pub struct SavedView {
    /// Its id: `?view=`.
    pub id: i64,
    /// What somebody called it.
    pub name: String,
    /// Search, filters and order.
    pub query: String,
    /// Its columns; none = those that the list has by itself.
    pub columns: Option<Vec<String>>,
    /// Its form, for whoever may change it.
    pub change: Option<String>,
}

/// A choice of columns, to be kept.
#[derive(Debug, Clone)]
pub struct ChosenColumns<'a> {
    /// The list's name.
    pub list: &'a str,
    /// The view that they are for; none = the person's own list.
    pub view: Option<i64>,
    /// Their keys; none = those that the list has by itself.
    pub keys: Option<Vec<&'static str>>,
}

/// The view that is open.
#[derive(Debug, Clone)]
pub struct OpenView {
    /// What somebody called it.
    pub name: String,
    /// Its form, for whoever may change it.
    pub change: Option<String>,
    /// Its form with the search, filters and order of this page, if they are not the view's.
    pub update: Option<String>,
}

/// The columns of a list, to choose from.
#[derive(Debug, Clone)]
pub struct ColumnChoice {
    /// Where the form is sent.
    pub action: String,
    /// What it carries along.
    pub query: String,
    /// Key, heading, whether it is shown; the first column always is, and is left out.
    pub columns: Vec<(&'static str, &'static str, bool)>,
    /// The view that they are for, and whether this person may change it.
    pub view: Option<(String, bool)>,
}

impl ColumnChoice {
    /// Whether this person may choose them: those of a view, only whoever may change it.
    pub fn may_choose(&self) -> bool {
        self.view.as_ref().is_none_or(|(_, may_change)| *may_change)
    }
}
