//! The panel's own walls: what its kit may import, and that no two parts of it need each other.

use super::{Source, assert_none, root, sources};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

const PANEL: &str = "web::admin";
const KIT: &str = "web::admin::kit";

/// All that the kit may import: the languages, the time, plain data, and what the web has below
/// the panel. A resource is described to it, and never known by name.
const KIT_MAY: [&str; 9] = [
    "clock",
    "signalbox_core::change",
    "signalbox_core::listing",
    "signalbox_core::local_time",
    "signalbox_core::sentence",
    "signalbox_i18n",
    "web::answer",
    "web::filters",
    "web::problem",
];

/// The kit's pages, and the parts that they are made of.
const KIT_PAGES: [&str; 23] = [
    "templates/base.html",
    "macros/badge.html",
    "macros/cell.html",
    "macros/form.html",
    "macros/icon.html",
    "macros/time.html",
    "templates/admin/bulk.html",
    "templates/admin/change_form.html",
    "templates/admin/changelist.html",
    "templates/admin/confirm.html",
    "templates/admin/conflict.html",
    "templates/admin/history.html",
    "templates/admin/revert.html",
    "templates/admin/_actions.html",
    "templates/admin/_columns.html",
    "templates/admin/_entry.html",
    "templates/admin/_fieldset.html",
    "templates/admin/_filters.html",
    "templates/admin/_pagination.html",
    "templates/admin/_reveal.html",
    "templates/admin/_search.html",
    "templates/admin/_submit_row.html",
    "templates/admin/_table.html",
];

/// Files of one folder that may need each other.
const SMALL: usize = 6;
/// Of the kit: its traits speak of forms, answers and actions, and these of the traits.
const KIT_SMALL: usize = 15;

#[test]
fn the_kit_knows_no_resource() {
    let mut faults = Vec::new();
    for (name, module) in modules().iter().filter(|(name, _)| is_in(name, KIT)) {
        for path in &module.paths {
            let allowed = KIT_MAY.iter().any(|may| is_in(path, may));
            if !allowed && !is_in(path, KIT) {
                faults.push(format!("{name}: the kit may not import `{path}`"));
            }
        }
    }
    let named = Regex::new(r"crate::((?:\w+::)*\w+)").unwrap();
    let is_kit = |file: &Source| KIT_PAGES.iter().any(|page| file.path.ends_with(page));
    for file in sources("templates", "html").into_iter().filter(is_kit) {
        for found in named.captures_iter(&file.text) {
            let path = &found[1];
            if !["web::assets", KIT].iter().any(|may| is_in(path, may)) {
                faults.push(format!("{}: a page of the kit names `{path}`", file.path));
            }
        }
    }
    assert_none(&faults);
}

/// The more functions a resource may have, the more of them serve one resource.
#[test]
fn a_resource_has_at_most_ten_functions() {
    let file = std::fs::read_to_string(root().join("src/web/admin/kit/resource.rs")).unwrap();
    let traits = Regex::new(r"(?ms)^pub trait (\w+).*?^\}").unwrap();
    let functions = Regex::new(r"(?m)^    (async )?fn ").unwrap();
    let found: Vec<_> = traits.find_iter(&file).collect();
    let count: usize = found.iter().map(|one| functions.find_iter(one.as_str()).count()).sum();
    assert!(found.len() == 2 && count <= 10, "{count} functions in {} traits", found.len());
}

#[test]
fn no_two_parts_of_the_panel_need_each_other() {
    let mut faults = Vec::new();
    for circle in circles(&modules()) {
        let part = |name: &String| {
            let inner = name.strip_prefix("web::admin::").unwrap_or(name);
            inner.split("::").next().unwrap().to_owned()
        };
        let parts: BTreeSet<_> = circle.iter().map(part).collect();
        let most = if parts.contains("kit") { KIT_SMALL } else { SMALL };
        if parts.len() > 1 || circle.len() > most {
            faults.push(circle.join(", "));
        }
    }
    assert_none(&faults);
}

struct Module {
    /// What it names, from the root of the crate.
    paths: BTreeSet<String>,
    /// The modules of the panel among them.
    needs: BTreeSet<String>,
}

fn is_in(path: &str, room: &str) -> bool {
    path.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The modules of the panel, without their tests and samples.
fn modules() -> BTreeMap<String, Module> {
    let files: Vec<(String, String)> = sources("src/web/admin", "rs")
        .into_iter()
        .filter(|file| !file.path.contains("/samples"))
        .map(|file| (name_of(&file), without_tests(&file.code)))
        .collect();
    let names: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let entry = |(name, code): (String, String)| {
        let mut paths: BTreeSet<String> =
            named(&code).into_iter().filter_map(|path| absolute(&name, &path)).collect();
        // A child that is named without `self`.
        for child in &names {
            if let Some(short) = child.strip_prefix(&format!("{name}::"))
                && !short.contains("::")
                && Regex::new(&format!(r"(^|[^:\w]){short}::")).unwrap().is_match(&code)
            {
                paths.insert(child.clone());
            }
        }
        let needs = paths.iter().filter_map(|path| file_of(path, &names));
        let needs = needs.filter(|found| *found != name && found != PANEL).collect();
        (name, Module { paths, needs })
    };
    files.into_iter().map(entry).collect()
}

/// `src/web/admin/kit/mod.rs` is `web::admin::kit`.
fn name_of(file: &Source) -> String {
    let path = file.path.strip_prefix("src/").unwrap();
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.replace('/', "::")
}

/// The code without what only tests compile.
fn without_tests(code: &str) -> String {
    let mut parts = code.split("#[cfg(test)]");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut depth = 0;
        let end = part.char_indices().find(|(_, letter)| {
            depth += match letter {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            depth == 0 && matches!(letter, '}' | ';')
        });
        kept.push_str(part.get(end.map_or(part.len(), |(at, _)| at + 1)..).unwrap_or_default());
    }
    kept
}

/// Every path that the code names, `use` groups written out.
fn named(code: &str) -> Vec<String> {
    let imports = Regex::new(r"\buse\s+([^;]+);").unwrap();
    let mut paths: Vec<String> =
        imports.captures_iter(code).flat_map(|found| written_out(&found[1])).collect();
    let inline = Regex::new(r"\b(?:crate|super|self|signalbox_\w+)(?:::\w+)+").unwrap();
    let rest = imports.replace_all(code, "");
    paths.extend(inline.find_iter(&rest).map(|found| found.as_str().to_owned()));
    paths
}

fn written_out(path: &str) -> Vec<String> {
    let path = path.trim();
    let Some((before, group)) = path.split_once('{') else {
        let plain = path.split(" as ").next().unwrap_or_default().trim();
        return if plain.is_empty() { Vec::new() } else { vec![plain.to_owned()] };
    };
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut part, mut parts) = (0, String::new(), Vec::new());
    for letter in group.chars() {
        match letter {
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                depth += match letter {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
                part.push(letter);
            }
        }
    }
    parts.push(part);
    let inner = parts.iter().flat_map(|part| written_out(part));
    inner.map(|inner| format!("{}{inner}", before.trim())).collect()
}

/// The path from the crate's root, or with the name of one of ours; none for anybody else's.
fn absolute(module: &str, path: &str) -> Option<String> {
    let mut base: Vec<&str> = module.split("::").collect();
    let mut segments = path.split("::").filter(|segment| !segment.is_empty()).peekable();
    match segments.peek().copied()? {
        "crate" => {
            base.clear();
            segments.next();
        }
        "super" | "self" => {
            while let Some(segment) = segments.next_if(|one| ["super", "self"].contains(one)) {
                if segment == "super" {
                    base.pop();
                }
            }
        }
        own if own.starts_with("signalbox_") => base.clear(),
        _ => return None,
    }
    base.extend(segments.filter(|segment| *segment != "self"));
    Some(base.join("::"))
}

/// The innermost module that a path leads into.
fn file_of(path: &str, names: &BTreeSet<String>) -> Option<String> {
    let segments: Vec<&str> = path.split("::").collect();
    (1..=segments.len())
        .rev()
        .map(|length| segments[..length].join("::"))
        .find(|name| names.contains(name))
}

/// The sets of modules of which each needs every other, by whatever way round.
fn circles(modules: &BTreeMap<String, Module>) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = modules
        .keys()
        .map(|name| {
            let mut found = BTreeSet::new();
            let mut open = vec![name];
            while let Some(next) = open.pop() {
                for need in modules.get(next).into_iter().flat_map(|module| &module.needs) {
                    if found.insert(need) {
                        open.push(need);
                    }
                }
            }
            (name, found)
        })
        .collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (name, found) in &reach {
        if found.contains(*name) {
            let mates = found.iter().filter(|mate| reach[**mate].contains(*name));
            circles.insert(mates.map(|mate| (*mate).clone()).collect());
        }
    }
    circles.into_iter().collect()
}

#[test]
fn paths_are_found_in_every_form() {
    let code = "use super::{a::B, c::{self, D}};\nuse signalbox_core::x as y;\nself::e::f()";
    let found: Vec<_> =
        named(code).iter().filter_map(|path| absolute("web::admin::kit::form", path)).collect();
    assert_eq!(
        found,
        [
            "web::admin::kit::a::B",
            "web::admin::kit::c",
            "web::admin::kit::c::D",
            "signalbox_core::x",
            "web::admin::kit::form::e::f"
        ]
    );
    assert_eq!(without_tests("a();\n#[cfg(test)]\nmod t { b() }\nc();"), "a();\n\nc();");
}
