//! Groups.

/// A group.
#[derive(Clone, Debug)]
pub struct Group {
    pub(crate) id: i64,
    pub(crate) path: String,
}

impl Group {
    /// At this path: `group`, or `group/subgroup`.
    pub fn new(path: &str) -> Self {
        Self { id: 0, path: path.to_owned() }
    }

    /// With this number, in the place of the next free one.
    #[must_use]
    pub fn id(mut self, id: i64) -> Self {
        self.id = id;
        self
    }

    /// Whether a project or a group with this path lies below it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        path.strip_prefix(&self.path).is_some_and(|rest| rest.starts_with('/'))
    }
}
