//! One's own password again, before secrets, actions and accounts are changed: whoever finds an
//! open session can look, but not take over.
//!
//! Typed once, at the door or here, it counts for as long as the site says ([`Site::is_confirmed`]).
//! After that, forms carry the field ([`join_fieldsets`], [`ask_password`]) until it was typed again.

use super::context::Context;
use super::field::{Field, Fieldset, Widget};
use super::form::{BoundField, FormErrors, Values};
use super::resource::{ContextOf, Editable, Loaded};
use super::site::Site;
use signalbox_i18n::say;

/// The field's name. (A name with `_` in front is not part of the object.)
pub const FIELD: &str = "_your_password";

/// The field, where it is wanted; it names the account in a form that does not do so before it.
fn password_field<S: Site>(ctx: &Context<S>, names_account: bool) -> Option<Field> {
    const HELP: &str = "You last entered it over 15 minutes ago. It then counts for 15 minutes.";
    if S::is_confirmed(ctx) {
        return None;
    }
    let (name, _) = ctx.page_chrome().person;
    let label = say!("Password of {name}", name = name);
    Some(Field::new(FIELD, label, Widget::Password(names_account.then_some(name))).with_help(HELP))
}

/// Adds the part that asks for the password to a form, where it is wanted: beside the secrets,
/// where browsers understand it; else at the end.
pub fn join_fieldsets<S: Site>(ctx: &Context<S>, sets: &mut Vec<Fieldset>, when: &'static str) {
    let is_secret = |field: &Field| matches!(field.widget, Widget::Secret { .. });
    let secrets = sets.iter().rposition(|set| set.fields.iter().any(is_secret));
    let Some(field) = password_field(ctx, secrets.is_none()) else { return };
    let set = Fieldset {
        id: "your-password",
        legend: "Your password",
        help: when.into(),
        fields: vec![field],
        ..Fieldset::default()
    };
    sets.insert(secrets.map_or(sets.len(), |at| at + 1), set);
}

/// The field alone, for pages that ask a question; with what was wrong with it.
pub fn ask_password<S: Site>(ctx: &Context<S>, wrong: Option<String>) -> Option<BoundField> {
    let field = password_field(ctx, true)?;
    let mut errors = FormErrors::default();
    if let Some(wrong) = wrong {
        errors.add_error(FIELD, wrong);
    }
    Some(BoundField::bind_field(field, &Values::default(), &errors))
}

/// Sees to it that the password was typed lately, or is in the form: else says what is wrong.
///
/// # Errors
/// The database is away (503).
pub async fn refuse_unconfirmed<S: Site>(
    ctx: &Context<S>,
    values: &Values,
) -> Result<Option<String>, S::Refusal> {
    if S::is_confirmed(ctx) {
        return Ok(None);
    }
    match values.get(FIELD) {
        "" => Ok(Some("Enter your own password to make this change.".to_owned())),
        typed => S::confirm_password(ctx, typed).await,
    }
}

/// Whether saving this asks for the password.
pub fn is_wanted<E: Editable>(object: Option<&Loaded>, values: &Values) -> bool {
    E::META.guarded.is_some_and(|guarded| (guarded.is_sensitive)(object, values))
}

/// [`refuse_unconfirmed`] for saving an object's form, if that is sensitive.
///
/// # Errors
/// The database is away (503).
pub async fn form_errors<E: Editable>(
    ctx: &ContextOf<E>,
    object: Option<&Loaded>,
    values: &Values,
) -> Result<Option<FormErrors>, <E::Site as Site>::Refusal> {
    if !is_wanted::<E>(object, values) {
        return Ok(None);
    }
    Ok(refuse_unconfirmed(ctx, values).await?.map(|wrong| {
        let mut errors = FormErrors::default();
        errors.add_error(FIELD, wrong);
        errors
    }))
}
