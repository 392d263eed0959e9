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
        sentence.with("column", column).saying("message", message)
    }
}

/// Reads a condition; none if there is nothing but space.
///
/// # Errors
/// The first [`Fault`].
pub fn parse(text: &str) -> Result<Option<Condition>, Fault> {
    let letters: Vec<char> = text.chars().take(MAX_LENGTH + 1).collect();
    if letters.len() > MAX_LENGTH {
        let message = Sentence::new("keep it to {most} characters.").with("most", MAX_LENGTH);
        return Err(fault(&letters, MAX_LENGTH, message));
    }
    let tokens = tokens(&letters)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader { letters: &letters, tokens, next: 0, fields: Vec::new() };
    let root = reader.any(0)?;
    match reader.tokens.get(reader.next) {
        None => Ok(Some(Condition { root, fields: reader.fields })),
        Some(_) => Err(reader.fault("here “and”, “or” or the end is expected.")),
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

fn fault(letters: &[char], at: usize, message: impl Into<Sentence>) -> Fault {
    let before = letters.get(..at).unwrap_or(letters);
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
    Fault { line, column, message: message.into() }
}

/// The tokens and where each begins.
fn tokens(letters: &[char]) -> Result<Vec<(usize, Token)>, Fault> {
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
                let (text, end) = quoted(letters, start, letter)?;
                at = end;
                Token::Text(text)
            }
            '-' | '0'..='9' => {
                let digits = run(letters, at, |c| c.is_ascii_digit());
                at += digits.chars().count();
                let number = format!("{letter}{digits}").parse();
                let message = "this is no whole number of at most 19 digits.";
                Token::Number(number.map_err(|_| fault(letters, start, message))?)
            }
            c if c.is_alphabetic() || c == '_' => {
                let rest = run(letters, at, |c| c.is_alphanumeric() || matches!(c, '_' | '.'));
                at += rest.chars().count();
                Token::Word(format!("{c}{rest}"))
            }
            other => {
                let message = Sentence::new("{other} means nothing here.");
                return Err(fault(letters, start, message.with("other", format!("{other:?}"))));
            }
        };
        tokens.push((start, token));
    }
    Ok(tokens)
}

fn run(letters: &[char], from: usize, belongs: impl Fn(char) -> bool) -> String {
    letters.iter().skip(from).take_while(|c| belongs(**c)).collect()
}

/// A text in quotes; a backslash takes the meaning from the letter after it.
fn quoted(letters: &[char], start: usize, quote: char) -> Result<(String, usize), Fault> {
    let mut text = String::new();
    let mut at = start + 1;
    loop {
        match letters.get(at) {
            None => return Err(fault(letters, start, "this text has no end: a quote is missing.")),
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
    fn fault(&self, message: impl Into<Sentence>) -> Fault {
        let at = self.tokens.get(self.next).map_or(self.letters.len(), |(at, _)| *at);
        fault(self.letters, at, message)
    }

    fn take(&mut self) -> Option<Token> {
        let (_, token) = self.tokens.get(self.next)?;
        self.next += 1;
        Some(token.clone())
    }

    fn takes(&mut self, wanted: &Token) -> bool {
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

    fn any(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut nodes = vec![self.all(depth)?];
        while self.takes_word("or") {
            nodes.push(self.all(depth)?);
        }
        Ok(single_or(nodes, Node::Or))
    }

    fn all(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut nodes = vec![self.one(depth)?];
        while self.takes_word("and") {
            nodes.push(self.one(depth)?);
        }
        Ok(single_or(nodes, Node::And))
    }

    fn one(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > MAX_DEPTH {
            let message = Sentence::new("it is nested more than {most} deep.");
            return Err(self.fault(message.with("most", MAX_DEPTH)));
        }
        if self.takes_word("not") {
            return Ok(Node::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes(&Token::Open) {
            let node = self.any(depth + 1)?;
            if !self.takes(&Token::Close) {
                return Err(self.fault("here “)” is expected."));
            }
            return Ok(node);
        }
        let field = self.field()?;
        if !self.fields.contains(&field) {
            self.fields.push(field);
        }
        self.test(field)
    }

    fn field(&mut self) -> Result<Field, Fault> {
        let here = self.fault("here a field is expected, such as branch.");
        match self.take() {
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

    fn test(&mut self, field: Field) -> Result<Node, Fault> {
        if let Some((_, Token::Relation(relation))) = self.tokens.get(self.next) {
            let relation = *relation;
            if field.of_type() == Type::List {
                let message = Sentence::new("{word} is a list: use “contains”, “like” or “in”.");
                return Err(self.fault(message.with("word", field.word())));
            }
            let ordered = !matches!(relation, Relation::Equal | Relation::NotEqual);
            if ordered && field.of_type() != Type::Number {
                let message = Sentence::new("{word} is no number, so it has no order.");
                return Err(self.fault(message.with("word", field.word())));
            }
            self.next += 1;
            return Ok(Node::Compare(field, relation, self.value(field)?));
        }
        // "not" after a field belongs to what follows it.
        let negated = self.takes_word("not");
        let node = if self.takes_word("in") {
            Node::In(field, self.list(field)?)
        } else if self.takes_word("contains") {
            Node::Contains(field, self.text(field)?)
        } else if self.takes_word("like") {
            let at = self.fault("");
            let glob = GlobBuilder::new(&self.text(field)?).build();
            let glob = glob.map_err(|error| Fault { message: no_glob(error.kind()), ..at })?;
            Node::Like(field, glob.compile_matcher())
        } else if negated {
            return Err(self.fault("here “in”, “contains” or “like” is expected."));
        } else if field.of_type() == Type::Bool {
            Node::Flag(field)
        } else {
            let message =
                Sentence::new("after {word} comes “=”, “!=”, “in”, “contains” or “like”.");
            return Err(self.fault(message.with("word", field.word())));
        };
        Ok(if negated { Node::Not(Box::new(node)) } else { node })
    }

    fn list(&mut self, field: Field) -> Result<Vec<Value>, Fault> {
        if !self.takes(&Token::OpenList) {
            return Err(self.fault("here “[” is expected, as in: in [\"a\", \"b\"]."));
        }
        let mut values = vec![self.value(field)?];
        while self.takes(&Token::Comma) {
            values.push(self.value(field)?);
        }
        if !self.takes(&Token::CloseList) {
            return Err(self.fault("here “,” or “]” is expected."));
        }
        Ok(values)
    }

    fn value(&mut self, field: Field) -> Result<Value, Fault> {
        let wanted = match field.of_type() {
            Type::Text | Type::List => "a text in quotes",
            Type::Number => "a number",
            Type::Bool => "true or false",
        };
        let here = self.fault(
            Sentence::new("{word} is compared with {wanted}.")
                .with("word", field.word())
                .saying("wanted", wanted),
        );
        match (self.take(), field.of_type()) {
            (Some(Token::Text(text)), Type::Text | Type::List) => Ok(Value::Text(text)),
            (Some(Token::Number(number)), Type::Number) => Ok(Value::Number(number)),
            (Some(Token::Word(word)), Type::Bool) if word == "true" => Ok(Value::Bool(true)),
            (Some(Token::Word(word)), Type::Bool) if word == "false" => Ok(Value::Bool(false)),
            _ => Err(here),
        }
    }

    fn text(&mut self, field: Field) -> Result<String, Fault> {
        if !matches!(field.of_type(), Type::Text | Type::List) {
            let message = Sentence::new("{word} is no text.").with("word", field.word());
            return Err(self.fault(message));
        }
        let here = self.fault("here a text in quotes is expected.");
        match self.take() {
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
