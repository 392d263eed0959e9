//! The licences of all crates that are built in or tested with: none that asks more of users than
//! Signalbox' own two do.

use serde_json::Value;
use std::process::Command;

/// Licences that ask for no more than a notice.
const PERMISSIVE: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What only the tests are built with may be under this one too: it concerns changed files of the
/// crates themselves.
const OF_TESTS: &str = "MPL-2.0";

/// Whether one of the alternatives is permissive in all its parts.
fn is_permissive(expression: &str, more: &str) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    let is = |licence: &str| PERMISSIVE.contains(&licence.trim()) || licence.trim() == more;
    // `(A OR B) AND C` asks for C whatever is chosen of A and B.
    flat.split(" AND ").all(|part| part.split(" OR ").any(is))
}

#[test]
fn no_crate_asks_more_than_a_notice() {
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform"])
        .arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} crates", packages.len());
    let mut faults = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none named");
        if !is_permissive(licence, OF_TESTS) {
            faults.push(format!("{name}: {licence}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn copyleft_is_told_from_what_may_be_chosen() {
    for (expression, permissive) in [
        ("MIT/Apache-2.0", true),
        ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("GPL-3.0-only", false),
        ("MIT AND AGPL-3.0-only", false),
        ("MPL-2.0", false),
    ] {
        assert_eq!(is_permissive(expression, ""), permissive, "{expression}");
    }
}
