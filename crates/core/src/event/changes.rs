//! What a push says of its commits and files: read in passing, without building a tree of them.
//!
//! GitLab lists at most the newest 20 commits, and says in `total_commits_count` how many there
//! are; of a new, deleted or rewound branch it lists none. [`Changes`] keeps that difference.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Most bytes of paths that are kept of one push.
const MAX_PATHS: usize = 1024 * 1024;
/// Most letters kept of a commit's message.
const MAX_MESSAGE: usize = 8_000;
/// Most letters kept of the address of its page.
const MAX_URL: usize = 2_000;
/// Stands between paths: no path has it.
const END: char = '\0';

/// The files of the commits an event lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// How many commits are listed.
    pub listed: usize,
    /// How many there are, as GitLab says.
    pub total: Option<i64>,
    /// Whether more paths were listed than are kept.
    pub is_cut: bool,
    /// The paths, each with `END` behind it.
    paths: String,
}

impl Changes {
    /// Every path that a listed commit added, modified or removed; one may come several times.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.split(END).filter(|path| !path.is_empty())
    }

    /// Whether there are commits, or files, beyond those kept.
    pub fn has_more(&self) -> bool {
        let listed = i64::try_from(self.listed).unwrap_or(i64::MAX);
        self.is_cut || self.total.is_some_and(|total| total > listed)
    }

    fn push_path(&mut self, path: &str) {
        if path.is_empty() {
            return;
        }
        if self.paths.len() + path.len() >= MAX_PATHS {
            self.is_cut = true;
            return;
        }
        self.paths
            .extend(path.chars().map(|c| if c == END { char::REPLACEMENT_CHARACTER } else { c }));
        self.paths.push(END);
    }
}

/// The member `commits` of an event.
#[derive(Debug, Default)]
pub(super) struct Commits {
    /// Their files.
    pub changes: Changes,
    /// The message of the last one listed, which is the newest.
    pub message: String,
    /// The address of its page.
    pub url: String,
}

/// Reads `commits` into `commits`, whatever its shape: what is not as GitLab writes it is skipped.
pub(super) struct CommitsSeed<'c>(pub &'c mut Commits);

impl<'de> DeserializeSeed<'de> for CommitsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.0 = Commits::default();
        Reader { at: At::Commits, commits: self.0 }.deserialize(deserializer)
    }
}

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Commits,
    Commit,
    Message,
    Url,
    Paths,
    Path,
}

struct Reader<'c> {
    at: At,
    commits: &'c mut Commits,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        match self.at {
            At::Path => self.commits.changes.push_path(text),
            At::Message => self.commits.message = text.chars().take(MAX_MESSAGE).collect(),
            At::Url => self.commits.url = text.chars().take(MAX_URL).collect(),
            At::Commits | At::Commit | At::Paths => {}
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let at = match self.at {
            At::Commits => At::Commit,
            At::Paths => At::Path,
            At::Commit | At::Message | At::Url | At::Path => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(());
            }
        };
        while seq.next_element_seed(Reader { at, commits: self.commits })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.at == At::Commit {
            self.commits.changes.listed += 1;
            self.commits.message.clear();
            self.commits.url.clear();
        }
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let at = match (self.at, &*name) {
                (At::Commit, "added" | "modified" | "removed") => At::Paths,
                (At::Commit, "message") => At::Message,
                (At::Commit, "url") => At::Url,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            map.next_value_seed(Reader { at, commits: self.commits })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_commits(json: &str) -> Commits {
        let mut commits = Commits::default();
        let mut json = serde_json::Deserializer::from_str(json);
        CommitsSeed(&mut commits).deserialize(&mut json).unwrap();
        commits
    }

    #[test]
    fn the_files_of_every_commit_and_the_newest_message_are_kept() {
        let commits = read_commits(
            r#"[{"message": "old", "added": ["a\u0000b", 7, ""], "modified": ["x/y"], "removed": []},
                {"removed": ["gone", "x/y"], "id": "b", "message": "new\nline", "url": "https://x/b", "author": {"message": "no"}}]"#,
        );
        assert_eq!(commits.changes.listed, 2);
        assert_eq!((commits.message.as_str(), commits.url.as_str()), ("new\nline", "https://x/b"));
        let paths: Vec<_> = commits.changes.paths().collect();
        assert_eq!(paths, ["a\u{fffd}b", "x/y", "gone", "x/y"]);
    }

    #[test]
    fn another_shape_is_no_commit() {
        for json in
            ["null", "7", "-7", "1.5", "true", "\"x\"", "{\"added\": [\"a\"]}", "[[\"a\"], 3]"]
        {
            let commits = read_commits(json);
            assert_eq!(
                (commits.changes, commits.message.as_str()),
                (Changes::default(), ""),
                "{json}"
            );
        }
    }

    #[test]
    fn more_paths_than_are_kept_are_said_to_be_more() {
        let paths: Vec<String> =
            (0..70_000).map(|n| format!("some/long/folder/file-{n}")).collect();
        let commits = read_commits(&serde_json::json!([{ "added": paths }]).to_string());
        assert!(commits.changes.is_cut && commits.changes.has_more());
        assert!(commits.changes.paths.capacity() <= 2 * MAX_PATHS);
        assert!(commits.changes.paths().count() > 30_000);
    }
}
