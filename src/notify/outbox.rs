//! Messages in the making: what the rules found goes into the open message of each rule, or begins one.

use crate::clock;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use signalbox_core::notify::choice::Kept;
use signalbox_core::notify::happening::{Content, Happening};
use signalbox_core::notify::timing::{Pace, QuietHours};
use signalbox_i18n::{Tz, find_zone};
use signalbox_store::notify::channels::Channel;
use signalbox_store::notify::messages::{self, New, Open};
use signalbox_store::{Conn, Result};
use std::collections::HashMap;

/// What the rules found, until it is stored.
pub(super) struct Outbox<'a> {
    channels: &'a HashMap<i64, Channel>,
    now: DateTime<Utc>,
    drafts: HashMap<i64, Draft>,
}

struct Draft {
    kept: Kept,
    is_new: bool,
    open: Open,
}

impl<'a> Outbox<'a> {
    pub(super) fn new(channels: &'a HashMap<i64, Channel>, now: DateTime<Utc>) -> Self {
        Self { channels, now, drafts: HashMap::new() }
    }

    /// Whether another happening of this rule would be described, and not only counted.
    pub(super) async fn has_room(&mut self, conn: &mut Conn, kept: Kept) -> Result<bool> {
        Ok(self.draft_of(conn, kept).await?.is_some_and(|draft| draft.open.content.has_room()))
    }

    /// Takes up what a rule found.
    pub(super) async fn take_up(
        &mut self,
        conn: &mut Conn,
        kept: Kept,
        happening: Happening,
    ) -> Result<()> {
        let (now, channels) = (self.now, self.channels);
        let Some(channel) = channels.get(&kept.channel) else { return Ok(()) };
        if let Some(draft) = self.draft_of(conn, kept).await? {
            let open = &mut draft.open;
            open.content.take_up(happening);
            let due = pace_of(channel).next_due(now, open.created_at, open.due_at);
            open.due_at = after_quiet_hours(channel, due);
        }
        Ok(())
    }

    async fn draft_of(&mut self, conn: &mut Conn, kept: Kept) -> Result<Option<&mut Draft>> {
        let Some(channel) = self.channels.get(&kept.channel) else { return Ok(None) };
        if !self.drafts.contains_key(&kept.id) {
            let open = messages::find_open(conn, kept.channel, kept.id).await?;
            let is_new = open.is_none();
            let open = if let Some(open) = open {
                open
            } else {
                let last = messages::last_due(conn, kept.channel, kept.id).await?;
                let due_at = pace_of(channel).first_due(self.now, last);
                let content = Content::new(Some(kept.rule));
                Open { id: clock::unique_id(), created_at: self.now, due_at, content }
            };
            self.drafts.insert(kept.id, Draft { kept, is_new, open });
        }
        Ok(self.drafts.get_mut(&kept.id))
    }

    /// Stores it all.
    pub(super) async fn store(self, conn: &mut Conn) -> Result<()> {
        for Draft { kept, is_new, open } in self.drafts.into_values() {
            let Some(channel) = self.channels.get(&kept.channel) else { continue };
            if open.content.count == 0 {
                continue;
            }
            if is_new {
                let new = New {
                    id: &open.id,
                    created_at: open.created_at,
                    due_at: open.due_at,
                    channel: (channel.id, &channel.name),
                    rule: Some((kept.id, kept.rule)),
                    content: &open.content,
                };
                messages::insert_message(conn, new).await?;
            } else {
                messages::update_open(conn, &open).await?;
            }
        }
        Ok(())
    }
}

fn pace_of(channel: &Channel) -> Pace {
    Pace { gather_s: channel.gather_s, interval_s: channel.interval_s }
}

/// The same time, or the end of the channel's quiet hours if it lies in them.
pub(super) fn after_quiet_hours(channel: &Channel, at: DateTime<Utc>) -> DateTime<Utc> {
    let Some(hours) = QuietHours::parse(&channel.quiet_hours) else { return at };
    let local = at.with_timezone(&find_zone(&channel.time_zone).unwrap_or(Tz::UTC));
    let minute = local.hour() * 60 + local.minute();
    let left = hours.minutes_left(minute).unwrap_or_default();
    at + TimeDelta::minutes(left.into())
}
