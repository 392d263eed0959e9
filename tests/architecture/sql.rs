//! Words of the database's text columns inside SQL text. A statement that is prepared once keeps them as
//! literals, so that partial indexes serve it; they must be words that the types have.

use super::{all_sources, assert_none};
use regex::Regex;
use signalbox_core::job::{AttemptOutcome, JobState};
use signalbox_core::verdict::Verdict;

#[test]
fn words_in_sql_are_those_of_the_types() {
    let compared = Regex::new(r"\b(\w*state|verdict|outcome) (?:=|<>|IN) \(?('\w+'(?:, '\w+')*)");
    let (compared, word) = (compared.unwrap(), Regex::new(r"'(\w+)'").unwrap());
    let mut faults = Vec::new();
    let mut count = 0;
    for file in all_sources() {
        for found in compared.captures_iter(&file.code) {
            for word in word.captures_iter(&found[2]) {
                count += 1;
                let is_known = match &found[1] {
                    "verdict" => Verdict::parse(&word[1]).is_some(),
                    "outcome" => AttemptOutcome::parse(&word[1]).is_some(),
                    _ => JobState::parse(&word[1]).is_some(),
                };
                if !is_known {
                    faults.push(format!("{}: `{}`", file.path, &found[0]));
                }
            }
        }
    }
    assert!(count > 10, "only {count} words were found");
    assert_none(&faults);
}
