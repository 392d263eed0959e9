//! What an event is about, in a list's cells: its repository above the ref, its title above commit and
//! person.

use super::kit::column::{Bit, Cell};

/// Digits of a commit's id that GitLab shows.
const SHORT: usize = 8;

/// Repository and ref. A branch goes by its name; other refs say what they are: `tags/v1`.
pub fn place_cell(repository: &str, git_ref: &str) -> Cell {
    Bit::from_text(repository).stack_over(Bit::from_code(short_ref(git_ref)))
}

/// A ref as lists call it.
pub fn short_ref(git_ref: &str) -> &str {
    let shown = git_ref.strip_prefix("refs/heads/").or_else(|| git_ref.strip_prefix("refs/"));
    shown.unwrap_or(git_ref)
}

/// Title, commit and person; what is empty is left out.
pub fn change_cell(title: &str, sha: &str, person: &str) -> Cell {
    Bit::from_data(title).stack_over(Bit::from_data(about_change(sha, person)))
}

/// Commit and person.
pub fn about_change(sha: &str, person: &str) -> String {
    let texts = [sha.get(..SHORT).unwrap_or(sha), person];
    let texts: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    texts.join(" · ")
}
