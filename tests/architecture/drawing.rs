//! `docs/images/crates.svg`: which of the crates that the program is built from uses which, drawn from the manifests.
//! `UPDATE_DRAWING=1` draws it anew.

use super::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

type Crates = BTreeMap<String, BTreeSet<String>>;

/// Each crate without the prefix of its name, and which of the others it is built from.
fn crates() -> Crates {
    let mut manifests = vec![root().join("Cargo.toml")];
    for folder in fs::read_dir(root().join("crates")).unwrap() {
        manifests.push(folder.unwrap().path().join("Cargo.toml"));
    }
    let short = |name: &str| name.strip_prefix("signalbox-").map(str::to_owned);
    let of = |path| {
        let manifest: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let name = manifest["package"]["name"].as_str().unwrap();
        let uses = manifest["dependencies"].as_table().unwrap().keys();
        (
            short(name).unwrap_or_else(|| name.to_owned()),
            uses.filter_map(|name| short(name)).collect(),
        )
    };
    let mut crates: Crates = manifests.into_iter().map(of).collect();
    // Not those that only tests use.
    let built = below("signalbox", &crates);
    crates.retain(|name, _| name == "signalbox" || built.contains(name));
    crates
}

/// All that a crate is built from.
fn below(name: &str, crates: &Crates) -> BTreeSet<String> {
    let uses = &crates[name];
    uses.iter().flat_map(|used| below(used, crates)).chain(uses.clone()).collect()
}

/// Without those that are used by way of another one.
fn direct(name: &str, crates: &Crates) -> BTreeSet<String> {
    let further: BTreeSet<_> = crates[name].iter().flat_map(|used| below(used, crates)).collect();
    crates[name].difference(&further).cloned().collect()
}

/// How far above the ground it stands.
fn level(name: &str, crates: &Crates) -> usize {
    crates[name].iter().map(|used| level(used, crates) + 1).max().unwrap_or(0)
}

fn drawing() -> String {
    const WIDTH: usize = 680;
    const BOX: (usize, usize) = (130, 40);
    const STEP: usize = 100;
    let crates = crates();
    let mut levels: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for name in crates.keys() {
        levels.entry(level(name, &crates)).or_default().push(name);
    }
    let highest = *levels.keys().next_back().unwrap();
    // The middle of each box's upper edge.
    let mut places = BTreeMap::new();
    for (level, names) in &levels {
        for (index, name) in names.iter().enumerate() {
            let x = WIDTH * (2 * index + 1) / (2 * names.len());
            places.insert(*name, (x, 20 + (highest - level) * STEP));
        }
    }
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {}" font-family="system-ui, sans-serif" font-size="15">
<title>The crates of Signalbox: each uses those that its lines lead down to</title>
<rect width="100%" height="100%" fill="#fff"/>
"##,
        40 + BOX.1 + highest * STEP
    );
    for name in crates.keys() {
        let (x, y) = places[name.as_str()];
        for used in direct(name, &crates) {
            let (to_x, to_y) = places[used.as_str()];
            let from_y = y + BOX.1;
            writeln!(svg, r##"<line x1="{x}" y1="{from_y}" x2="{to_x}" y2="{to_y}" stroke="#8a94a6" stroke-width="1.5"/>"##)
                .unwrap();
        }
    }
    for (name, (x, y)) in &places {
        let (left, middle) = (x - BOX.0 / 2, y + BOX.1 / 2);
        writeln!(
            svg,
            r##"<rect x="{left}" y="{y}" width="{}" height="{}" rx="6" fill="#eef2fb" stroke="#3b5bdb"/><text x="{x}" y="{middle}" text-anchor="middle" dominant-baseline="central" fill="#1c2333">{name}</text>"##,
            BOX.0, BOX.1
        )
        .unwrap();
    }
    svg + "</svg>\n"
}

#[test]
fn the_drawing_of_the_crates_is_true() {
    let path = root().join("docs/images/crates.svg");
    let drawn = drawing();
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the test asks for the file, as with snapshots"
    )]
    if std::env::var("UPDATE_DRAWING").is_ok() {
        fs::write(&path, &drawn).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap_or_default() == drawn,
        "UPDATE_DRAWING=1 draws it anew"
    );
}
