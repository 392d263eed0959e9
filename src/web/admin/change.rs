//! What an event is about, in a list's cell: its title above, its commit and person beneath.

use super::kit::column::{Bit, Cell};

/// Digits of a commit's id that GitLab shows.
const SHORT: usize = 8;

/// The cell; what is empty is left out.
pub fn change_cell(title: &str, sha: &str, person: &str) -> Cell {
    let beneath = [short_commit(sha), person];
    let beneath: Vec<&str> = beneath.into_iter().filter(|text| !text.is_empty()).collect();
    Bit::from_data(title).stack_over(Bit::from_data(beneath.join(" · ")))
}

/// The beginning of a commit's id.
pub fn short_commit(sha: &str) -> &str {
    sha.get(..SHORT).unwrap_or(sha)
}
