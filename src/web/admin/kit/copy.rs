//! "Save as new": a form's values make another object; secrets stay with the first.

use super::back::{to_failure, unsaved_problem};
use super::form::{FormErrors, Values};
use super::frame::Level;
use super::reauth;
use super::resource::{Answer, ConnOf, ContextOf, Editable, Loaded, Unsaved};
use super::views::{After, after_save, form_again, sent_before};
use signalbox_i18n::say;
use signalbox_i18n::t;

/// Saves a changed form as a new object; where that cannot be, the form comes back as one for
/// adding.
///
/// # Errors
/// The database is away (503).
pub async fn save_copy<E: Editable>(
    ctx: &ContextOf<E>,
    conn: &mut ConnOf<E>,
    object: &Loaded,
    values: &Values,
) -> Answer<E> {
    let meta = E::META;
    let back = async |conn: &mut ConnOf<E>, errors: FormErrors| {
        let note = meta.copies.unwrap_or_default();
        let words = say!(
            "This is a copy of “{name}”, not saved yet. {note}",
            name = object.name,
            note = t(note)
        );
        ctx.leave_message(Level::Warning, words);
        form_again::<E>(ctx, conn, values.clone(), &errors).await
    };
    if let Some(errors) = reauth::form_errors::<E>(ctx, None, values).await? {
        return back(conn, errors).await;
    }
    match E::save_object(ctx, conn, None, values).await.map_err(to_failure::<E::Site>) {
        Ok(saved) => Ok(after_save(ctx, meta, values, After::Copied(saved))),
        Err(Unsaved::SentBefore) => Ok(sent_before(ctx, meta)),
        Err(Unsaved::Invalid(errors)) => back(conn, errors).await,
        Err(unsaved) => Err(unsaved_problem(ctx, meta, "", unsaved).into()),
    }
}
