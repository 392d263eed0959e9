//! Filters over names: globs, one a line, `!` in front excludes. For refs and for paths.
//!
//! A name passes if some line without `!` matches it (or there is none such) and no line with `!`
//! does. `*` and `?` stop at a slash, `**` does not; a line that ends in a slash means everything
//! below. Matching takes time linear in the name's length: globs become finite automata.

use crate::sentence::Sentence;
use globset::{ErrorKind, GlobBuilder, GlobSet, GlobSetBuilder};

/// Most lines of one filter.
const MAX_LINES: usize = 100;
/// Most letters of one line.
const MAX_LINE: usize = 500;

/// A filter that can be asked.
#[derive(Debug, Clone)]
pub struct Globs {
    include: GlobSet,
    exclude: GlobSet,
}

/// A line that is no glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadGlob {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it, as a sentence.
    pub message: Sentence,
}

impl From<BadGlob> for Sentence {
    fn from(BadGlob { line, message }: BadGlob) -> Self {
        Self::new("Line {line}: {message}").with("line", line).with_sentence("message", message)
    }
}

impl Globs {
    /// Reads a filter; none if it has no lines, which lets everything pass.
    ///
    /// # Errors
    /// The first line that is no glob.
    pub fn parse_lines(text: &str) -> Result<Option<Self>, BadGlob> {
        let (mut include, mut exclude) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let mut lines = 0;
        for (index, line) in text.lines().enumerate() {
            let bad = |message: Sentence| BadGlob { line: index + 1, message };
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            lines += 1;
            if lines > MAX_LINES {
                let most = Sentence::new("a filter has at most {most} lines.");
                return Err(bad(most.with("most", MAX_LINES)));
            }
            if line.chars().count() > MAX_LINE {
                let most = Sentence::new("a line has at most {most} characters.");
                return Err(bad(most.with("most", MAX_LINE)));
            }
            let (set, glob) = match line.strip_prefix('!') {
                Some(rest) => (&mut exclude, rest.trim_start()),
                None => (&mut include, line),
            };
            if glob.is_empty() {
                return Err(bad("after “!” comes what is excluded.".into()));
            }
            set.add(compile_glob(glob).map_err(|error| bad(no_glob(error.kind())))?);
        }
        if lines == 0 {
            return Ok(None);
        }
        let whole = |error: globset::Error| BadGlob { line: 1, message: no_glob(error.kind()) };
        Ok(Some(Self {
            include: include.build().map_err(whole)?,
            exclude: exclude.build().map_err(whole)?,
        }))
    }

    /// Whether something with these names passes: what is excluded by one of them does not.
    pub fn let_pass(&self, names: &[&str]) -> bool {
        let included =
            self.include.is_empty() || names.iter().any(|name| self.include.is_match(name));
        included && !names.iter().any(|name| self.exclude.is_match(name))
    }
}

/// Whether no ref can pass both filters. Only said where it is certain: each lists plain names, and
/// no name of the one is a name of the other's refs (`main` is a name of `refs/heads/main`).
#[must_use]
pub fn exclude_each_other(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (plain_names(one), plain_names(other)) else { return false };
    let is_below = |short: &str, whole: &str| {
        whole.strip_suffix(short).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let may_meet = |a: &str, b: &str| is_below(a, b) || is_below(b, a);
    !one.iter().any(|a| other.iter().any(|b| may_meet(a, b)))
}

/// What a filter lets pass at most, if it lists plain names. Lines with `!` only take from that.
fn plain_names(filter: &str) -> Option<Vec<&str>> {
    let names: Vec<&str> = filter
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('!'))
        .collect();
    let is_plain =
        |name: &&str| !name.contains(['*', '?', '[', ']', '{', '}', '\\']) && !name.ends_with('/');
    (!names.is_empty() && names.iter().all(is_plain)).then_some(names)
}

/// What is wrong with a glob, as a sentence.
pub(super) fn no_glob(kind: &ErrorKind) -> Sentence {
    let known = match kind {
        ErrorKind::UnclosedClass => "a “[” has no “]” after it.",
        ErrorKind::InvalidRange(_, _) => "a range in “[…]” runs backwards.",
        ErrorKind::UnopenedAlternates => "a closing brace has no opening one before it.",
        ErrorKind::UnclosedAlternates => "an opening brace has no closing one after it.",
        ErrorKind::NestedAlternates | ErrorKind::TooManyNestedAlternates => {
            "braces stand too deep in braces."
        }
        ErrorKind::DanglingEscape => "a backslash stands at the end, before nothing.",
        other => return format!("{other}.").into(),
    };
    known.into()
}

fn compile_glob(glob: &str) -> Result<globset::Glob, globset::Error> {
    // "docs/" means what is in it.
    let whole = if glob.ends_with('/') { format!("{glob}**") } else { glob.to_owned() };
    GlobBuilder::new(&whole).literal_separator(true).backslash_escape(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passes_filter(filter: &str, names: &[&str]) -> bool {
        Globs::parse_lines(filter).unwrap().is_none_or(|globs| globs.let_pass(names))
    }

    #[test]
    fn lines_include_and_exclude() {
        let main = ["refs/heads/main", "main"];
        for (filter, expected) in [
            ("", true),
            ("\n  \n", true),
            ("main", true),
            ("refs/heads/main", true),
            ("mai", false),
            ("ma*", true),
            ("refs/heads/*", true),
            ("refs/*", false),
            ("refs/**", true),
            ("refs/tags/*", false),
            ("develop\nmain", true),
            ("!main", false),
            ("!develop", true),
            ("**\n!refs/heads/ma*", false),
            ("!main\nmain", false),
            ("[a-m]ain", true),
            ("{main,develop}", true),
            ("\\main", true),
        ] {
            assert_eq!(passes_filter(filter, &main), expected, "{filter:?}");
        }
        assert!(passes_filter("docs/", &["docs/a/b.md"]));
        assert!(!passes_filter("docs/", &["docs"]));
        assert!(passes_filter("\\!odd", &["!odd"]));
    }

    #[test]
    fn a_line_that_is_no_glob_is_named() {
        assert_eq!(Globs::parse_lines("a\n[b").unwrap_err().line, 2);
        assert_eq!(Globs::parse_lines("!").unwrap_err().line, 1);
        assert_eq!(Globs::parse_lines("x{a").unwrap_err().line, 1);
        assert_eq!(Globs::parse_lines(&"a\n".repeat(101)).unwrap_err().line, 101);
        assert!(Globs::parse_lines(&"a".repeat(501)).is_err());
    }

    #[test]
    fn only_plain_names_that_never_meet_exclude_each_other() {
        for (one, other, expected) in [
            ("main", "develop", true),
            ("main\nrefs/tags/v1", "develop\n\n  release/2\n!main", true),
            ("refs/heads/v1", "refs/tags/v1", true),
            ("xmain", "main", true),
            ("main", "main", false),
            ("main", "refs/heads/main", false),
            ("refs/heads/release/2", "release/2", false),
            ("main\ndevelop", "develop", false),
            ("main", "", false),
            ("", "", false),
            ("main", "!main", false),
            ("main", "dev*", false),
            ("main", "{develop,test}", false),
            ("main", "\\develop", false),
            ("main", "feature/", false),
        ] {
            assert_eq!(exclude_each_other(one, other), expected, "{one:?} {other:?}");
            assert_eq!(exclude_each_other(other, one), expected, "{other:?} {one:?}");
        }
    }

    /// The slow way: a path's parts against a glob's parts, one by one.
    fn match_slowly(glob: &[&str], path: &[&str]) -> bool {
        match (glob, path) {
            ([], []) => true,
            (["**"], rest) => !rest.is_empty(),
            (["**", glob @ ..], path) => (0..=path.len()).any(|n| match_slowly(glob, &path[n..])),
            ([first, glob @ ..], [name, path @ ..]) => {
                match_part(first, name) && match_slowly(glob, path)
            }
            ([], _) | (_, []) => false,
        }
    }

    fn match_part(glob: &str, name: &str) -> bool {
        match_letters(glob.as_bytes(), name.as_bytes())
    }

    fn match_letters(glob: &[u8], name: &[u8]) -> bool {
        match (glob, name) {
            ([], []) => true,
            ([b'*', rest @ ..], []) => match_letters(rest, name),
            ([b'*', rest @ ..], [_, left @ ..]) => {
                match_letters(rest, name) || match_letters(glob, left)
            }
            ([b'?', rest @ ..], [_, left @ ..]) => match_letters(rest, left),
            ([a, rest @ ..], [b, left @ ..]) => a == b && match_letters(rest, left),
            ([], _) | (_, []) => false,
        }
    }

    fn any_globs() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec!["a", "b", "ab", "*", "?", "a*", "*b", "a?b", "**"]);
        prop::collection::vec(part, 1..5).prop_map(|mut parts| {
            parts.dedup_by(|a, b| *a == "**" && *b == "**");
            parts.join("/")
        })
    }

    fn any_refs() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec!["a", "b", "refs", "heads", "tags", "*"]);
        prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
    }

    fn any_paths() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec!["a", "b", "ab", "aab", "acb", "c"]);
        prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
    }

    proptest! {
        #[test]
        fn no_ref_passes_two_filters_that_exclude_each_other(
            one in any_refs(), other in any_refs(), short in any_refs(), tag in any::<bool>(),
        ) {
            let whole = format!("refs/{}/{short}", if tag { "tags" } else { "heads" });
            let names = [whole.as_str(), &short];
            if exclude_each_other(&one, &other) {
                prop_assert!(!(passes_filter(&one, &names) && passes_filter(&other, &names)));
            }
        }

        #[test]
        fn it_filters_as_the_slow_way_does(
            lines in prop::collection::vec((any::<bool>(), any_globs()), 0..4),
            path in any_paths(),
        ) {
            let filter: Vec<String> = lines.iter()
                .map(|(not, glob)| format!("{}{glob}", if *not { "!" } else { "" })).collect();
            let parts: Vec<&str> = path.split('/').collect();
            let slow = |glob: &String| match_slowly(&glob.split('/').collect::<Vec<_>>(), &parts);
            let include: Vec<_> = lines.iter().filter(|(not, _)| !not).map(|(_, g)| g).collect();
            let expected = (include.is_empty() || include.iter().any(|glob| slow(glob)))
                && !lines.iter().any(|(not, glob)| *not && slow(glob));
            prop_assert_eq!(passes_filter(&filter.join("\n"), &[&path]), expected, "{:?} {}", filter, path);
        }

        #[test]
        fn no_text_makes_it_panic(filter in ".{0,60}", name in ".{0,40}") {
            if let Ok(Some(globs)) = Globs::parse_lines(&filter) {
                globs.let_pass(&[&name]);
            }
        }
    }
}
