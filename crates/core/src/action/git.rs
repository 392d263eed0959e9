//! How git and GitLab name things.

/// The longest ref that is taken, in bytes; a file's name holds no more.
const MAX_REF: usize = 255;

/// Whether git takes this as a ref or the short form of one. Source: `git-check-ref-format(1)`.
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "git refuses `.lock` in small letters alone"
)]
pub(super) fn is_ref(text: &str) -> bool {
    let bad = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    !text.is_empty()
        && text.len() <= MAX_REF
        && !text.starts_with('-')
        && !text.contains(bad)
        && !text.contains("..")
        && !text.contains("@{")
        && text != "@"
        && !text.ends_with('.')
        && text
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}

/// Whether this is the path of a project of GitLab's. Source:
/// `docs.gitlab.com/user/reserved_names`
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "GitLab refuses these endings in small letters alone"
)]
pub(super) fn is_project_path(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
            && !part.ends_with('.')
            && !part.ends_with(".git")
            && !part.ends_with(".atom")
    };
    text.len() <= MAX_REF && text.contains('/') && text.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_are_as_git_takes_them() {
        for good in ["main", "refs/heads/main", "v1.0", "feature/größe", "a@b", "1"] {
            assert!(is_ref(good), "{good}");
        }
        let long = "x".repeat(MAX_REF + 1);
        for bad in [
            "", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "/a", "a/",
            "a//b", ".a", "a/.b", "a.lock", "a.", "@", "a@{1}", "a\nb", "a\0", &long,
        ] {
            assert!(!is_ref(bad), "{bad:?}");
        }
    }

    #[test]
    fn paths_are_gitlabs() {
        for good in ["mike/diaspora", "a/b/c", "_x/y.z", "a-b/c_d"] {
            assert!(is_project_path(good), "{good}");
        }
        for bad in ["", "a", "/a", "a/", "a//b", "-a/b", "a/../b", "a/b.git", "a/b c", "a/.b"] {
            assert!(!is_project_path(bad), "{bad}");
        }
    }
}
