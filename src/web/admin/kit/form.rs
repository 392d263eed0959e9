//! What was typed into a form, what is wrong with it, and both together with the description as
//! the template draws them.

use super::field::{Choice, Field, Fieldset, Widget};
use signalbox_core::sentence::Sentence;
use signalbox_i18n::{self as i18n, t};
use std::collections::BTreeMap;

/// A form's values as browsers send them: a name, a text. A box that is not ticked is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    pairs: BTreeMap<String, String>,
    /// Choices that only the database knows, by their field.
    offers: BTreeMap<&'static str, Vec<Choice>>,
}

impl Values {
    /// From the pairs of a posted form or an address; a name's last value counts.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { pairs: pairs.into_iter().collect(), offers: BTreeMap::new() }
    }

    /// A field's text; empty when absent.
    pub fn get(&self, name: &str) -> &str {
        self.pairs.get(name).map_or("", String::as_str)
    }

    /// Whether there is a field of this name; a box that is not ticked is not there.
    pub fn has_field(&self, name: &str) -> bool {
        self.pairs.contains_key(name)
    }

    /// A field's text without the spaces around it.
    pub fn get_trimmed(&self, name: &str) -> &str {
        self.get(name).trim()
    }

    /// Whether a box is ticked, or a button was pressed.
    pub fn is_on(&self, name: &str) -> bool {
        self.pairs
            .get(name)
            .is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false" | "off"))
    }

    /// Sets a field.
    pub fn set_field(&mut self, name: &str, value: impl Into<String>) {
        self.pairs.insert(name.to_owned(), value.into());
    }

    /// Ticks a box, or not.
    pub fn tick_box(&mut self, name: &str, ticked: bool) {
        if ticked {
            self.set_field(name, "on");
        } else {
            self.pairs.remove(name);
        }
    }

    /// A choice, or the other word typed in its place.
    pub fn get_choice(&self, name: &str) -> &str {
        match self.get_trimmed(name) {
            OTHER => self.get_trimmed(&format!("{name}_other")),
            chosen => chosen,
        }
    }

    /// All of it in one line, for a form that must remember it.
    pub fn to_text(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }

    /// What such a line says.
    pub fn from_text(text: &str) -> Self {
        Self::from_pairs(url::form_urlencoded::parse(text.as_bytes()).into_owned())
    }

    /// Offers choices that only the database knows.
    pub fn offer_choices(&mut self, field: &'static str, choices: Vec<Choice>) {
        self.offers.insert(field, choices);
    }

    /// What is offered so.
    pub fn offered(&self, field: &str) -> &[Choice] {
        self.offers.get(field).map_or(&[], Vec::as_slice)
    }

    /// What was typed, with the choices that were offered when the form was first shown.
    #[must_use]
    pub fn with_offers_of(self, shown: &Self) -> Self {
        Self { offers: shown.offers.clone(), ..self }
    }

    /// Every name and text.
    pub fn iter_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The field that tells one form for something new from another, so that it serves once. (A name
/// with `_` in front is not part of the object.)
pub const ONCE: &str = "_once";

/// The choice that stands for another word.
pub const OTHER: &str = "other";

/// What is wrong with a form: sentences, each about a field or about the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormErrors(Vec<(String, String)>);

impl FormErrors {
    /// Something wrong with a field; only the first counts.
    pub fn add_error(&mut self, field: &str, message: impl Into<Sentence>) {
        if self.errors_of(field).is_empty() {
            self.0.push((field.to_owned(), i18n::say(&message.into())));
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field.
    pub fn errors_of(&self, field: &str) -> Vec<String> {
        self.0.iter().filter(|(name, _)| name == field).map(|(_, text)| text.clone()).collect()
    }
}

/// A form as its template draws it.
#[derive(Debug, Clone)]
pub struct FormView {
    /// The groups.
    pub fieldsets: Vec<FieldsetView>,
    /// What is wrong, in the order of the fields: the control's id, its label, the sentence.
    pub summary: Vec<SummaryLine>,
}

/// One line of the summary above a form that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryLine {
    /// The control's id; empty for the form as a whole.
    pub id: String,
    /// The field's label.
    pub label: String,
    /// What is wrong.
    pub message: String,
}

/// A group as its template draws it.
#[derive(Debug, Clone)]
pub struct FieldsetView {
    /// A word for its element's id.
    pub id: &'static str,
    /// Its title.
    pub legend: &'static str,
    /// A sentence under it.
    pub help: String,
    /// Where the documentation says more.
    pub learn_more: Option<String>,
    /// Whether fields stand side by side where there is room.
    pub paired: bool,
    /// Its fields.
    pub fields: Vec<BoundField>,
}

/// A field with its value and errors.
#[derive(Debug, Clone)]
pub struct BoundField {
    /// What it is.
    pub field: Field,
    /// Its value; empty for a secret.
    pub value: String,
    /// The other word, where the choice is "other".
    pub other: String,
    /// Whether its box is ticked.
    pub ticked: bool,
    /// What is wrong with it.
    pub errors: Vec<String>,
    /// What is stored, where the address filled in something else; and what is said of that.
    pub was: Option<(String, &'static str)>,
}

impl FieldsetView {
    /// Its fields that are always seen.
    pub fn plain_fields(&self) -> impl Iterator<Item = &BoundField> {
        self.fields.iter().filter(|field| field.field.usual.is_none())
    }

    /// Its fields that are seldom changed.
    pub fn folded_fields(&self) -> Vec<&BoundField> {
        self.fields.iter().filter(|field| field.field.usual.is_some()).collect()
    }

    /// Whether those are seen too: one of them is unusual, or wrong.
    pub fn is_unfolded(&self) -> bool {
        self.fields.iter().any(BoundField::is_unusual)
    }

    /// What they are called.
    pub fn folded_names(&self) -> String {
        let names = self.folded_fields().into_iter().map(|field| t(&field.field.label).to_owned());
        names.collect::<Vec<_>>().join(" · ")
    }
}

impl BoundField {
    /// Puts a field, its value and its errors together.
    pub fn bind_field(field: Field, values: &Values, errors: &FormErrors) -> Self {
        let (mut value, mut other) = (values.get(&field.name).to_owned(), String::new());
        match &field.widget {
            // What is secret is never sent back to the page.
            Widget::Secret { .. } | Widget::Password(_) => value.clear(),
            Widget::SelectOr { options, .. } => {
                values.get(&format!("{}_other", field.name)).clone_into(&mut other);
                let known = value.is_empty() || options.iter().any(|choice| choice.value == value);
                if !known && value != OTHER {
                    other = std::mem::replace(&mut value, OTHER.to_owned());
                }
            }
            _ => {}
        }
        let ticked = values.is_on(&field.name);
        let errors = errors.errors_of(&field.name);
        Self { field, value, other, ticked, errors, was: None }
    }

    /// The control's id.
    pub fn id(&self) -> String {
        format!("id_{}", self.field.name)
    }

    /// The ids of help and errors, for `aria-describedby`.
    pub fn described_by(&self) -> String {
        let id = self.id();
        let help = (!self.field.help.is_empty()).then(|| format!("{id}_helptext"));
        let error = (!self.errors.is_empty()).then(|| format!("{id}_error"));
        help.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }

    /// Whether it has another value than nearly all, where there is such a one, or a wrong one.
    fn is_unusual(&self) -> bool {
        let value = match (self.is_check(), self.ticked) {
            (true, true) => "on",
            (true, false) => "",
            (false, _) => self.value.as_str(),
        };
        let usual = self.field.usual;
        usual.is_some_and(|usual| usual != value || !self.errors.is_empty() || self.was.is_some())
    }

    /// Whether it is a box, whose label stands beside it.
    pub fn is_check(&self) -> bool {
        matches!(self.field.widget, Widget::Check { .. })
    }

    /// Whether this choice is the one taken.
    pub fn is_chosen(&self, choice: &Choice) -> bool {
        self.value == choice.value
    }

    /// Whether another word was typed.
    pub fn is_other(&self) -> bool {
        self.value == OTHER
    }

    /// The value as words, for those who may only read.
    pub fn shown(&self) -> String {
        let words = |options: &[Choice]| {
            options
                .iter()
                .find(|choice| choice.value == self.value)
                .map_or_else(|| self.value.clone(), |choice| t(&choice.label).to_owned())
        };
        match &self.field.widget {
            Widget::Check { .. } => t(if self.ticked { "Yes" } else { "No" }).to_owned(),
            Widget::Secret { is_set, .. } => t(if *is_set { "Set" } else { "Not set" }).to_owned(),
            Widget::SelectOr { .. } if self.is_other() => self.other.clone(),
            Widget::Select(options)
            | Widget::Choose { options, .. }
            | Widget::SelectOr { options, .. } => words(options),
            Widget::Text
            | Widget::Area { .. }
            | Widget::Number { .. }
            | Widget::Fixed(_)
            | Widget::Password(_) => self.value.clone(),
        }
    }
}

impl FormView {
    /// The headline of the error summary.
    pub fn summary_title(&self) -> String {
        let wrong = i64::try_from(self.summary.len()).unwrap_or(i64::MAX);
        i18n::count_phrase(
            wrong,
            "Correct this, then save again",
            "Correct these {n} fields, then save again",
        )
    }

    /// Marks the fields that the address filled in with something else than is stored.
    pub fn mark_suggested(
        &mut self,
        stored: &Values,
        asked: &[(String, String)],
        [nothing, something]: [&'static str; 2],
    ) {
        let none = FormErrors::default();
        for field in self.fieldsets.iter_mut().flat_map(|set| &mut set.fields) {
            if asked.iter().all(|(name, _)| *name != field.field.name) {
                continue;
            }
            let before = BoundField::bind_field(field.field.clone(), stored, &none).shown();
            let words = if before.is_empty() { nothing } else { something };
            field.was = (before != field.shown()).then_some((before, words));
        }
    }

    /// Puts description, values and errors together.
    pub fn bind_form(fieldsets: Vec<Fieldset>, values: &Values, errors: &FormErrors) -> Self {
        let fieldsets: Vec<FieldsetView> = fieldsets
            .into_iter()
            .map(|set| FieldsetView {
                id: set.id,
                learn_more: set.learn_more,
                legend: set.legend,
                help: set.help.into_owned(),
                paired: set.paired,
                fields: set
                    .fields
                    .into_iter()
                    .map(|field| BoundField::bind_field(field, values, errors))
                    .collect(),
            })
            .collect();
        let fields = || fieldsets.iter().flat_map(|set| &set.fields);
        let mut summary: Vec<SummaryLine> = fields()
            .flat_map(|field| {
                field.errors.iter().map(|message| SummaryLine {
                    id: field.id(),
                    label: field.field.label.to_string(),
                    message: message.clone(),
                })
            })
            .collect();
        let known = |name: &str| fields().any(|field| field.field.name == name);
        for (_, message) in errors.0.iter().filter(|(name, _)| !known(name)) {
            summary.push(SummaryLine {
                id: String::new(),
                label: String::new(),
                message: message.clone(),
            });
        }
        Self { fieldsets, summary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_form(values: &Values, errors: &FormErrors) -> FormView {
        let kinds = vec![Choice::new("push", "Push")];
        let secret = Widget::Secret { is_set: true, generates: false };
        let fields = vec![
            Field::new("kind", "Kind", Widget::SelectOr { options: kinds, pairs: None }),
            Field::new("token", "Token", secret).with_help("Kept secret."),
        ];
        let set = Fieldset { id: "all", legend: "All", fields, ..Fieldset::default() };
        FormView::bind_form(vec![set], values, errors)
    }

    #[test]
    fn a_secret_never_comes_back_and_an_unknown_choice_becomes_the_other_word() {
        let pairs = [("token", "hush"), ("kind", "deployment")];
        let values = Values::from_pairs(pairs.map(|(name, value)| (name.into(), value.into())));
        let form = sample_form(&values, &FormErrors::default());
        let fields = &form.fieldsets[0].fields;
        assert_eq!((fields[0].value.as_str(), fields[0].other.as_str()), ("other", "deployment"));
        assert_eq!((fields[1].value.as_str(), fields[1].shown().as_str()), ("", "Set"));
    }

    #[test]
    fn every_error_is_in_the_summary_and_tied_to_its_control() {
        let mut errors = FormErrors::default();
        errors.add_error("token", "Too short.");
        errors.add_error("token", "Too odd.");
        errors.add_error("", "Nothing fits.");
        let form = sample_form(&Values::default(), &errors);
        let ids: Vec<_> = form.summary.iter().map(|line| line.id.as_str()).collect();
        assert_eq!(ids, ["id_token", ""]);
        let token = &form.fieldsets[0].fields[1];
        assert_eq!(token.described_by(), "id_token_helptext id_token_error");
    }
}
