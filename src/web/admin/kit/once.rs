//! A form for something new serves once: pressed twice, it adds one thing.

use super::back::back_to_list;
use super::form::Values;
use super::frame::Level;
use super::resource::{Editable, Saved, Unsaved};
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::human::see_other;
use actix_web::HttpResponse;
use signalbox_core::ids::DeliveryId;
use signalbox_i18n::t;
use signalbox_store::{Conn, forms, transaction};

/// The field that tells one form from another. (A name with `_` in front is not part of the
/// object.)
pub const FIELD: &str = "_once";

/// Saves a new object; none if its form was sent before. A form that fails may be sent again, and
/// one without a number, which no page makes, is taken every time.
///
/// # Errors
/// As [`Editable::save`].
pub async fn save<E: Editable>(
    ctx: &AdminContext,
    conn: &mut Conn,
    values: &Values,
) -> Result<Option<Saved>, Unsaved> {
    let Ok(once) = values.trimmed(FIELD).parse::<DeliveryId>() else {
        return E::save(ctx, conn, None, values).await.map(Some);
    };
    transaction(conn, async |conn: &mut Conn| {
        if !forms::take(conn, &once, clock::now()).await? {
            return Ok(None);
        }
        E::save(ctx, conn, None, values).await.map(Some)
    })
    .await
}

/// Leads to the list, where what the form added stands.
pub fn sent_before<E: Editable>(ctx: &AdminContext) -> HttpResponse {
    ctx.flash(Level::Warning, t("This form was already sent. Nothing was added twice."));
    see_other(back_to_list(ctx, E::meta()))
}
