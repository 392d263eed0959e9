//! "Save as new": a form's values make another object; secrets stay with the first.

use super::back::problem;
use super::form::{FormErrors, Values};
use super::frame::Level;
use super::resource::{Editable, Loaded, Unsaved};
use super::views::{after_save, form_page};
use super::{once, reauth};
use crate::web::admin::context::AdminContext;
use crate::web::human::HumanError;
use actix_web::HttpResponse;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::Conn;

/// Saves a changed form as a new object; where that cannot be, the form comes back as one for
/// adding.
///
/// # Errors
/// The database is away (503).
pub async fn save<E: Editable>(
    ctx: &AdminContext,
    conn: &mut Conn,
    (object, values): (&Loaded, &Values),
) -> Result<HttpResponse, HumanError> {
    let meta = E::meta();
    let back = |errors: FormErrors| {
        let note = meta.copies.unwrap_or_default();
        let words = say!(
            "This is a copy of “{name}”, not saved yet. {note}",
            name = object.name,
            note = t(note)
        );
        ctx.flash(Level::Warning, words);
        form_page::<E>(ctx, None, (values, errors))
    };
    if let Some(errors) = reauth::errors::<E>(ctx, None, values).await? {
        return back(errors);
    }
    match once::save::<E>(ctx, conn, values).await {
        Ok(None) => Ok(once::sent_before::<E>(ctx)),
        Ok(Some(saved)) => {
            let next = E::after_add(values, &saved);
            Ok(after_save(
                ctx,
                meta,
                values,
                (saved, "The {one} “{name}” was added as a copy.", next),
            ))
        }
        Err(Unsaved::Invalid(errors)) => back(errors),
        Err(Unsaved::Failed(error)) => Err(problem(ctx, meta, "", error).into()),
    }
}
