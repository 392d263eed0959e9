//! What came, on a delivery's page: the kept headers, the body, and the request as a command.

use super::body;
use super::tree::{Node, read_tree};
use crate::web::admin::kit::at::{At, size_text};
use crate::web::urls;
use chrono::TimeDelta;
use signalbox_core::hidden::has_hidden;
use signalbox_core::idempotency::to_hex;
use signalbox_core::verdict::Endpoint;
use signalbox_store::deliveries::Brief;

/// Most bytes of a body that are written into a command line.
const MOST_INLINE: usize = 64 * 1024;
/// What stands in a command for the secret token, which is not kept.
const TOKEN: &str = "YOUR-SECRET-TOKEN";

/// A body.
pub struct BodyView {
    /// As a tree, if it is JSON of some size.
    pub tree: Option<Vec<Node>>,
    /// Indented, if it is JSON too large for a tree.
    pub pretty: Option<String>,
    /// As it came; none once retention took it.
    pub raw: Option<String>,
    /// How large it was.
    pub size: String,
    /// Whether only its start is shown or was kept.
    pub is_cut: bool,
    /// Its SHA-256.
    pub sha256: String,
    /// Where to download it.
    pub download: String,
    /// How long bodies are kept.
    pub days: i64,
    /// Until when this one is kept.
    pub until: At,
    /// Until when the delivery is kept.
    pub delivery_until: At,
}

impl BodyView {
    /// Draws a body, as much of it as is kept, with how long bodies and deliveries are kept.
    pub fn from_delivery(
        delivery: &Brief,
        kept: Option<&[u8]>,
        sha256: &[u8],
        keep_body: TimeDelta,
        keep_delivery: TimeDelta,
    ) -> Self {
        let start = kept.map(|bytes| bytes.get(..body::MOST).unwrap_or(bytes));
        let raw = start.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let shown = start.map_or(0, <[u8]>::len);
        let is_cut = kept.is_some() && i64::try_from(shown).is_ok_and(|s| s < delivery.body_size);
        let whole = raw.as_deref().filter(|_| !is_cut);
        let tree = whole.and_then(read_tree);
        Self {
            pretty: whole.filter(|_| tree.is_none()).and_then(body::indent_json),
            tree,
            raw,
            size: size_text(delivery.body_size),
            is_cut,
            sha256: to_hex(sha256),
            download: urls::verb("hooks", "delivery", &delivery.id, "body"),
            days: keep_body.num_days(),
            until: At(delivery.received_at + keep_body),
            delivery_until: At(delivery.received_at + keep_delivery),
        }
    }

    /// The beginning of its SHA-256.
    pub fn short_sha(&self) -> String {
        self.sha256.chars().take(12).collect()
    }
}

/// The kept headers; stored as an object, or as pairs where names may come twice.
pub fn stored_headers(stored: &serde_json::Value) -> Vec<(String, String)> {
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match stored {
        serde_json::Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        }
        serde_json::Value::Array(pairs) => {
            pairs.iter().filter_map(|pair| Some((text(pair.get(0)?), text(pair.get(1)?)))).collect()
        }
        _ => Vec::new(),
    }
}

/// The request as a command that sends it anew: with a placeholder for the token, and without the
/// key that would make it a repeat. None once the body is gone, or where only its start was kept.
pub fn curl_command(
    public_address: &str,
    delivery: &Brief,
    whole: Option<&[u8]>,
) -> Option<String> {
    let body = whole?;
    let path = if delivery.endpoint == Endpoint::Register {
        urls::gitlab_register()
    } else {
        urls::gitlab()
    };
    let mut lines =
        vec![format!("curl -i {}", quote_for_shell(&format!("{public_address}{path}")))];
    for header in [
        "Content-Type: application/json".to_owned(),
        format!("X-Gitlab-Event: {}", delivery.event),
        format!("X-Gitlab-Token: {TOKEN}"),
    ] {
        lines.push(format!("-H {}", quote_for_shell(&header)));
    }
    let short = Some(body).filter(|body| body.len() <= MOST_INLINE);
    let text = short.and_then(|body| std::str::from_utf8(body).ok());
    // Neither a terminal nor its reader is to be deceived by what is pasted.
    lines.push(match text.filter(|text| !has_hidden(text) && !text.contains(['\t', '\r'])) {
        Some(text) => format!("--data-raw {}", quote_for_shell(text)),
        None => format!("--data-binary @{}.json", delivery.id),
    });
    Some(lines.join(" \\\n  "))
}

/// A word for a POSIX shell, without control characters other than line ends.
pub fn quote_for_shell(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_body_becomes_a_command() {
        assert_eq!(quote_for_shell("it's $(x)"), r"'it'\''s $(x)'");
    }
}
