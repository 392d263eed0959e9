//! How deep a body is nested: asked before anything reads it as JSON, by counting alone, since a
//! reader that follows each level may end the process at some hundred thousand of them.

/// Most levels of objects and lists in a body. GitLab's own have fewer than ten.
pub const MAX_LEVELS: usize = 128;

/// Whether a body has more than [`MAX_LEVELS`]. Of what is no JSON, no reader comes further than
/// the levels that are counted here.
pub fn is_too_deep(body: &[u8]) -> bool {
    let (mut level, mut in_text) = (0usize, false);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                bytes.next();
            }
            b'[' | b'{' if !in_text => level += 1,
            b']' | b'}' if !in_text => level = level.saturating_sub(1),
            _ => {}
        }
        if level > MAX_LEVELS {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested_lists(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn a_level_too_many_is_one_too_many() {
        for levels in [0, 1, 127, 128] {
            assert!(!is_too_deep(nested_lists(levels).as_bytes()), "{levels}");
        }
        assert!(is_too_deep(nested_lists(129).as_bytes()));
        assert!(is_too_deep("[".repeat(129).as_bytes()), "nothing need be closed");
        assert!(is_too_deep("{\"a\":[".repeat(65).as_bytes()), "objects and lists alike");
        let many = format!("[{}]", vec![nested_lists(127); 1_000].join(","));
        assert!(!is_too_deep(many.as_bytes()), "side by side is not deep");
    }

    #[test]
    fn brackets_in_a_text_are_no_levels() {
        let brackets = "[".repeat(500);
        for text in [
            format!(r#"{{"a": "{brackets}"}}"#),
            format!(r#"{{"a": "\"{brackets}"}}"#),
            format!(r#"{{"a\\": "{brackets}\\"}}"#),
            format!(r#"{{"\u005b\"": "\\\"{brackets}"}}"#),
        ] {
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
            assert!(!is_too_deep(text.as_bytes()), "{text}");
        }
        // The text ends before the brackets.
        assert!(is_too_deep(format!(r#"["\\",{brackets}"#).as_bytes()));
        assert!(!is_too_deep(br#"["unended \"#));
    }
}
