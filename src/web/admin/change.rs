//! What an event is about, in a list's cells: its repository above the ref, its title above commit and
//! person.

use super::kit::column::{Bit, Cell};

/// Digits of a commit's id that GitLab shows.
const SHORT: usize = 8;

/// Repository and ref. A branch goes by its name; other refs say what they are: `tags/v1`.
pub fn place_cell(repository: &str, git_ref: &str) -> Cell {
    let shown = git_ref.strip_prefix("refs/heads/").or_else(|| git_ref.strip_prefix("refs/"));
    Bit::from_text(repository).stack_over(Bit::from_code(shown.unwrap_or(git_ref)))
}

/// Title, commit and person; what is empty is left out.
pub fn change_cell(title: &str, sha: &str, person: &str) -> Cell {
    let beneath = [sha.get(..SHORT).unwrap_or(sha), person];
    let beneath: Vec<&str> = beneath.into_iter().filter(|text| !text.is_empty()).collect();
    Bit::from_data(title).stack_over(Bit::from_data(beneath.join(" · ")))
}
