//! Characters that are not seen, or that turn the reading direction of what follows them: with them a
//! name looks like another. Which ones they are; how they are shown is `signalbox::web::escape`'s.
//!
//! Source: Unicode, `Default_Ignorable_Code_Point` and `Bidi_Control`. Variation selectors are left
//! out, as emoji are full of them.

/// Whether a character that stands behind `before` hides. Line ends and tabs do not.
#[must_use]
pub fn is_hiding(c: char, before: Option<char>) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        // They join the parts of an emoji, and letters of some scripts; between others they only hide.
        '\u{200c}' | '\u{200d}' => before.is_none_or(|before| before.is_ascii()),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180e}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => c.is_control(),
    }
}

/// Whether a text holds one.
#[must_use]
pub fn has_hidden(text: &str) -> bool {
    let mut before = None;
    text.chars().any(|c| is_hiding(c, before.replace(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_seen_and_what_turns_a_name_round_is_not() {
        for plain in ["", "main\n\tx\r\n", "é 中文 עברית", "👩‍💻", "❤️", "می‌خواهم"]
        {
            assert!(!has_hidden(plain), "{plain:?}");
        }
        for hidden in ["a\u{202e}b", "ma\u{200d}in", "\u{200b}", "a\0", "\u{1b}[0m", "\u{e0041}"] {
            assert!(has_hidden(hidden), "{hidden:?}");
        }
    }
}
