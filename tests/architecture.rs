//! The map of the sources, held: who may import whom, which library is known where, and a few
//! habits that a reader relies on. A rule that nobody runs is decoration.

mod drawing;
mod panel;
mod sql;

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Modules of the program that all its other modules may use: small facilities.
const GROUND: [&str; 2] = ["clock", "metrics"];

/// What each module of the program may import beside itself and the ground. Arrows point down only; two
/// modules of one level never meet. What the crates below may import, their `Cargo.toml` says.
const ROOMS: [(&str, &[&str]); 16] = [
    ("clock", &[]),
    ("metrics", &[]),
    ("config", &[]),
    ("telemetry", &["config"]),
    ("intake", &[]),
    ("webhooks", &[]),
    ("connections", &["intake", "webhooks"]),
    ("accounts", &[]),
    ("notify", &[]),
    ("worker", &["config"]),
    ("control", &["intake"]),
    ("web", &["intake", "webhooks", "connections", "control", "accounts", "config", "notify"]),
    ("app", BELOW_APP),
    ("cli", BELOW_CLI),
    ("main", &["cli"]),
    ("lib", &[]),
];

const BELOW_APP: &[&str] = &[
    "config",
    "intake",
    "webhooks",
    "connections",
    "accounts",
    "worker",
    "control",
    "notify",
    "web",
];
const BELOW_CLI: &[&str] =
    &["app", "config", "telemetry", "intake", "webhooks", "accounts", "worker", "control", "web"];

/// A word that only some files may hold: what it is, its pattern, the paths that may, and why.
struct Reserved {
    what: &'static str,
    pattern: &'static str,
    may: &'static [&'static str],
    why: &'static str,
}

const RESERVED: [Reserved; 6] = [
    Reserved {
        what: "apalis",
        pattern: r"\bapalis(_core)?::",
        may: &["src/worker/"],
        why: "the worker's runtime could be exchanged by rewriting one room",
    },
    Reserved {
        what: "a job's state, written",
        pattern: r"SET state|jobs::state\.eq\(",
        may: &[
            "crates/store/src/transitions.rs",
            "crates/store/src/transitions/",
            "crates/store/src/queue.rs",
            // They read: which jobs are in a state.
            "crates/store/src/lanes.rs",
            "crates/store/src/lanes/",
            "crates/store/src/jobs/list.rs",
        ],
        why: "who moves a job is the table of `core::job`, and one writer",
    },
    Reserved {
        what: "starting a process",
        pattern: r"process::Command|tokio::process|\bpre_exec\b|process::\{[^}]*Command",
        may: &[
            "crates/process/src/",
            // A test on a real engine, which starts a registry and ends it.
            "crates/actions/src/container/tests/engine.rs",
        ],
        why: "whoever starts a process sees to it that it does not outlive us",
    },
    Reserved {
        what: "asking for a process",
        pattern: r"\bLaunch\b",
        may: &[
            "crates/process/src/",
            "crates/actions/src/command.rs",
            "crates/actions/src/tests/",
            "crates/postgres/src/",
        ],
        why: "what runs is a command of the catalogue, or the embedded server",
    },
    Reserved {
        what: "askama",
        pattern: r"\baskama\b(::|;)",
        may: &["src/web/"],
        why: "only the web has pages",
    },
    Reserved {
        what: "actix",
        pattern: r"\bactix_(web|session)\b",
        may: &["src/web/", "src/app.rs", "crates/gitlab-stand-in/"],
        why: "nothing below the web knows HTTP",
    },
];

/// What `core` does without, and needs no crate for: it takes time, chance and bytes as arguments.
const IMPURE: &str =
    r"\bstd::(fs|net|process|env|thread|io)\b|\b(SystemTime|Instant|Utc)::now\b|\basync\b";
/// The crate that may hold code which the compiler does not check.
const UNSAFE: &str = "crates/process/";

/// Files longer than `LONGEST`, each with the reason.
const LONG: [(&str, &str); 1] =
    [("crates/store/src/schema.rs", "a line a column, as Diesel's own tool writes it")];
const LONGEST: usize = 400;

#[test]
fn rooms_import_only_what_lies_below_them() {
    let rooms: BTreeMap<_, _> = ROOMS.into();
    let mut faults = Vec::new();
    for file in sources("src", "rs") {
        let room = room_of(&file.path);
        let Some(allowed) = rooms.get(room.as_str()) else {
            faults.push(format!("{}: `{room}` has no row in ROOMS", file.path));
            continue;
        };
        let above_ground = !GROUND.contains(&room.as_str());
        for import in imports(&file.code, &rooms) {
            let import = import.as_str();
            let below = allowed.contains(&import) || (above_ground && GROUND.contains(&import));
            if import != room && !below {
                faults.push(format!("{}: `{room}` may not import `{import}`", file.path));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn libraries_are_known_only_where_they_belong() {
    let mut faults = Vec::new();
    for rule in &RESERVED {
        let pattern = Regex::new(rule.pattern).unwrap();
        for file in all_sources() {
            if rule.may.iter().any(|path| file.path.starts_with(path)) {
                continue;
            }
            if let Some(found) = pattern.find(file.rules()) {
                let Reserved { what, why, .. } = rule;
                faults.push(format!("{}: {what} (`{}`), but {why}", file.path, found.as_str()));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn core_is_pure() {
    let impure = Regex::new(IMPURE).unwrap();
    let mut faults = Vec::new();
    // How Diesel writes and reads a column is Diesel's trait.
    let rules = |file: &Source| file.path != "crates/core/src/columns.rs";
    for file in sources("crates/core/src", "rs").into_iter().filter(rules) {
        if let Some(found) = impure.find(file.rules()) {
            faults.push(format!("{}: `{}`", file.path, found.as_str()));
        }
    }
    assert_none(&faults);
}

#[test]
fn all_crates_but_one_forbid_unsafe_code() {
    let mut faults = Vec::new();
    for file in all_sources().into_iter().chain(sources("tests", "rs")) {
        let is_root =
            ["src/lib.rs", "src/main.rs", "tests/main.rs"].iter().any(|it| file.path.ends_with(it));
        if is_root
            && !file.path.starts_with(UNSAFE)
            && !file.text.contains("#![forbid(unsafe_code)]")
        {
            faults.push(format!("{} does not forbid unsafe code", file.path));
        }
    }
    assert_none(&faults);
}

#[test]
fn files_say_what_they_hold_and_stay_short() {
    let long: BTreeMap<_, _> = LONG.into();
    let mut faults = Vec::new();
    for file in all_sources().into_iter().chain(sources("tests", "rs")) {
        let readme = "#![doc = include_str!(\"../README.md\")]";
        if !file.text.starts_with("//! ") && !file.text.starts_with(readme) {
            faults.push(format!("{} does not open with `//!`", file.path));
        }
        let lines = file.text.lines().count();
        if lines > LONGEST && !long.contains_key(file.path.as_str()) {
            faults.push(format!("{} has {lines} lines; the limit is {LONGEST}", file.path));
        }
    }
    for (path, reason) in LONG {
        assert!(!reason.is_empty() && root().join(path).exists(), "LONG: {path}");
    }
    assert_none(&faults);
}

#[test]
fn templates_escape_and_hold_no_script_or_style() {
    let rules = [
        (r"\|\s*safe\b", "`|safe`: only templates/macros/icon.html may skip the escaping"),
        (r"(?i)<style\b", "a style sheet in the page: the policy header forbids it"),
        (r"(?i)\sstyle\s*=", "an inline style: the policy header forbids it"),
        (r#"(?i)\son[a-z]+\s*=\s*["']"#, "an inline handler: the policy header forbids it"),
        (r"(?i)javascript:", "a script address: the policy header forbids it"),
    ];
    let script = Regex::new(r"(?is)<script\b([^>]*)>(.*?)</script>").unwrap();
    let mut faults = Vec::new();
    for file in sources("templates", "html") {
        for (pattern, message) in &rules {
            let excepted = pattern.contains("safe") && file.path == "templates/macros/icon.html";
            if !excepted && Regex::new(pattern).unwrap().is_match(&file.text) {
                faults.push(format!("{}: {message}", file.path));
            }
        }
        for found in script.captures_iter(&file.text) {
            if !found[1].contains("src=") || !found[2].trim().is_empty() {
                faults.push(format!("{}: an inline script", file.path));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn every_room_is_declared_in_the_crate_root() {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: BTreeSet<_> = Regex::new(r"(?m)^pub mod (\w+);")
        .unwrap()
        .captures_iter(&text)
        .map(|found| found[1].to_owned())
        .collect();
    let known: BTreeSet<_> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    let unknown: Vec<_> = declared.difference(&known).cloned().collect();
    assert_none(&unknown);
}

struct Source {
    /// From the root of the repository.
    path: String,
    text: String,
    /// Without comments.
    code: String,
}

impl Source {
    /// The code without its tests, which may reach for anything.
    fn rules(&self) -> &str {
        if self.path.ends_with("/tests.rs") {
            return "";
        }
        self.code.split("#[cfg(test)]\nmod ").next().unwrap()
    }
}

#[test]
fn the_image_is_built_from_all_that_the_program_holds() {
    let named = Regex::new(
        r#"(?:include_str!|include_bytes!|embed_migrations!|folder = )[^;]{0,80}?"[./]*([a-z]+)["/]"#,
    )
    .unwrap();
    let held: BTreeSet<_> = all_sources()
        .iter()
        .flat_map(|file| {
            named.captures_iter(&file.code).map(|found| found[1].to_owned()).collect::<Vec<_>>()
        })
        .filter(|name| root().join(name).is_dir())
        .collect();
    assert!(["docs", "locales", "migrations", "static"].iter().all(|name| held.contains(*name)));
    let sent = std::fs::read_to_string(root().join(".dockerignore")).unwrap();
    let sent: BTreeSet<_> = sent
        .lines()
        .filter_map(|line| line.strip_prefix('!')?.split('/').next())
        .map(str::to_owned)
        .collect();
    assert_none(&held.difference(&sent).cloned().collect::<Vec<_>>());
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program and the crates below it.
fn all_sources() -> Vec<Source> {
    let mut all = sources("src", "rs");
    all.extend(sources("crates", "rs"));
    all
}

/// All files below `folder` that end in `extension`, in order.
fn sources(folder: &str, extension: &str) -> Vec<Source> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                let code = without_comments(&text);
                files.push(Source { path, text, code });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// The lines that are not comments; a rule may be spoken of where it may not be broken.
fn without_comments(text: &str) -> String {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The first part of a path below `src`: `src/web/admin/mod.rs` is in the room `web`.
fn room_of(path: &str) -> String {
    let inner = path.strip_prefix("src/").unwrap();
    let first = inner.split('/').next().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The rooms that a file names: `crate::room`, `crate::{room::…, room::…}`, or with the crate's
/// name in the place of `crate`.
fn imports(code: &str, rooms: &BTreeMap<&str, &[&str]>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let single = Regex::new(r"\b(?:crate|signalbox)::(\w+)").unwrap();
    for import in single.captures_iter(code) {
        found.insert(import[1].to_owned());
    }
    let group = Regex::new(r"\b(?:crate|signalbox)::\{").unwrap();
    for start in group.find_iter(code) {
        let (mut depth, mut word) = (0, String::new());
        let rest = code.get(start.end()..).unwrap_or_default();
        for character in rest.chars() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => found.extend(first_word(&std::mem::take(&mut word))),
                _ if depth == 0 => word.push(character),
                _ => {}
            }
        }
        found.extend(first_word(&word));
    }
    // Macros and items of the crate root are no rooms.
    found.retain(|import| rooms.contains_key(import.as_str()));
    found
}

fn first_word(path: &str) -> Option<String> {
    let word = path.trim().split("::").next()?.trim();
    (!word.is_empty()).then(|| word.to_owned())
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn imports_are_found_in_every_form() {
    let rooms = ROOMS.into();
    let code = "use crate::clock::now;\nuse crate::{web::{a, b}, intake};\nsignalbox::cli::main()";
    let found: Vec<_> = imports(code, &rooms).into_iter().collect();
    assert_eq!(found, ["cli", "clock", "intake", "web"]);
}
