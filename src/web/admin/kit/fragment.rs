//! A piece of a page that a resource draws with a template of its own, set into a page of the kit.

use askama::Template;
use askama::filters::Safe;

/// A piece of a page, drawn.
#[derive(Debug, Clone)]
pub struct Fragment(String);

impl Fragment {
    /// Draws it; nothing, where its template cannot be written.
    pub fn from_template(template: &impl Template) -> Self {
        let drawn = template.render().inspect_err(|error| {
            tracing::error!(%error, "Failed to draw a part of a page: {error}; it is left out");
        });
        Self(drawn.unwrap_or_default())
    }

    /// For a page: its own template has escaped it.
    pub fn html(&self) -> Safe<&str> {
        Safe(&self.0)
    }
}
