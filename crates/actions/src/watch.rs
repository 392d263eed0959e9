//! Sees that the actions directory changed: every few seconds, and at once on SIGHUP.
//!
//! The whole directory is read again, programs and their owners included. That is a few small
//! files, and finds what a file's time alone would not tell.

use super::{Catalogue, Fault};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How often the directory is read.
const PAUSE: Duration = Duration::from_secs(3);

/// Keeps a catalogue as its directory is, until told to stop.
pub async fn watch_directory(catalogue: Catalogue, directory: PathBuf, stop: CancellationToken) {
    let mut hangup = signal(SignalKind::hangup()).ok();
    loop {
        let told = tokio::select! {
            () = tokio::time::sleep(PAUSE) => false,
            () = hung_up(&mut hangup) => true,
            () = stop.cancelled() => return,
        };
        let of = directory.clone();
        let Ok((newer, faults)) = tokio::task::spawn_blocking(move || read_directory(&of)).await
        else {
            continue;
        };
        let before: BTreeSet<String> = catalogue.names().collect();
        let known = catalogue.faults();
        if catalogue.take_from(&newer) {
            log_changes(&before, &catalogue.names().collect(), (&known, &faults));
        } else if told {
            tracing::info!("SIGHUP: the actions have not changed");
        }
    }
}

fn read_directory(directory: &Path) -> (Catalogue, Vec<Fault>) {
    Catalogue::load_directory(directory.is_dir().then_some(directory))
}

async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}

fn log_changes(before: &BTreeSet<String>, after: &BTreeSet<String>, faults: (&[Fault], &[Fault])) {
    let words =
        |names: Vec<&String>| names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let added = words(after.difference(before).collect());
    let removed = words(before.difference(after).collect());
    tracing::info!(added, removed, "The actions have changed; there are {} now", after.len());
    let (known, found) = faults;
    for fault in found.iter().filter(|fault| !known.contains(fault)) {
        tracing::warn!("An action cannot be used: {fault}");
    }
}
