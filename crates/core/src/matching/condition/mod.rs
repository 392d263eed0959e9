//! A webhook's condition: a small closed language over an event's fields, such as
//! `branch = "main" and not draft`. This file says what it means; `parse.rs` reads it.
//!
//! There are no loops, functions or regular expressions in it: a condition is worked out in time
//! linear in its own length times the length of the texts it looks at. Grammar and examples are in
//! `docs/matching.md`.

mod parse;

pub use parse::{Fault, parse_condition};

use crate::event::Event;
use globset::GlobMatcher;
use std::borrow::Cow;
use std::fmt::Write;

/// Most letters of a condition.
pub const MAX_LENGTH: usize = 2_000;
/// How deep brackets and `not` may be nested.
pub const MAX_DEPTH: usize = 32;
/// Most letters of a value that the trace shows.
const MAX_SHOWN: usize = 120;

/// A condition that can be asked.
#[derive(Debug, Clone)]
pub struct Condition {
    root: Node,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// A yes-or-no field by itself.
    Flag(Field),
    Compare(Field, Relation, Value),
    In(Field, Vec<Value>),
    Contains(Field, String),
    Like(Field, GlobMatcher),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(i64),
    Bool(bool),
}

/// What a field holds in one event.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held<'e> {
    Text(Cow<'e, str>),
    /// None: the event has none, which equals no number.
    Number(Option<i64>),
    Bool(bool),
    List(&'e [String]),
}

/// What kind of values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Number,
    Bool,
    /// Of texts.
    List,
}

macro_rules! fields {
    ($($variant:ident $word:literal $type:ident = |$event:ident| $value:expr;)*) => {
        /// A field of an event that a condition may name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Field { $($variant),* }

        impl Field {
            const ALL: &[Self] = &[$(Self::$variant),*];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            fn of_type(self) -> Type {
                match self { $(Self::$variant => Type::$type),* }
            }

            fn value_in(self, event: &Event) -> Held<'_> {
                match self { $(Self::$variant => { let $event = event; Held::$type($value) }),* }
            }
        }
    };
}

fields! {
    Kind "kind" Text = |event| Cow::Borrowed(&event.object_kind);
    Header "header" Text = |event| Cow::Borrowed(&event.header);
    Ref "ref" Text = |event| Cow::Borrowed(event.git_ref.as_str());
    Branch "branch" Text = |event| Cow::Borrowed(event.git_ref.branch_name());
    Tag "tag" Text = |event| Cow::Borrowed(event.git_ref.tag_name());
    TargetBranch "target_branch" Text = |event| Cow::Borrowed(&event.target_branch);
    Sha "sha" Text = |event| Cow::Borrowed(&event.sha);
    Before "before" Text = |event| Cow::Borrowed(&event.before);
    ProjectId "project_id" Number = |event| event.project_id;
    ProjectPath "project_path" Text = |event| Cow::Borrowed(&event.project_path);
    RepoName "repo_name" Text = |event| Cow::Borrowed(&event.repo_name);
    UserId "user_id" Number = |event| event.user_id;
    UserName "user_name" Text = |event| Cow::Borrowed(&event.user_name);
    UserUsername "user_username" Text = |event| Cow::Borrowed(&event.user_username);
    UserEmail "user_email" Text = |event| Cow::Borrowed(&event.user_email);
    Action "action" Text = |event| Cow::Borrowed(&event.action);
    Status "status" Text = |event| Cow::Borrowed(&event.status);
    Title "title" Text = |event| Cow::Borrowed(&event.title);
    Message "message" Text = |event| Cow::Borrowed(&event.message);
    Source "source" Text = |event| Cow::Borrowed(&event.source);
    Commits "commits" Number = |event| event.changes.total;
    Created "created" Bool = |event| event.is_created();
    Deleted "deleted" Bool = |event| event.is_deleted();
    Draft "draft" Bool = |event| event.draft;
    Oldrev "oldrev" Text = |event| Cow::Borrowed(&event.oldrev);
    Labels "labels" List = |event| &event.labels.present;
    LabelsAdded "labels_added" List = |event| &event.labels.added;
    LabelsRemoved "labels_removed" List = |event| &event.labels.removed;
    Changes "changes" List = |event| &event.changed;
    Job "job" Text = |event| Cow::Borrowed(&event.job);
    Stage "stage" Text = |event| Cow::Borrowed(&event.stage);
    Environment "environment" Text = |event| Cow::Borrowed(&event.environment);
}

/// The words of every field, for messages and help.
pub fn field_words() -> impl Iterator<Item = &'static str> {
    Field::ALL.iter().map(|field| field.word())
}

impl Condition {
    /// Whether an event meets it.
    pub fn is_met_by(&self, event: &Event) -> bool {
        self.root.is_met(event)
    }

    /// Whether it looks at the field of this word.
    pub fn looks_at(&self, word: &str) -> bool {
        self.fields.iter().any(|field| field.word() == word)
    }

    /// The fields it looks at as the event has them: `branch = "main", draft = false`.
    pub fn describe_fields(&self, event: &Event) -> String {
        self.fields.iter().fold(String::new(), |mut text, field| {
            if !text.is_empty() {
                text.push_str(", ");
            }
            // Writing to a string cannot fail.
            let _ = write!(text, "{} = {}", field.word(), show_held(&field.value_in(event)));
            text
        })
    }
}

fn show_held(held: &Held<'_>) -> String {
    match held {
        Held::Text(text) if text.chars().count() > MAX_SHOWN => {
            format!("{:?}…", text.chars().take(MAX_SHOWN).collect::<String>())
        }
        Held::Text(text) => format!("{text:?}"),
        Held::Number(Some(number)) => number.to_string(),
        Held::Number(None) => "none".to_owned(),
        Held::Bool(value) => value.to_string(),
        Held::List(texts) => {
            let all = format!("{texts:?}");
            if all.chars().count() > MAX_SHOWN {
                format!("{}…", all.chars().take(MAX_SHOWN).collect::<String>())
            } else {
                all
            }
        }
    }
}

impl Node {
    fn is_met(&self, event: &Event) -> bool {
        match self {
            Self::And(nodes) => nodes.iter().all(|node| node.is_met(event)),
            Self::Or(nodes) => nodes.iter().any(|node| node.is_met(event)),
            Self::Not(node) => !node.is_met(event),
            Self::Flag(field) => field.value_in(event) == Held::Bool(true),
            Self::Compare(field, relation, value) => {
                relation.compare_held(&field.value_in(event), value)
            }
            Self::In(field, values) => {
                let held = field.value_in(event);
                values.iter().any(|value| Relation::Equal.compare_held(&held, value))
            }
            Self::Contains(field, part) => match field.value_in(event) {
                Held::Text(text) => text.contains(part.as_str()),
                Held::List(texts) => texts.contains(part),
                Held::Number(_) | Held::Bool(_) => false,
            },
            Self::Like(field, glob) => match field.value_in(event) {
                Held::Text(text) => glob.is_match(&*text),
                Held::List(texts) => texts.iter().any(|text| glob.is_match(text)),
                Held::Number(_) | Held::Bool(_) => false,
            },
        }
    }
}

impl Relation {
    fn compare_held(self, held: &Held<'_>, value: &Value) -> bool {
        let equal = match (held, value) {
            (Held::Text(held), Value::Text(value)) => held == value,
            (Held::Number(held), Value::Number(value)) => *held == Some(*value),
            (Held::Bool(held), Value::Bool(value)) => held == value,
            (Held::List(held), Value::Text(value)) => held.contains(value),
            (Held::Text(_) | Held::Number(_) | Held::Bool(_) | Held::List(_), _) => false,
        };
        let numbers = match (held, value) {
            (Held::Number(Some(held)), Value::Number(value)) => Some(held.cmp(value)),
            _ => None,
        };
        match self {
            Self::Equal => equal,
            Self::NotEqual => !equal,
            Self::Less => numbers.is_some_and(std::cmp::Ordering::is_lt),
            Self::LessOrEqual => numbers.is_some_and(std::cmp::Ordering::is_le),
            Self::Greater => numbers.is_some_and(std::cmp::Ordering::is_gt),
            Self::GreaterOrEqual => numbers.is_some_and(std::cmp::Ordering::is_ge),
        }
    }
}

#[cfg(test)]
mod tests;
