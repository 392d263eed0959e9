//! One's own password again, before secrets, actions and accounts are changed: whoever finds an
//! open session can look, but not take over.
//!
//! Typed once, at the door or here, it counts for [`VALID_S`]; the time is kept in the session.
//! After that, forms carry the field ([`join`], [`ask`]) until it was typed again.

use super::field::{Field, Fieldset, Widget};
use super::form::{BoundField, FormErrors, Values};
use super::resource::{Editable, Loaded};
use crate::accounts::login::{self, Attempt, LoginError};
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::human::HumanError;
use crate::web::problem::Problem;
use crate::web::session_store::CONFIRMED;
use signalbox_i18n::say;

/// The field's name. (A name with `_` in front is not part of the object.)
pub const FIELD: &str = "_your_password";

/// How long a password that was typed counts, in seconds.
pub const VALID_S: i64 = 15 * 60;

/// Whether the password was typed lately.
pub fn is_fresh(ctx: &AdminContext) -> bool {
    let at = ctx.session().get::<i64>(CONFIRMED).ok().flatten().unwrap_or_default();
    (0..VALID_S).contains(&(clock::now().timestamp() - at))
}

/// The field, where it is wanted; `account` for a form that does not name one before it.
fn field(ctx: &AdminContext, account: Option<String>) -> Option<Field> {
    const HELP: &str = "You last entered it over 15 minutes ago. It then counts for 15 minutes.";
    let label = say!("Password of {name}", name = ctx.actor.username);
    (!is_fresh(ctx)).then(|| Field::new(FIELD, label, Widget::Password(account)).help(HELP))
}

/// Adds the part that asks for the password to a form, where it is wanted: beside the secrets,
/// where browsers understand it; else at the end.
pub fn join(ctx: &AdminContext, sets: &mut Vec<Fieldset>, when: &'static str) {
    let is_secret = |field: &Field| matches!(field.widget, Widget::Secret { .. });
    let secrets = sets.iter().rposition(|set| set.fields.iter().any(is_secret));
    let account = secrets.is_none().then(|| ctx.actor.username.clone());
    let Some(field) = field(ctx, account) else { return };
    let set = Fieldset {
        id: "your-password",
        legend: "Your password",
        help: when.into(),
        paired: false,
        fields: vec![field],
    };
    sets.insert(secrets.map_or(sets.len(), |at| at + 1), set);
}

/// The field alone, for pages that ask a question; with what was wrong with it.
pub fn ask(ctx: &AdminContext, wrong: Option<String>) -> Option<BoundField> {
    let field = field(ctx, Some(ctx.actor.username.clone()))?;
    let mut errors = FormErrors::default();
    if let Some(wrong) = wrong {
        errors.add(FIELD, wrong);
    }
    Some(BoundField::of(field, &Values::default(), &errors))
}

/// Sees to it that the password was typed lately, or is in the form: else says what is wrong.
///
/// # Errors
/// The database is away (503).
pub async fn refusal(ctx: &AdminContext, values: &Values) -> Result<Option<String>, HumanError> {
    if is_fresh(ctx) {
        return Ok(None);
    }
    let typed = values.get(FIELD);
    if typed.is_empty() {
        return Ok(Some("Enter your own password to make this change.".to_owned()));
    }
    let deps = ctx.deps();
    let attempt = Attempt {
        username: ctx.actor.username.clone(),
        password: typed.into(),
        remote_addr: ctx.remote_addr().parse().ok(),
        at: clock::now(),
    };
    let asked = (ctx.actor.id, attempt);
    match login::confirm(&deps.pool, &deps.throttle, deps.password_cost, asked).await {
        Ok(()) => {
            let kept = ctx.session().insert(CONFIRMED, clock::now().timestamp());
            kept.map_err(|error| Problem::internal().caused_by(error))?;
            Ok(None)
        }
        Err(LoginError::Refused) => Ok(Some("This is not your password.".to_owned())),
        Err(error @ LoginError::Throttled(_)) => Ok(Some(crate::web::admin::login::said(&error))),
        Err(LoginError::Store(error)) => Err(error.into()),
        Err(error @ LoginError::Hash(_)) => Err(Problem::internal().caused_by(error).into()),
    }
}

/// [`refusal`] for saving an object's form, if that is sensitive.
///
/// # Errors
/// The database is away (503).
pub async fn errors<E: Editable>(
    ctx: &AdminContext,
    object: Option<&Loaded>,
    values: &Values,
) -> Result<Option<FormErrors>, HumanError> {
    if E::meta().guarded.is_none() || !E::is_sensitive(object, values) {
        return Ok(None);
    }
    Ok(refusal(ctx, values).await?.map(|wrong| {
        let mut errors = FormErrors::default();
        errors.add(FIELD, wrong);
        errors
    }))
}
