//! A page as a person reads it: by text, heading, row, badge, form field.

use scraper::{ElementRef, Html, Selector};
use std::collections::BTreeMap;

/// A page that was fetched.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    /// The path and query where it was found, after redirects.
    pub address: String,
    pub headers: reqwest::header::HeaderMap,
    pub html: String,
}

/// A form of a page, to be filled and sent.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub method: String,
    pub fields: Vec<(String, String)>,
    /// The names of all controls, also of those that send nothing as they stand.
    pub names: Vec<String>,
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap_or_else(|error| panic!("{css}: {error}"))
}

/// The text of an element with single spaces.
fn text_of(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Page {
    fn document(&self) -> Html {
        Html::parse_document(&self.html)
    }

    /// The texts of all elements that `css` selects.
    pub fn texts(&self, css: &str) -> Vec<String> {
        self.document().select(&selector(css)).map(text_of).collect()
    }

    /// The text of the first element that `css` selects.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.texts(css).into_iter().next().unwrap_or_else(|| panic!("no {css} in\n{}", self.html))
    }

    /// The values of an attribute of all elements that `css` selects.
    pub fn attributes(&self, css: &str, name: &str) -> Vec<String> {
        let (document, css) = (self.document(), selector(css));
        document.select(&css).filter_map(|e| e.attr(name).map(str::to_owned)).collect()
    }

    /// The language it says it is in.
    pub fn language(&self) -> String {
        self.attributes("html", "lang").concat()
    }

    /// Whether `css` selects anything.
    pub fn has(&self, css: &str) -> bool {
        self.document().select(&selector(css)).next().is_some()
    }

    /// The ids of a changelist's rows, from top to bottom.
    pub fn rows(&self) -> Vec<String> {
        self.attributes("[data-id]", "data-id")
    }

    /// The machine words of the badges inside `css`.
    pub fn states(&self, css: &str) -> Vec<String> {
        self.attributes(&format!("{css} [data-state]"), "data-state")
    }

    /// The whole text that a person sees in the page's main part.
    pub fn main(&self) -> String {
        self.text("main")
    }

    /// Panics unless the main part says `words`.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        let main = self.main();
        assert!(main.contains(words), "{}: no “{words}” in: {main}", self.address);
        self
    }

    /// The form that holds a control of this name.
    #[track_caller]
    pub fn form_with(&self, control: &str) -> Form {
        let document = self.document();
        let (forms, controls) = (selector("form"), selector("input, select, textarea, button"));
        document
            .select(&forms)
            .find(|form| form.select(&controls).any(|c| c.attr("name") == Some(control)))
            .map_or_else(
                || panic!("{} has no form with `{control}`:\n{}", self.address, self.html),
                |form| Form::read(form, &self.address),
            )
    }

    /// The form that is sent to this address.
    #[track_caller]
    pub fn form_to(&self, action: &str) -> Form {
        let document = self.document();
        document
            .select(&selector("form"))
            .map(|form| Form::read(form, &self.address))
            .find(|form| form.action == action)
            .unwrap_or_else(|| panic!("{} has no form to {action}:\n{}", self.address, self.html))
    }
}

impl Form {
    fn read(form: ElementRef<'_>, address: &str) -> Self {
        let (mut fields, mut names) = (Vec::new(), Vec::new());
        for control in form.select(&selector("input, select, textarea")) {
            let Some(name) = control.attr("name") else { continue };
            names.push(name.to_owned());
            if control.attr("disabled").is_some() {
                continue;
            }
            let value = match control.value().name() {
                "select" => chosen(control),
                "textarea" => Some(control.text().collect()),
                _ => typed(control),
            };
            fields.extend(value.map(|value| (name.to_owned(), value)));
        }
        Self {
            action: form.attr("action").filter(|a| !a.is_empty()).unwrap_or(address).to_owned(),
            method: form.attr("method").unwrap_or("get").to_ascii_lowercase(),
            fields,
            names,
        }
    }

    /// The value that a control would send.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Fills a control, which must be there.
    #[track_caller]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        assert!(
            self.names.iter().any(|known| known == name),
            "the form has no `{name}`, only {:?}",
            self.names
        );
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Fills several.
    #[track_caller]
    pub fn fill(self, values: &BTreeMap<&'static str, String>) -> Self {
        values.iter().fold(self, |form, (name, value)| form.set(name, value))
    }

    /// Unticks a box, or leaves a field out.
    pub fn unset(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// Presses a button that sends a value.
    pub fn press(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn chosen(select: ElementRef<'_>) -> Option<String> {
    let options: Vec<_> = select.select(&selector("option")).collect();
    let marked = options.iter().find(|option| option.attr("selected").is_some());
    let option = marked.or_else(|| options.first())?;
    Some(option.attr("value").map_or_else(|| text_of(*option), str::to_owned))
}

fn typed(input: ElementRef<'_>) -> Option<String> {
    match input.attr("type").unwrap_or("text") {
        "submit" | "button" | "reset" | "image" | "file" => None,
        "checkbox" | "radio" => {
            input.attr("checked").map(|_| input.attr("value").unwrap_or("on").to_owned())
        }
        _ => Some(input.attr("value").unwrap_or_default().to_owned()),
    }
}
