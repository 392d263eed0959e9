//! How git and GitLab name things.

/// The longest ref that is taken, in bytes; a file's name holds no more.
const MAX_REF: usize = 255;

/// Whether git takes this as a ref or the short form of one. Source: `git-check-ref-format(1)`.
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

/// Whether this is a whole commit id, of SHA-1 or SHA-256.
pub(super) fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

/// Whether this is the path of a project of GitLab's. Source: docs.gitlab.com/user/reserved_names
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
    fn commits_are_whole_and_paths_are_gitlabs() {
        assert!(is_sha(&"0a".repeat(20)) && is_sha(&"9f".repeat(32)));
        for bad in ["", "abc", &"0A".repeat(20), &"0g".repeat(20), &"0".repeat(41)] {
            assert!(!is_sha(bad), "{bad}");
        }
        for good in ["mike/diaspora", "a/b/c", "_x/y.z", "a-b/c_d"] {
            assert!(is_project_path(good), "{good}");
        }
        for bad in ["", "a", "/a", "a/", "a//b", "-a/b", "a/../b", "a/b.git", "a/b c", "a/.b"] {
            assert!(!is_project_path(bad), "{bad}");
        }
    }
}
