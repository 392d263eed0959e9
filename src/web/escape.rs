//! How every text comes into a page: escaped for HTML, with what hides in it shown as
//! `⟨U+202E⟩`. `askama.toml` makes it the escaper of all templates; what a form sends back is put out
//! with `|kept`, which changes nothing.

use askama::filters::{Escaper, Html};
use signalbox_core::hidden::is_hiding;
use std::fmt::{self, Write};

/// The escaper.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let plain = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
        if text.bytes().all(plain) {
            return Html.write_escaped_str(dest, text);
        }
        let (mut shown, mut before) = (0, None);
        for (at, c) in text.char_indices() {
            if is_hiding(c, before.replace(c)) {
                Html.write_escaped_str(&mut dest, text.get(shown..at).unwrap_or_default())?;
                write!(dest, "⟨U+{:04X}⟩", u32::from(c))?;
                shown = at + c.len_utf8();
            }
        }
        Html.write_escaped_str(dest, text.get(shown..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_shown_and_markup_is_not_made() {
        let mut html = String::new();
        Visible.write_escaped_str(&mut html, "a\u{202e}<b>\u{0}é").unwrap();
        assert_eq!(html, "a⟨U+202E⟩&#60;b&#62;⟨U+0000⟩é");
    }
}
