//! Reads a condition. Every fault has a place and says what would be right there.
//!
//! ```text
//! condition  = all *( "or" all )
//! all        = one *( "and" one )
//! one        = "not" one / "(" condition ")" / field [ test ]
//! test       = ( "=" / "==" / "!=" / "<" / "<=" / ">" / ">=" ) value
//!            / [ "not" ] "in" "[" value *( "," value ) "]"
//!            / [ "not" ] ( "contains" / "like" ) text
//! value      = text / number / "true" / "false"
//! ```

use super::{Condition, Field, MAX_DEPTH, MAX_LENGTH, Node, Relation, Type, Value, field_words};
use crate::matching::filter::no_glob;
use crate::sentence::Sentence;
use globset::GlobBuilder;

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The letter in it, from 1.
    pub column: usize,
    /// What is wrong, as the rest of a sentence.
    pub message: Sentence,
}

impl From<Fault> for Sentence {
    fn from(Fault { line, column, message }: Fault) -> Self {
        let sentence = if line > 1 {
            Self::new("Line {line}, column {column}: {message}").with("line", line)
        } else {
            Self::new("Column {column}: {message}")
        };
        sentence.with("column", column).with_sentence("message", message)
    }
}

/// Reads a condition; none if there is nothing but space.
///
/// # Errors
/// The first [`Fault`].
pub fn parse_condition(text: &str) -> Result<Option<Condition>, Fault> {
    let letters: Vec<char> = text.chars().take(MAX_LENGTH + 1).collect();
    if letters.len() > MAX_LENGTH {
        let message = Sentence::new("keep it to {most} characters.").with("most", MAX_LENGTH);
        return Err(fault_at(&letters, MAX_LENGTH, message));
    }
    let tokens = split_tokens(&letters)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader { letters: &letters, tokens, next: 0, fields: Vec::new() };
    let root = reader.parse_any(0)?;
    match reader.tokens.get(reader.next) {
        None => Ok(Some(Condition { root, fields: reader.fields })),
        Some(_) => Err(reader.fault_here("here “and”, “or” or the end is expected.")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Relation(Relation),
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
}

fn fault_at(letters: &[char], at: usize, message: impl Into<Sentence>) -> Fault {
    let before = letters.get(..at).unwrap_or(letters);
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
    Fault { line, column, message: message.into() }
}

/// The tokens and where each begins.
fn split_tokens(letters: &[char]) -> Result<Vec<(usize, Token)>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let start = at;
        let next = letters.get(at + 1).copied();
        at += 1;
        let two = |second: char| next == Some(second);
        let token = match letter {
            c if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenList,
            ']' => Token::CloseList,
            ',' => Token::Comma,
            '=' => {
                at += usize::from(two('='));
                Token::Relation(Relation::Equal)
            }
            '!' if two('=') => {
                at += 1;
                Token::Relation(Relation::NotEqual)
            }
            '<' | '>' => {
                at += usize::from(two('='));
                Token::Relation(match (letter, two('=')) {
                    ('<', false) => Relation::Less,
                    ('<', true) => Relation::LessOrEqual,
                    (_, false) => Relation::Greater,
                    (_, true) => Relation::GreaterOrEqual,
                })
            }
            '"' | '\'' => {
                let (text, end) = read_quoted(letters, start, letter)?;
                at = end;
                Token::Text(text)
            }
            '-' | '0'..='9' => {
                let digits = take_while_belongs(letters, at, |c| c.is_ascii_digit());
                at += digits.chars().count();
                let number = format!("{letter}{digits}").parse();
                let message = "this is no whole number of at most 19 digits.";
                Token::Number(number.map_err(|_| fault_at(letters, start, message))?)
            }
            c if c.is_alphabetic() || c == '_' => {
                let rest = take_while_belongs(letters, at, |c| {
                    c.is_alphanumeric() || matches!(c, '_' | '.')
                });
                at += rest.chars().count();
                Token::Word(format!("{c}{rest}"))
            }
            other => {
                let message = Sentence::new("{other} means nothing here.");
                return Err(fault_at(letters, start, message.with("other", format!("{other:?}"))));
            }
        };
        tokens.push((start, token));
    }
    Ok(tokens)
}

fn take_while_belongs(letters: &[char], from: usize, belongs: impl Fn(char) -> bool) -> String {
    letters.iter().skip(from).take_while(|c| belongs(**c)).collect()
}

/// A text in quotes; a backslash takes the meaning from the letter after it.
fn read_quoted(letters: &[char], start: usize, quote: char) -> Result<(String, usize), Fault> {
    let mut text = String::new();
    let mut at = start + 1;
    loop {
        match letters.get(at) {
            None => {
                return Err(fault_at(letters, start, "this text has no end: a quote is missing."));
            }
            Some(c) if *c == quote => return Ok((text, at + 1)),
            Some('\\') if letters.get(at + 1).is_some() => {
                text.extend(letters.get(at + 1));
                at += 2;
            }
            Some(c) => {
                text.push(*c);
                at += 1;
            }
        }
    }
}

struct Reader<'t> {
    letters: &'t [char],
    tokens: Vec<(usize, Token)>,
    next: usize,
    fields: Vec<Field>,
}

impl Reader<'_> {
    /// A fault at the next token.
    fn fault_here(&self, message: impl Into<Sentence>) -> Fault {
        let at = self.tokens.get(self.next).map_or(self.letters.len(), |(at, _)| *at);
        fault_at(self.letters, at, message)
    }

    fn take_token(&mut self) -> Option<Token> {
        let (_, token) = self.tokens.get(self.next)?;
        self.next += 1;
        Some(token.clone())
    }

    fn take_if(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.get(self.next).is_some_and(|(_, token)| token == wanted);
        self.next += usize::from(found);
        found
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let is =
            |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        let found = self.tokens.get(self.next).is_some_and(|(_, token)| is(token));
        self.next += usize::from(found);
        found
    }

    fn parse_any(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut nodes = vec![self.parse_all(depth)?];
        while self.takes_word("or") {
            nodes.push(self.parse_all(depth)?);
        }
        Ok(single_or(nodes, Node::Or))
    }

    fn parse_all(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut nodes = vec![self.parse_one(depth)?];
        while self.takes_word("and") {
            nodes.push(self.parse_one(depth)?);
        }
        Ok(single_or(nodes, Node::And))
    }

    fn parse_one(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > MAX_DEPTH {
            let message = Sentence::new("it is nested more than {most} deep.");
            return Err(self.fault_here(message.with("most", MAX_DEPTH)));
        }
        if self.takes_word("not") {
            return Ok(Node::Not(Box::new(self.parse_one(depth + 1)?)));
        }
        if self.take_if(&Token::Open) {
            let node = self.parse_any(depth + 1)?;
            if !self.take_if(&Token::Close) {
                return Err(self.fault_here("here “)” is expected."));
            }
            return Ok(node);
        }
        let field = self.parse_field()?;
        if !self.fields.contains(&field) {
            self.fields.push(field);
        }
        self.parse_test(field)
    }

    fn parse_field(&mut self) -> Result<Field, Fault> {
        let here = self.fault_here("here a field is expected, such as branch.");
        match self.take_token() {
            Some(Token::Word(word)) => {
                Field::ALL.iter().copied().find(|field| field.word() == word).ok_or_else(|| {
                    let words = field_words().collect::<Vec<_>>().join(", ");
                    let message = Sentence::new("there is no field {word}. There are: {words}.")
                        .with("word", format!("{word:?}"))
                        .with("words", words);
                    Fault { message, ..here }
                })
            }
            _ => Err(here),
        }
    }

    fn parse_test(&mut self, field: Field) -> Result<Node, Fault> {
        if let Some((_, Token::Relation(relation))) = self.tokens.get(self.next) {
            let relation = *relation;
            if field.of_type() == Type::List {
                let message = Sentence::new("{word} is a list: use “contains”, “like” or “in”.");
                return Err(self.fault_here(message.with("word", field.word())));
            }
            let ordered = !matches!(relation, Relation::Equal | Relation::NotEqual);
            if ordered && field.of_type() != Type::Number {
                let message = Sentence::new("{word} is no number, so it has no order.");
                return Err(self.fault_here(message.with("word", field.word())));
            }
            self.next += 1;
            return Ok(Node::Compare(field, relation, self.parse_value(field)?));
        }
        // "not" after a field belongs to what follows it.
        let negated = self.takes_word("not");
        let node = if self.takes_word("in") {
            Node::In(field, self.parse_list(field)?)
        } else if self.takes_word("contains") {
            Node::Contains(field, self.parse_text_value(field)?)
        } else if self.takes_word("like") {
            let at = self.fault_here("");
            let glob = GlobBuilder::new(&self.parse_text_value(field)?).build();
            let glob = glob.map_err(|error| Fault { message: no_glob(error.kind()), ..at })?;
            Node::Like(field, glob.compile_matcher())
        } else if negated {
            return Err(self.fault_here("here “in”, “contains” or “like” is expected."));
        } else if field.of_type() == Type::Bool {
            Node::Flag(field)
        } else {
            let message =
                Sentence::new("after {word} comes “=”, “!=”, “in”, “contains” or “like”.");
            return Err(self.fault_here(message.with("word", field.word())));
        };
        Ok(if negated { Node::Not(Box::new(node)) } else { node })
    }

    fn parse_list(&mut self, field: Field) -> Result<Vec<Value>, Fault> {
        if !self.take_if(&Token::OpenList) {
            return Err(self.fault_here("here “[” is expected, as in: in [\"a\", \"b\"]."));
        }
        let mut values = vec![self.parse_value(field)?];
        while self.take_if(&Token::Comma) {
            values.push(self.parse_value(field)?);
        }
        if !self.take_if(&Token::CloseList) {
            return Err(self.fault_here("here “,” or “]” is expected."));
        }
        Ok(values)
    }

    fn parse_value(&mut self, field: Field) -> Result<Value, Fault> {
        let wanted = match field.of_type() {
            Type::Text | Type::List => "a text in quotes",
            Type::Number => "a number",
            Type::Bool => "true or false",
        };
        let here = self.fault_here(
            Sentence::new("{word} is compared with {wanted}.")
                .with("word", field.word())
                .with_sentence("wanted", wanted),
        );
        match (self.take_token(), field.of_type()) {
            (Some(Token::Text(text)), Type::Text | Type::List) => Ok(Value::Text(text)),
            (Some(Token::Number(number)), Type::Number) => Ok(Value::Number(number)),
            (Some(Token::Word(word)), Type::Bool) if word == "true" => Ok(Value::Bool(true)),
            (Some(Token::Word(word)), Type::Bool) if word == "false" => Ok(Value::Bool(false)),
            _ => Err(here),
        }
    }

    fn parse_text_value(&mut self, field: Field) -> Result<String, Fault> {
        if !matches!(field.of_type(), Type::Text | Type::List) {
            let message = Sentence::new("{word} is no text.").with("word", field.word());
            return Err(self.fault_here(message));
        }
        let here = self.fault_here("here a text in quotes is expected.");
        match self.take_token() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err(here),
        }
    }
}

fn single_or(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match (nodes.pop(), nodes.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            nodes.extend(last);
            many(nodes)
        }
    }
}
