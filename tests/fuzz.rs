//! Replays what fuzzing knows: every fixture, and every input that was ever a fault. `make fuzz` looks
//! for more.

#[path = "../fuzz/bodies.rs"]
mod bodies;

use crate::support::app::repository;
use crate::support::gitlab::fixtures;
use crate::support::webhooks::manifest;

/// The files of a folder, if it is there.
fn inputs(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path());
    files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn kept_inputs_of_every_target_hold() {
    for (name, body) in bodies::TARGETS {
        let folder = repository().join("fuzz/kept").join(name);
        let kept = inputs(&folder);
        assert!(!kept.is_empty(), "{} has a seed at least", folder.display());
        for (path, input) in kept {
            eprintln!("{name}: {path}");
            body(&input);
        }
    }
}

#[test]
fn every_fixture_holds_as_the_input_of_every_target() {
    for (file, row) in manifest() {
        let json = std::fs::read(fixtures().join(format!("{file}.json"))).unwrap();
        let header = row["event_header"].as_str().unwrap_or_default();
        let with_header = [header.as_bytes(), b"\n", &json].concat();
        bodies::event(&with_header);
        bodies::matching(&[b"main\n*.rs\nbranch = \"main\"\n", &with_header[..]].concat());
        bodies::argv(&[b"text\n", &with_header[..]].concat());
        bodies::headers(&[b"id\n1700000000\nv1,x\nkey\n", &json[..]].concat());
        bodies::print_body(&json);
    }
}
