//! A JSON body as a tree to open and close, told as a flat row of openings, leaves and closings.
//! No token is changed: big numbers, doubled keys and escapes are shown as they came.

use serde::de::IgnoredAny;
use signalbox_core::event::nesting::is_too_deep;
use signalbox_i18n::count_phrase;

/// Most lines drawn; a larger body is shown as text.
const MOST: usize = 3_000;
/// Branches below this depth are closed at first.
const OPEN_DEPTH: usize = 2;

/// One line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A branch begins.
    Open {
        /// Its key; empty in a list and at the root.
        key: String,
        /// How many members it has, in words.
        size: String,
        /// Whether it is open at first.
        is_open: bool,
    },
    /// A value.
    Leaf {
        /// Its key; empty in a list.
        key: String,
        /// The token.
        value: String,
        /// Whether it is a text.
        is_text: bool,
    },
    /// A branch ends.
    Close,
}

/// The tree of a JSON text; none if it is no JSON, too large or too deep to draw.
pub fn read_tree(text: &str) -> Option<Vec<Node>> {
    if is_too_deep(text.as_bytes()) {
        return None;
    }
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut reader = Reader { rest: text, nodes: Vec::new(), open: Vec::new() };
    loop {
        reader.read_member()?;
        if reader.open.is_empty() {
            return Some(reader.nodes);
        }
    }
}

/// Reads what is known to be JSON.
struct Reader<'a> {
    rest: &'a str,
    nodes: Vec<Node>,
    /// The branches that have not ended, the innermost last.
    open: Vec<Branch>,
}

struct Branch {
    /// Where its node is.
    place: usize,
    members: i64,
    is_object: bool,
}

impl<'a> Reader<'a> {
    /// Reads the root, the next member of the innermost branch, or that branch's end.
    fn read_member(&mut self) -> Option<()> {
        if self.nodes.len() > MOST {
            return None;
        }
        let mut key = String::new();
        if let Some(mut branch) = self.open.pop() {
            match self.peek_char()? {
                '}' | ']' => return self.close_branch(&branch),
                ',' => {
                    self.take_bytes(1)?;
                }
                _ => {}
            }
            if branch.is_object {
                self.peek_char()?;
                let quoted = self.read_string()?;
                quoted.get(1..quoted.len().checked_sub(1)?)?.clone_into(&mut key);
                self.peek_char()?;
                self.take_bytes(1)?;
            }
            branch.members += 1;
            self.open.push(branch);
        }
        self.read_value(key)
    }

    fn read_value(&mut self, key: String) -> Option<()> {
        match self.peek_char()? {
            letter @ ('{' | '[') => {
                self.take_bytes(1)?;
                let is_open = self.open.len() < OPEN_DEPTH;
                let is_object = letter == '{';
                self.open.push(Branch { place: self.nodes.len(), members: 0, is_object });
                self.nodes.push(Node::Open { key, size: String::new(), is_open });
            }
            '"' => {
                let value = self.read_string()?.to_owned();
                self.nodes.push(Node::Leaf { key, value, is_text: true });
            }
            _ => {
                let end = self.rest.find([',', '}', ']', ' ', '\t', '\n', '\r']);
                let value = self.take_bytes(end.unwrap_or(self.rest.len()))?.to_owned();
                self.nodes.push(Node::Leaf { key, value, is_text: false });
            }
        }
        Some(())
    }

    fn close_branch(&mut self, branch: &Branch) -> Option<()> {
        self.take_bytes(1)?;
        if let Some(Node::Open { size, .. }) = self.nodes.get_mut(branch.place) {
            *size = if branch.is_object {
                count_phrase(branch.members, "{n} field", "{n} fields")
            } else {
                count_phrase(branch.members, "{n} item", "{n} items")
            };
        }
        self.nodes.push(Node::Close);
        Some(())
    }

    /// The next character that is no space, spaces before it left behind.
    fn peek_char(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.chars().next()
    }

    fn take_bytes(&mut self, bytes: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    /// A string with its quotes.
    fn read_string(&mut self) -> Option<&'a str> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find_map(|(at, letter)| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends.then_some(at + 1)
        })?;
        self.take_bytes(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The tree written as JSON again.
    fn write_nodes(nodes: &[Node], text: &mut String, ends: &mut Vec<char>) {
        for node in nodes {
            if !matches!(node, Node::Close) && !text.is_empty() && !text.ends_with(['{', '[']) {
                text.push(',');
            }
            let key =
                |key: &str| if key.is_empty() { String::new() } else { format!("\"{key}\":") };
            match node {
                Node::Open { key: name, size, .. } => {
                    let is_list = size.contains("item");
                    text.push_str(&key(name));
                    text.push(if is_list { '[' } else { '{' });
                    ends.push(if is_list { ']' } else { '}' });
                }
                Node::Leaf { key: name, value, .. } => {
                    text.push_str(&key(name));
                    text.push_str(value);
                }
                Node::Close => text.push(ends.pop().unwrap()),
            }
        }
    }

    #[test]
    fn tokens_stay_as_they_came() {
        let text = r#"{"a":12345678901234567890123.10,"a":"x\"{,","b":[1,[],{"c":null}]}"#;
        let mut again = String::new();
        write_nodes(&read_tree(text).unwrap(), &mut again, &mut Vec::new());
        assert_eq!(again, text);
        assert!(read_tree("hello").is_none());
        assert!(read_tree(&format!("[{}1]", "1,".repeat(MOST + 5))).is_none());
    }

    #[test]
    fn depth_is_no_danger() {
        let lists = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(read_tree(&lists(128)).unwrap().len(), 256);
        for levels in [129, 2_000, 20_000, 120_000] {
            assert_eq!(read_tree(&lists(levels)), None);
        }
    }

    proptest! {
        #[test]
        fn the_tree_holds_all_of_a_body(words in prop::collection::vec(".*", 0..5), spaces in any::<bool>()) {
            let value = serde_json::json!({"k": [words, {"n": -1.5e3, "t": true}], "z": {}});
            let text = if spaces { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let mut again = String::new();
            write_nodes(&read_tree(&text).unwrap(), &mut again, &mut Vec::new());
            prop_assert_eq!(again, value.to_string());
        }
    }
}
