//! What is kept of a delivery's headers.
//!
//! Custom headers of a hook are secrets, so headers are kept from an allow list; of credentials
//! only a word is kept.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest header that is kept.
const MAX_KEPT: usize = 500;
/// Longest time of a signature that is kept.
const MAX_TIME: usize = 40;

/// Headers kept as they are.
const KEPT: [&str; 9] = [
    "Content-Type",
    "Content-Length",
    "User-Agent",
    "X-Gitlab-Event",
    "X-Gitlab-Instance",
    "X-Gitlab-Webhook-UUID",
    "X-Gitlab-Event-UUID",
    "Idempotency-Key",
    "webhook-id",
];

/// What of the headers is stored: an allow list; credentials as words. `find` answers a header's value,
/// whatever the case of its name.
pub fn keep_headers<'a>(find: impl Fn(&str) -> Option<Cow<'a, str>>) -> BTreeMap<String, String> {
    let shorten = |text: &str, most| {
        let clean = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        text.chars().take(most).map(clean).collect::<String>()
    };
    let kept = KEPT.iter().filter_map(|name| Some((*name, shorten(&find(name)?, MAX_KEPT))));
    let masked = ["X-Gitlab-Token", "webhook-signature"].into_iter();
    let masked = masked.filter_map(|name| Some((name, find(name).map(|_| "[masked]".to_owned())?)));
    let time = "webhook-timestamp";
    let time = find(time).map(|text| (time, shorten(&text, MAX_TIME)));
    kept.chain(masked).chain(time).map(|(name, value)| (name.to_owned(), value)).collect()
}
