//! What an event points at in its repository, in the one form that everybody reads: whole.

/// The whole name of a branch, a tag or another ref: `refs/heads/main`. Empty: the event has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GitRef(String);

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

impl GitRef {
    /// A ref by its whole name, or a tag by its short one.
    #[must_use]
    pub fn from_tag(name: &str) -> Self {
        Self::complete_name(name, TAGS)
    }

    fn complete_name(name: &str, folder: &str) -> Self {
        let is_complete = name.is_empty() || name.starts_with("refs/");
        Self(if is_complete { name.to_owned() } else { format!("{folder}{name}") })
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch's name; empty for a tag, and for what is neither (`refs/merge-requests/1/merge`).
    #[must_use]
    pub fn branch_name(&self) -> &str {
        self.0.strip_prefix(BRANCHES).unwrap_or_default()
    }

    /// The tag's name; empty for a branch, and for what is neither.
    #[must_use]
    pub fn tag_name(&self) -> &str {
        self.0.strip_prefix(TAGS).unwrap_or_default()
    }

    /// The branch's or the tag's name; the whole name of what is neither.
    #[must_use]
    pub fn short_name(&self) -> &str {
        [BRANCHES, TAGS].iter().find_map(|folder| self.0.strip_prefix(folder)).unwrap_or(&self.0)
    }
}

/// A ref by its whole name, or a branch by its short one.
impl From<&str> for GitRef {
    fn from(name: &str) -> Self {
        Self::complete_name(name, BRANCHES)
    }
}

/// Whether this is a whole commit id, of SHA-1 or SHA-256.
pub fn is_commit_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_is_a_branch_a_tag_or_neither() {
        for (git_ref, whole, branch, tag) in [
            (GitRef::from("main"), "refs/heads/main", "main", ""),
            (GitRef::from("refs/heads/a/b"), "refs/heads/a/b", "a/b", ""),
            (GitRef::from("refs/tags/v1"), "refs/tags/v1", "", "v1"),
            (GitRef::from_tag("v1"), "refs/tags/v1", "", "v1"),
            (GitRef::from_tag("refs/heads/main"), "refs/heads/main", "main", ""),
            (GitRef::from("refs/merge-requests/1/merge"), "refs/merge-requests/1/merge", "", ""),
            (GitRef::from(""), "", "", ""),
            (GitRef::from_tag(""), "", "", ""),
        ] {
            let read = (git_ref.as_str(), git_ref.branch_name(), git_ref.tag_name());
            assert_eq!(read, (whole, branch, tag));
        }
    }

    #[test]
    fn commits_are_whole() {
        assert!(is_commit_id(&"0a".repeat(20)) && is_commit_id(&"9f".repeat(32)));
        for bad in ["", "abc", &"0A".repeat(20), &"0g".repeat(20), &"0".repeat(41)] {
            assert!(!is_commit_id(bad), "{bad}");
        }
    }
}
