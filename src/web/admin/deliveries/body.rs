//! A delivery's body as text: indented for reading without changing a single token, so that big
//! numbers, doubled keys and escapes are seen as they came.

use serde::de::IgnoredAny;

/// The most of a body that a page shows; the rest is for downloading.
pub const MOST: usize = 256 * 1024;

/// The most that indenting may make of it: each line of a deep body begins with many spaces.
const MOST_INDENTED: usize = 4 * MOST;

/// Indents JSON; `None` if it is not JSON, or would become too long.
pub fn indent_json(text: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0usize;
    // Inside a string JSON allows no raw line end, so that leaving them out loses nothing.
    let mut letters = text.chars().filter(|c| !matches!(c, '\n' | '\r')).peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                out.push('"');
                copy_string(&mut letters, &mut out);
            }
            '{' | '[' => {
                skip_spaces(&mut letters);
                out.push(letter);
                let closing = if letter == '{' { '}' } else { ']' };
                if let Some(closing) = letters.next_if_eq(&closing) {
                    out.push(closing);
                } else {
                    depth += 1;
                    start_line(&mut out, depth)?;
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                start_line(&mut out, depth)?;
                out.push(letter);
            }
            ',' => {
                out.push(',');
                start_line(&mut out, depth)?;
            }
            ':' => out.push_str(": "),
            ' ' | '\t' => {}
            other => out.push(other),
        }
    }
    Some(out)
}

type Letters<'a, I> = &'a mut std::iter::Peekable<I>;

/// Copies a string up to its closing quote.
fn copy_string<I: Iterator<Item = char>>(letters: Letters<'_, I>, out: &mut String) {
    while let Some(letter) = letters.next() {
        out.push(letter);
        match letter {
            '\\' => out.extend(letters.next()),
            '"' => return,
            _ => {}
        }
    }
}

fn skip_spaces<I: Iterator<Item = char>>(letters: Letters<'_, I>) {
    while letters.next_if(|letter| matches!(letter, ' ' | '\t')).is_some() {}
}

fn start_line(out: &mut String, depth: usize) -> Option<()> {
    if out.len() + 2 * depth > MOST_INDENTED {
        return None;
    }
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_stay_as_they_came() {
        let text =
            "{\"a\" : 12345678901234567890123.10,\n\"a\":[],\"b\":{ },\"c\":[1,\"x\\\"{,\"]}";
        let shown = "{\n  \"a\": 12345678901234567890123.10,\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    \"x\\\"{,\"\n  ]\n}";
        assert_eq!(indent_json(text).as_deref(), Some(shown));
        assert_eq!(indent_json("{\"a\":"), None);
        assert_eq!(indent_json("hello"), None);
    }

    #[test]
    fn what_indenting_would_blow_up_stays_as_it_came() {
        let deep = |levels, text| format!("{}{text}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(indent_json(&deep(500, "1")).is_some());
        for levels in [1_000, 20_000, 120_000] {
            assert_eq!(indent_json(&deep(levels, "")), None);
        }
        // Not deep, and yet many times its size.
        let ones = vec!["1"; 100_000].join(",");
        assert!(indent_json(&format!("[{ones}]")).is_some());
        assert_eq!(indent_json(&deep(128, &ones)), None);
    }

    proptest! {
        #[test]
        fn indented_json_means_the_same(depth in 0usize..4, words in prop::collection::vec(".*", 0..5)) {
            let mut value = serde_json::json!(words);
            for _ in 0..depth {
                value = serde_json::json!({"k": [value, 1.5e3, null]});
            }
            let shown = indent_json(&value.to_string()).unwrap();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }
}
