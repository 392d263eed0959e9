//! Being told: which of the things that happen are told to whom, as what, and when.
//!
//! `rule` says what is worth a message, `choice` which rules hold for a webhook, `happening` what
//! happened and what becomes one message of it, `wording` what the message says, `letter` the same in
//! a language, `chat` and `mail` its form for each kind of channel, `channel` those kinds, `timing` when
//! it is sent.

pub mod channel;
pub mod chat;
pub mod choice;
pub mod happening;
pub mod letter;
pub mod mail;
pub mod rule;
pub mod timing;
pub mod wording;
