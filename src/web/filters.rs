//! What templates may do with a text: say it in the reader's language and fill its gaps. Each
//! file with a page imports this module, since askama looks for filters there.
//!
//! A text with something marked up inside is said in parts, so that no translation holds markup:
//! `{% let text = "Press {key} for help"|t %}{{ text|before("key") }}<kbd>?</kbd>{{ text|after("key") }}`.

#![expect(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::inline_always,
    reason = "askama makes of each function a type that takes no comment, and marks its own code"
)]

use askama::Values;
use askama::filters::{Escaper, Html, Safe};
use signalbox_core::sentence;
use signalbox_i18n::{self as i18n, Locale};
use std::fmt::Display;

/// The text in the reader's language.
///
/// # Errors
/// Never.
#[askama::filter_fn]
pub fn t(text: impl Display, _: &dyn Values) -> askama::Result<String> {
    Ok(i18n::t(&text.to_string()).to_owned())
}

/// The text escaped for HTML, what hides in it kept as it is: for values that a form sends back.
///
/// # Errors
/// Never.
#[askama::filter_fn]
pub fn kept(text: impl Display, _: &dyn Values) -> askama::Result<Safe<String>> {
    let mut html = String::new();
    Html.write_escaped_str(&mut html, &text.to_string())?;
    Ok(Safe(html))
}

/// The text with a value in its gap `{name}`.
///
/// # Errors
/// Never.
#[askama::filter_fn]
pub fn fill<V: Display>(
    text: impl Display,
    _: &dyn Values,
    name: &str,
    value: V,
) -> askama::Result<String> {
    Ok(sentence::fill_pattern(&text.to_string(), &[(name, value.to_string())]))
}

/// The text as it stands inside a sentence: in English without capitals.
///
/// # Errors
/// Never.
#[askama::filter_fn]
pub fn inside(text: impl Display, _: &dyn Values) -> askama::Result<String> {
    let text = text.to_string();
    Ok(match i18n::current_locale() {
        Locale::English => text.to_lowercase(),
        Locale::SimplifiedChinese => text,
    })
}

/// What stands before the gap `{name}`: all of the text if there is none.
///
/// # Errors
/// Never.
#[askama::filter_fn]
pub fn before(text: impl Display, _: &dyn Values, name: &str) -> askama::Result<String> {
    let text = text.to_string();
    let gap = format!("{{{name}}}");
    Ok(text.split_once(&gap).map_or(text.as_str(), |(before, _)| before).to_owned())
}

/// What stands after the gap `{name}`: nothing if there is none.
///
/// # Errors
/// Never.
#[askama::filter_fn]
pub fn after(text: impl Display, _: &dyn Values, name: &str) -> askama::Result<String> {
    let text = text.to_string();
    let gap = format!("{{{name}}}");
    Ok(text.split_once(&gap).map_or("", |(_, after)| after).to_owned())
}
