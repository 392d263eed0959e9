//! The README keeps its word: its tour is walked, its settings are those of `--help`.

use crate::support::app::{App, bare_command, repository};
use crate::support::webhooks::{self, SIGNING_TOKEN};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    std::fs::read_to_string(repository().join("README.md")).unwrap()
}

/// The shell blocks of the tour that call Signalbox, in order.
fn tour() -> Vec<String> {
    let text = readme();
    let (_, tour) = text.split_once("## A tour").unwrap();
    let (tour, _) = tour.split_once("\n## ").unwrap();
    Regex::new(r"(?s)```sh\n(.*?)```")
        .unwrap()
        .captures_iter(tour)
        .map(|block| block[1].to_owned())
        .filter(|block| block.contains("127.0.0.1:8080"))
        .collect()
}

#[tokio::test]
async fn the_tour_of_the_readme_works_as_written() {
    let app = App::start().await;
    app.add_webhook(&webhooks::signed_pending_push()).await;
    let run = |block: &str| {
        let script = block.replace("http://127.0.0.1:8080", app.base());
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(repository())
            .env("SIGNING_TOKEN", SIGNING_TOKEN)
            .output()
            .unwrap();
        assert!(output.status.success(), "{block}");
        String::from_utf8(output.stdout).unwrap()
    };
    let blocks = tour();
    let [push, unsigned, other, get] = blocks.as_slice() else { panic!("{blocks:?}") };
    let made = Regex::new(r#""jobs":\["(\w+)"\]"#).unwrap();
    for (block, status, words) in [
        (push, "202", "registered"),
        (push, "202", "matched"),
        (unsigned, "401", "rejected"),
        (other, "200", "unmatched"),
        (get, "405", "POST"),
    ] {
        let answer = run(block);
        if let Some(job) = made.captures(&answer) {
            app.job_is(&job[1], "succeeded").await;
        }
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{block}\n{answer}");
        assert!(answer.contains(words), "{block}\n{answer}");
    }
}

#[test]
fn the_settings_of_the_readme_are_those_of_the_program() {
    let output = bare_command().args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let names = |text: &str| -> BTreeSet<String> {
        let name = Regex::new(r"\b(DATABASE_URL|SIGNALBOX_[A-Z_]+)\b").unwrap();
        name.find_iter(text).map(|found| found.as_str().to_owned()).collect()
    };
    let text = readme();
    let (_, table) = text.split_once("## Settings").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    assert_eq!(names(table), names(&help));
}

fn is_document(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "md")
}

#[test]
fn links_and_pictures_of_the_documents_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").unwrap();
    let mut documents =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(ToOwned::to_owned).to_vec();
    for folder in ["docs", "docs/decisions"] {
        let entries = std::fs::read_dir(repository().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        documents
            .extend(names.map(|name| format!("{folder}/{name}")).filter(|path| is_document(path)));
    }
    let mut broken = Vec::new();
    for document in documents {
        let path = repository().join(&document);
        let text = std::fs::read_to_string(&path).unwrap();
        for found in link.captures_iter(&text) {
            if !path.parent().unwrap().join(&found[1]).exists() {
                broken.push(format!("{document}: {}", &found[1]));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The numbers that the names of a file's tests carry: `f15_f16_…` has two.
fn numbers(text: &str) -> BTreeSet<u32> {
    let name = Regex::new(r"fn ((?:[a-z]\d+_)+)\w*\(").unwrap();
    let number = Regex::new(r"f(\d+)_").unwrap();
    let names = name.captures_iter(text).map(|found| found[1].to_owned()).collect::<String>();
    number.captures_iter(&names).map(|found| found[1].parse().unwrap()).collect()
}

#[test]
fn every_promise_of_the_panel_names_just_the_files_of_its_tests() {
    let mut found = BTreeMap::<u32, BTreeSet<String>>::new();
    for folder in ["admin", "api", "browser", "cli", "jobs", "store"] {
        for file in std::fs::read_dir(repository().join("tests").join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let name = format!("{folder}/{}", path.file_stem().unwrap().to_str().unwrap());
            for number in numbers(&std::fs::read_to_string(&path).unwrap()) {
                found.entry(number).or_default().insert(name.clone());
            }
        }
    }
    let text = std::fs::read_to_string(repository().join("docs/promises.md")).unwrap();
    let row = Regex::new(r"(?m)^\| (\d+) \| .+ \| (.+) \|$").unwrap();
    let link = Regex::new(r"\[([a-z_/]+)\]").unwrap();
    let told: BTreeMap<u32, BTreeSet<String>> = row
        .captures_iter(&text)
        .map(|row| {
            let files = link.captures_iter(&row[2]).map(|file| file[1].to_owned()).collect();
            (row[1].parse().unwrap(), files)
        })
        .collect();
    assert_eq!(told.len(), 75);
    assert_eq!(told, found);
}

/// The names of all tests below a folder.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    let header =
        Regex::new(r"#\[(?:tokio::)?test\](?:\s*#\[[^\]]*\])*\s*(?:async )?fn (\w+)").unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            names.extend(header.captures_iter(&source).map(|found| found[1].to_owned()));
        }
    }
}

#[test]
fn each_thing_that_nobody_can_do_names_tests_that_there_are() {
    let mut known = BTreeSet::new();
    for folder in ["src", "tests", "crates"].map(|folder| repository().join(folder)) {
        if folder.is_dir() {
            tests_below(&folder, &mut known);
        }
    }
    let text = std::fs::read_to_string(repository().join("SECURITY.md")).unwrap();
    let name = Regex::new(r"`(\w+)`").unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<&str> = rows.filter(|line| !line.starts_with("| cannot |")).collect();
    assert!(rows.len() >= 40, "{}", rows.len());
    for row in rows {
        let held_by = row.trim_end_matches(" |").rsplit_once(" | ").unwrap().1;
        let named: Vec<&str> =
            name.captures_iter(held_by).map(|n| n.get(1).unwrap().as_str()).collect();
        assert!(!named.is_empty(), "nothing holds: {row}");
        for name in named {
            assert!(known.contains(name), "there is no test {name}: {row}");
        }
    }
}
