//! Channels as a person changes them: what was typed becomes values or every fault at once, then one
//! transaction with the version check, the channel and the audit entry.

use super::By;
use crate::clock;
use signalbox_core::change::{Change, Snapshot, Value, diff_snapshots};
use signalbox_core::notify::channel::input::{Fault, TargetInput, read_target};
use signalbox_core::notify::channel::{ChannelKind, SEALED_SETTINGS, Target};
use signalbox_core::notify::timing::QuietHours;
use signalbox_core::seal::{CannotOpen, Keys, open_sealed, seal_bytes};
use signalbox_i18n::{Locale, find_zone};
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::notify::channels::{self, Channel, Values};
use signalbox_store::{Conn, StoreError, run_transaction};

/// The most characters of a channel's name.
const MAX_NAME_CHARS: usize = 60;
/// The longest that a message waits for more of the same, in seconds.
const MAX_GATHER_S: i32 = 3_600;
/// The longest time between two messages of a rule, in seconds.
const MAX_INTERVAL_S: i32 = 86_400;

/// What was typed.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct ChannelInput {
    pub name: String,
    pub kind: String,
    pub enabled: bool,
    pub language: String,
    pub gather_s: String,
    pub interval_s: String,
    pub quiet_hours: String,
    pub time_zone: String,
    pub panel_url: String,
    pub target: TargetInput,
}

/// Why a channel was not saved.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// Fields are wrong.
    #[error("fields are wrong")]
    Invalid(Vec<Fault>),
    /// Its secrets cannot be opened or sealed.
    #[error(transparent)]
    Seal(#[from] CannotOpen),
    /// It is stale or gone, or the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a channel sends.
///
/// # Errors
/// If it was sealed with another key, or by a later version.
pub fn open_target(keys: &Keys, channel: &Channel) -> Result<Target, CannotOpen> {
    let plain = open_sealed(&keys.seal, SEALED_SETTINGS, &channel.settings)?;
    Target::from_plain(&plain).ok_or(CannotOpen)
}

/// Adds a channel; answers its id.
///
/// # Errors
/// Every fault; the database.
pub async fn add_channel(
    conn: &mut Conn,
    keys: &Keys,
    by: By<'_>,
    input: &ChannelInput,
) -> Result<i64, ChannelError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let (values, _) = read_input(keys, input, None)?;
        let id = channels::insert_channel(conn, &values, by.at).await.map_err(name_taken)?;
        let changes = diff_snapshots(None, Some(&snapshot(&values)));
        log_channel(conn, by, (Verb::Add, id, &values.name), changes).await?;
        Ok(id)
    })
    .await
}

/// Changes a channel, which had this version when its form was opened.
///
/// # Errors
/// Every fault; stale; gone; the database.
pub async fn change_channel(
    conn: &mut Conn,
    keys: &Keys,
    by: By<'_>,
    (id, version): (i64, i32),
    input: &ChannelInput,
) -> Result<(), ChannelError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let before = channels::lock_channel(conn, id).await?;
        if before.version != version {
            return Err(StoreError::Stale.into());
        }
        // Of another secret key, it can be entered anew.
        let stored = open_target(keys, &before).ok();
        let (values, target) = read_input(keys, input, stored.as_ref())?;
        let mut changes =
            diff_snapshots(Some(&snapshot(&values_of(&before))), Some(&snapshot(&values)));
        if stored.as_ref() == Some(&target) {
            let kept = Values { settings: before.settings, ..values.clone() };
            if changes.is_empty() {
                return Ok(());
            }
            channels::update_channel(conn, (id, version), &kept, by.at)
                .await
                .map_err(name_taken)?;
        } else {
            changes.push(Change::of_secret("settings"));
            channels::update_channel(conn, (id, version), &values, by.at)
                .await
                .map_err(name_taken)?;
        }
        Ok(log_channel(conn, by, (Verb::Change, id, &values.name), changes).await?)
    })
    .await
}

/// Deletes a channel with its rules; answers its name. Its messages stay.
///
/// # Errors
/// It is gone; the database.
pub async fn delete_channel(conn: &mut Conn, by: By<'_>, id: i64) -> Result<String, StoreError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let before = values_of(&channels::lock_channel(conn, id).await?);
        channels::delete_channel(conn, id).await?;
        let changes = diff_snapshots(Some(&snapshot(&before)), None);
        log_channel(conn, by, (Verb::Delete, id, &before.name), changes).await?;
        Ok(before.name)
    })
    .await
}

fn values_of(channel: &Channel) -> Values {
    Values {
        name: channel.name.clone(),
        kind: channel.kind,
        settings: channel.settings.clone(),
        target: channel.target.clone(),
        enabled: channel.enabled,
        language: channel.language.clone(),
        gather_s: channel.gather_s,
        interval_s: channel.interval_s,
        quiet_hours: channel.quiet_hours.clone(),
        time_zone: channel.time_zone.clone(),
        panel_url: channel.panel_url.clone(),
    }
}

fn read_input(
    keys: &Keys,
    input: &ChannelInput,
    stored: Option<&Target>,
) -> Result<(Values, Target), ChannelError> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut fault = |field, why: &'static str| faults.push((field, why.into()));
    let name = input.name.trim();
    if name.is_empty() {
        fault("name", "Enter a name.");
    } else if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        fault("name", "Use one line of at most 60 characters.");
    }
    let kind = ChannelKind::parse(input.kind.trim());
    if kind.is_none() {
        fault("kind", "Choose one of these.");
    }
    let seconds =
        |text: &str, most| text.trim().parse().ok().filter(|seconds| (0..=most).contains(seconds));
    let gather_s = seconds(&input.gather_s, MAX_GATHER_S).unwrap_or_else(|| {
        fault("gather_s", "Enter a whole number from 0 to 3,600.");
        0
    });
    let interval_s = seconds(&input.interval_s, MAX_INTERVAL_S).unwrap_or_else(|| {
        fault("interval_s", "Enter a whole number from 0 to 86,400.");
        0
    });
    let quiet_hours = input.quiet_hours.trim();
    if !quiet_hours.is_empty() && QuietHours::parse(quiet_hours).is_none() {
        fault("quiet_hours", "Enter two times of day, such as 22:00-07:00, or nothing.");
    }
    let zone = find_zone(input.time_zone.trim());
    if zone.is_none() {
        fault("time_zone", "Enter a time zone such as Europe/Berlin.");
    }
    let language = Locale::of_tag(input.language.trim()).unwrap_or_else(|| {
        fault("language", "Choose one of these.");
        Locale::English
    });
    let target = match kind.map(|kind| read_target(kind, &input.target, stored)) {
        Some(Ok(target)) => Some(target),
        Some(Err(more)) => {
            faults.extend(more);
            None
        }
        None => None,
    };
    match (kind, target) {
        (Some(kind), Some(target)) if faults.is_empty() => {
            let plain = target.to_plain();
            let values = Values {
                name: name.to_owned(),
                kind,
                settings: seal_bytes(&keys.seal, clock::random_bytes(), SEALED_SETTINGS, &plain)?,
                target: target.shown(),
                enabled: input.enabled,
                language: language.tag().to_owned(),
                gather_s,
                interval_s,
                quiet_hours: quiet_hours.to_owned(),
                time_zone: zone.map(|zone| zone.name().to_owned()).unwrap_or_default(),
                panel_url: input.panel_url.clone(),
            };
            Ok((values, target))
        }
        _ => Err(ChannelError::Invalid(faults)),
    }
}

fn name_taken(error: StoreError) -> ChannelError {
    match error {
        StoreError::Constraint(broken) if broken == "notification_channels_name_key" => {
            ChannelError::Invalid(vec![("name", "There is already a channel of this name.".into())])
        }
        error => error.into(),
    }
}

fn snapshot(values: &Values) -> Snapshot {
    let text = |text: &str| Value::Text(text.to_owned());
    Snapshot::from([
        ("name", text(&values.name)),
        ("kind", text(values.kind.as_str())),
        ("target", text(&values.target)),
        ("enabled", Value::Bool(values.enabled)),
        ("language", text(&values.language)),
        ("gather_s", Value::Number(values.gather_s.into())),
        ("interval_s", Value::Number(values.interval_s.into())),
        ("quiet_hours", text(&values.quiet_hours)),
        ("time_zone", text(&values.time_zone)),
    ])
}

async fn log_channel(
    conn: &mut Conn,
    by: By<'_>,
    (verb, id, name): (Verb, i64, &str),
    changes: Vec<Change>,
) -> Result<(), StoreError> {
    let entry = Entry {
        at: by.at,
        actor: Some(by.actor),
        verb,
        object_type: object::CHANNEL,
        object_id: &id.to_string(),
        object_name: name,
        changes,
        remote_addr: by.remote_addr,
    };
    audit::record_entry(conn, entry).await
}
