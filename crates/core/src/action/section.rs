//! A TOML table read key by key: the wrong type, the wrong range and whatever is left over at the
//! end are faults, each with the line it stands on. Knows nothing of actions.

use super::Fault;
use crate::sentence::Sentence;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

/// The faults found so far in one text.
pub(super) struct Faults<'t> {
    text: &'t str,
    found: Vec<Fault>,
}

impl<'t> Faults<'t> {
    pub(super) fn for_text(text: &'t str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Adds a fault at a byte of the text, or about the text as a whole.
    pub(super) fn add_at(&mut self, at: Option<usize>, reason: impl Into<Sentence>) {
        let line = at.and_then(|at| self.text.as_bytes().get(..at)).map(|before| {
            let ends = before.iter().filter(|byte| **byte == b'\n');
            ends.count() + 1
        });
        self.found.push(Fault { line, reason: reason.into() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order of the lines.
    pub(super) fn into_sorted(mut self) -> Vec<Fault> {
        self.found.sort_by_key(|fault| fault.line);
        self.found
    }
}

/// A text and the byte it starts at.
pub(super) type Text = (String, usize);

/// One table, from which keys are taken.
pub(super) struct Section<'t> {
    prefix: String,
    /// Where each key of the table stands.
    places: BTreeMap<String, usize>,
    left: BTreeMap<String, Spanned<DeValue<'t>>>,
}

impl<'t> Section<'t> {
    /// The table whose keys read `prefix` + key in a message.
    pub(super) fn new(prefix: &str, table: DeTable<'t>) -> Self {
        let mut section =
            Self { prefix: prefix.to_owned(), places: BTreeMap::new(), left: BTreeMap::new() };
        for (key, value) in table {
            section.places.insert(key.get_ref().clone().into_owned(), key.span().start);
            section.left.insert(key.into_inner().into_owned(), value);
        }
        section
    }

    /// The table's own name.
    pub(super) fn name(&self) -> &str {
        self.prefix.trim_end_matches('.')
    }

    /// A sentence about one of its keys.
    pub(super) fn sentence_about(&self, key: &str, why: impl Into<Sentence>) -> Sentence {
        let key = format!("{}{key}", self.prefix);
        Sentence::new("{key}: {why}").with("key", key).with_sentence("why", why)
    }

    /// Every key of the table.
    pub(super) fn keys(&self) -> Vec<String> {
        self.places.keys().cloned().collect()
    }

    /// Where a key stands, also after it was taken.
    pub(super) fn position_of(&self, key: &str) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// Every key nobody took is unknown.
    pub(super) fn reject_unknown(self, faults: &mut Faults<'_>) {
        for key in self.left.keys() {
            let name = format!("{}{key}", self.prefix);
            faults.add_at(
                self.position_of(key),
                Sentence::new("{name} is not a key that is known here").with("name", name),
            );
        }
    }

    /// A value of any type.
    pub(super) fn take_value(&mut self, key: &str) -> Option<Spanned<DeValue<'t>>> {
        self.left.remove(key)
    }

    pub(super) fn take_text(&mut self, key: &str, faults: &mut Faults<'_>) -> Option<Text> {
        let value = self.left.remove(key)?;
        self.as_text(key, &value, faults)
    }

    pub(super) fn take_texts(&mut self, key: &str, faults: &mut Faults<'_>) -> Option<Vec<Text>> {
        let value = self.left.remove(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            return self.add_wrong_type(key, "a list of strings", &value, faults);
        };
        Some(items.iter().filter_map(|item| self.as_text(key, item, faults)).collect())
    }

    pub(super) fn take_boolean(&mut self, key: &str, faults: &mut Faults<'_>) -> Option<bool> {
        let value = self.left.remove(key)?;
        let DeValue::Boolean(truth) = value.get_ref() else {
            return self.add_wrong_type(key, "true or false", &value, faults);
        };
        Some(*truth)
    }

    pub(super) fn take_integer(
        &mut self,
        key: &str,
        range: RangeInclusive<i64>,
        faults: &mut Faults<'_>,
    ) -> Option<i64> {
        let value = self.left.remove(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            return self.add_wrong_type(key, "a whole number", &value, faults);
        };
        let fits = parse_whole(number).filter(|number| range.contains(number));
        if fits.is_none() {
            let (least, most) = (range.start(), range.end());
            let why = Sentence::new("write a whole number from {least} to {most}")
                .with("least", least)
                .with("most", most);
            faults.add_at(Some(value.span().start), self.sentence_about(key, why));
        }
        fits
    }

    pub(super) fn take_integers(
        &mut self,
        key: &str,
        range: RangeInclusive<i64>,
        faults: &mut Faults<'_>,
    ) -> Option<Vec<i64>> {
        let value = self.left.remove(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            return self.add_wrong_type(key, "a list of whole numbers", &value, faults);
        };
        let mut numbers = Vec::new();
        for item in items {
            let number = match item.get_ref() {
                DeValue::Integer(number) => {
                    parse_whole(number).filter(|number| range.contains(number))
                }
                _ => None,
            };
            if number.is_none() {
                let (least, most) = (range.start(), range.end());
                let why = Sentence::new("write whole numbers from {least} to {most}")
                    .with("least", least)
                    .with("most", most);
                faults.add_at(Some(item.span().start), self.sentence_about(key, why));
            }
            numbers.extend(number);
        }
        Some(numbers)
    }

    /// A number, whole or not.
    pub(super) fn take_number(
        &mut self,
        key: &str,
        range: RangeInclusive<f64>,
        faults: &mut Faults<'_>,
    ) -> Option<f64> {
        let value = self.left.remove(key)?;
        let number: Option<f64> = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let fits = number.filter(|number| range.contains(number));
        if fits.is_none() {
            let (least, most) = (range.start(), range.end());
            let why = Sentence::new("write a number from {least} to {most}")
                .with("least", least)
                .with("most", most);
            faults.add_at(Some(value.span().start), self.sentence_about(key, why));
        }
        fits
    }

    /// A string, a whole number or a boolean, as text.
    pub(super) fn take_scalar(&mut self, key: &str, faults: &mut Faults<'_>) -> Option<Text> {
        let value = self.left.remove(key)?;
        let text = match value.get_ref() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Integer(number) => {
                parse_whole(number).map_or_else(|| number.as_str().to_owned(), |n| n.to_string())
            }
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                return self.add_wrong_type(
                    key,
                    "a string, a whole number, true or false",
                    &value,
                    faults,
                );
            }
        };
        Some((text, value.span().start))
    }

    pub(super) fn take_table(
        &mut self,
        key: &str,
        faults: &mut Faults<'_>,
    ) -> Option<(DeTable<'t>, usize)> {
        let value = self.left.remove(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            return self.add_wrong_type(key, "a table", &value, faults);
        };
        Some((table.clone(), self.position_of(key)?))
    }

    fn as_text(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        faults: &mut Faults<'_>,
    ) -> Option<Text> {
        let DeValue::String(text) = value.get_ref() else {
            return self.add_wrong_type(key, "a string", value, faults);
        };
        Some((text.clone().into_owned(), value.span().start))
    }

    /// Adds the fault that a value is of the wrong type.
    fn add_wrong_type<T>(
        &self,
        key: &str,
        wanted: &'static str,
        found: &Spanned<DeValue<'_>>,
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        let found_type = found.get_ref().type_str();
        let why = Sentence::new("write {wanted}; this is of the type {found_type}")
            .with_sentence("wanted", wanted)
            .with("found_type", found_type);
        faults.add_at(Some(found.span().start), self.sentence_about(key, why));
        None
    }
}

fn parse_whole(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
