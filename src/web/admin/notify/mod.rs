//! Being told in the panel: channels and rules, which are an administrator's, and the messages, which
//! everybody sees. What is sent and when: `crate::notify`.

pub mod channels;
mod form;
pub mod messages;
pub mod rules;
pub mod words;

use super::context::{AdminContext, Unsaved};
use super::kit::form::FormErrors;
use crate::clock;
use crate::notify::By;
use signalbox_core::sentence::Sentence;
use signalbox_store::StoreError;

fn asked_by<'a>(ctx: &'a AdminContext, remote_addr: &'a str) -> By<'a> {
    By { actor: &ctx.actor, at: clock::now(), remote_addr }
}

/// Reads an id of the address.
fn number(text: &str) -> Result<i64, StoreError> {
    text.parse().map_err(|_| StoreError::NotFound)
}

fn wrong_fields(faults: Vec<(&'static str, Sentence)>) -> Unsaved {
    let mut errors = FormErrors::default();
    for (field, why) in faults {
        errors.add_error(field, why);
    }
    Unsaved::Invalid(errors)
}
