//! A form for something new serves once: pressed twice, it adds one thing.

use super::context::Unsaved;
use super::kit::form::{ONCE, Values};
use super::kit::resource::Saved;
use crate::clock;
use signalbox_core::ids::DeliveryId;
use signalbox_store::{Conn, forms, run_transaction};

/// Adds something; not if its form was sent before. A form that fails may be sent again, and one
/// without a number, which no page makes, is taken every time.
///
/// # Errors
/// Those of `add`; [`Unsaved::SentBefore`].
pub async fn add_once<F>(conn: &mut Conn, values: &Values, add: F) -> Result<Saved, Unsaved>
where
    F: AsyncFnOnce(&mut Conn) -> Result<Saved, Unsaved>,
{
    let Ok(once) = values.get_trimmed(ONCE).parse::<DeliveryId>() else { return add(conn).await };
    run_transaction(conn, async |conn: &mut Conn| {
        if !forms::take_form(conn, &once, clock::now()).await? {
            return Err(Unsaved::SentBefore);
        }
        add(conn).await
    })
    .await
}
