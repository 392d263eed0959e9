//! The catalogues held against the sources: no text that nobody says, no lost gap, no two
//! translations of one text.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|known| known == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn gaps(text: &str) -> BTreeSet<String> {
    let gap = regex::Regex::new(r"\{([a-z_]+(?::[^}]+)?)\}").unwrap();
    gap.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// The sources without line breaks inside string literals, and with plain quotes, as the
/// catalogue holds texts.
fn sources() -> String {
    let broken = regex::Regex::new(r"\\\n\s*").unwrap();
    let mut all = String::new();
    for (folder, extension) in [("src", "rs"), ("crates", "rs"), ("templates", "html")] {
        for path in files(folder, extension) {
            if !path.ends_with("i18n/src/tests.rs") {
                all.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    broken.replace_all(&all, "").replace("\\\"", "\"")
}

#[test]
fn every_translation_is_of_a_text_that_is_said_with_all_its_gaps_and_once() {
    let sources = sources();
    let (mut seen, mut faults) = (BTreeMap::new(), Vec::new());
    for path in files("locales/zh-Hans", "po") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let catalogue = polib::po_file::parse(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        for message in catalogue.messages() {
            let (text, said) = (message.msgid().to_owned(), message.msgstr().unwrap());
            if said.is_empty() {
                faults.push(format!("{name}: {text:?} is not translated"));
            }
            if gaps(&text) != gaps(said) {
                faults.push(format!("{name}: {text:?} and {said:?} differ in their gaps"));
            }
            if !sources.contains(&format!("\"{text}\"")) {
                faults.push(format!("{name}: nothing says {text:?}"));
            }
            if let Some(other) = seen.insert(text.clone(), name.clone()) {
                faults.push(format!("{name}: {text:?} stands in {other} too"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    assert!(seen.len() > 1);
}

/// Of each reason no English is left but names.
#[test]
fn every_reason_of_a_delivery_is_said_in_chinese() {
    let names = "Webhook|GitLab|JSON|Test|Content-Type|Content-Encoding|X-Gitlab-Event|\
                 application/json|object_kind|ID|URL|push|ci\\.skip";
    let names = regex::Regex::new(names).unwrap();
    let english = regex::Regex::new("[A-Za-z]{2,}").unwrap();
    for reason in signalbox_core::delivery_reason::samples::one_of_each() {
        let said = say_in(Locale::SimplifiedChinese, || say(&reason.sentence()));
        assert!(!english.is_match(&names.replace_all(&said, "")), "{reason:?}: {said}");
        assert!(!reason.to_string().contains('{') && !said.contains('{'), "{said}");
    }
}

/// Of each failure no English is left but names.
#[test]
fn every_failure_of_an_attempt_is_said_in_chinese() {
    let names =
        "Signalbox|JSON|SIGXCPU|SIGKILL|TLS|ca_file|ca-certificates|toml|shell|--rm|true|false";
    let names = regex::Regex::new(names).unwrap();
    let english = regex::Regex::new("[A-Za-z]{2,}").unwrap();
    for failure in signalbox_core::failure::samples::one_of_each() {
        let said = say_in(Locale::SimplifiedChinese, || say(&failure.sentence()));
        assert!(!english.is_match(&names.replace_all(&said, "")), "{failure:?}: {said}");
        assert!(!failure.to_string().contains('{') && !said.contains('{'), "{said}");
    }
}

/// Of each notice among an output no English is left but names.
#[test]
fn every_notice_of_an_output_is_said_in_chinese() {
    let english = regex::Regex::new("[A-Za-z]{2,}").unwrap();
    for notice in signalbox_core::output::OutputNotice::one_of_each() {
        let said = say_in(Locale::SimplifiedChinese, || say(&notice.sentence()));
        let names = said.replace("SIGKILL", "").replace("SIGTERM", "");
        assert!(!english.is_match(&names) && !said.contains('{'), "{notice:?}: {said}");
    }
}

#[test]
fn the_most_wanted_language_that_there_is_wins() {
    for (tags, locale) in [
        (&["zh-CN", "en"][..], Locale::SimplifiedChinese),
        (&["zh-Hans-CN"], Locale::SimplifiedChinese),
        (&["ZH_tw"], Locale::SimplifiedChinese),
        (&["de", "en-GB", "zh"], Locale::English),
        (&["de", "zh"], Locale::SimplifiedChinese),
        (&["zhx", "*"], Locale::English),
        (&[], Locale::English),
    ] {
        assert_eq!(Locale::preferred(tags.iter().copied()), locale, "{tags:?}");
    }
    assert_eq!(Locale::of_tag("zh-Hans"), Some(Locale::SimplifiedChinese));
    assert_eq!(Locale::of_tag("xx"), None);
}

#[test]
fn a_text_is_said_in_the_language_of_the_answer() {
    assert_eq!(t("Sign in"), "Sign in");
    let chinese = Locale::SimplifiedChinese;
    assert_eq!(say_in(chinese, || t("Sign in").to_owned()), "登录");
    assert_eq!(say_in(chinese, || t("no such text").to_owned()), "no such text");
    assert_eq!(say_in(chinese, || say!("Signed in as {name}", name = "ada")), "已登录为 ada");
}

#[test]
fn what_is_counted_is_named_after_its_number() {
    assert_eq!(count_phrase(1, "{n} job", "{n} jobs"), "1 job");
    assert_eq!(count_phrase(12_345, "{n} job", "{n} jobs"), "12,345 jobs");
}
