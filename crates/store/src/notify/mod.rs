//! Being told: channels and their rules, messages, and what a sweep over what happened reads and notes.
//! What is told of, and as what: `signalbox_core::notify`.

pub mod channels;
pub mod marks;
pub mod messages;
pub mod rules;
pub mod sweep;
