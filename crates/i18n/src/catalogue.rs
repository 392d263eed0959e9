//! The translations, read once from the `.po` files that lie in the binary.

use rust_embed::Embed;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Embed)]
#[folder = "../../locales/zh-Hans"]
struct SimplifiedChinese;

static CHINESE: LazyLock<HashMap<String, String>> =
    LazyLock::new(|| read_all::<SimplifiedChinese>().collect());

/// A text in Simplified Chinese, if it is translated.
pub fn simplified_chinese(text: &str) -> Option<&'static str> {
    CHINESE.get(text).map(String::as_str)
}

/// The texts of a language. A file that cannot be read is left out and said in the log: the panel is
/// then partly English.
fn read_all<E: Embed>() -> impl Iterator<Item = (String, String)> {
    E::iter().flat_map(|name| {
        let file = E::get(&name).map(|file| file.data).unwrap_or_default();
        let mut texts = Vec::new();
        match polib::po_file::parse_from_reader(file.as_ref()) {
            Ok(catalogue) => texts.extend(catalogue.messages().filter_map(|message| {
                let said = message.msgstr().ok().filter(|said| !said.is_empty())?;
                Some((message.msgid().to_owned(), said.to_owned()))
            })),
            Err(error) => tracing::error!(
                %error, "Failed to read translations in {name}: {error}"
            ),
        }
        texts
    })
}
