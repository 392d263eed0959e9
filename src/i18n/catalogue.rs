//! The translations, read once from the `.po` files that lie in the binary.

use rust_embed::Embed;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Embed)]
#[folder = "locales/zh-Hans"]
struct SimplifiedChinese;

static CHINESE: LazyLock<HashMap<String, String>> = LazyLock::new(read::<SimplifiedChinese>);

/// A text in Simplified Chinese, if it is translated.
pub fn simplified_chinese(text: &str) -> Option<&'static str> {
    CHINESE.get(text).map(String::as_str)
}

/// All files of a language. One that cannot be read is left out and said in the log: the panel
/// is then partly English.
fn read<E: Embed>() -> HashMap<String, String> {
    let mut texts = HashMap::new();
    for name in E::iter() {
        let Some(file) = E::get(&name) else { continue };
        match polib::po_file::parse_from_reader(file.data.as_ref()) {
            Ok(catalogue) => texts.extend(catalogue.messages().filter_map(|message| {
                let said = message.msgstr().ok().filter(|said| !said.is_empty())?;
                Some((message.msgid().to_owned(), said.to_owned()))
            })),
            Err(error) => tracing::error!(
                error.cause = %error, "the translations in {name} cannot be read"
            ),
        }
    }
    texts
}
