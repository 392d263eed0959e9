//! The installation's secret key: where it is, whether it is the database's, and another in its place.
//!
//! The database keeps a check value, sealed with the key, that holds the key of the tokens' digests: a
//! token is known by its digest alone, which must outlast the secret key. Decision 0024.

use super::data_dir;
use crate::clock;
use crate::config::Settings;
use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use signalbox_core::credential::SIGNING_TOKEN;
use signalbox_core::notify::channel::SEALED_SETTINGS;
use signalbox_core::seal::{CannotOpen, Keys, open_sealed, seal_bytes};
use signalbox_store::notify::channels;
use signalbox_store::secret_key::{self as stored, Place, Sealed, SealedToken};
use signalbox_store::{Conn, run_transaction};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The generated secret key's file, in the data directory.
const KEY_FILE: &str = "secret-key";
/// Where the next one waits until the database has it.
const NEXT_FILE: &str = "secret-key.next";

const WRONG: &str = "the secret key is not the one of this database: put the right one back \
    (SIGNALBOX_SECRET_KEY, or the file secret-key in the data directory)";

/// The keys of this installation. The first start makes the secret key and the check value.
///
/// # Errors
/// If the secret key is missing although the database has a check value, or is not the one that its
/// secrets were sealed with.
pub async fn unlock_keys(settings: &Settings, conn: &mut Conn) -> anyhow::Result<Keys> {
    if let Some(keys) = find_known_keys(settings, conn).await? {
        return Ok(keys);
    }
    let keys = Keys::derive_keys(match read_secret_key(settings)? {
        Some(secret) => secret,
        None => make_key(&data_dir(settings), KEY_FILE)?,
    });
    stored::insert_check_value(conn, &keys.check_value(clock::random_bytes())?, clock::now())
        .await?;
    // Another process may have been the first.
    find_known_keys(settings, conn).await?.context(WRONG)
}

/// The keys, if the database knows them already. Changes nothing.
///
/// # Errors
/// As [`unlock_keys`].
pub async fn find_known_keys(settings: &Settings, conn: &mut Conn) -> anyhow::Result<Option<Keys>> {
    let check = stored::load_check_value(conn).await?;
    let file = data_dir(settings).join(KEY_FILE);
    let Some(check) = check else {
        let sealed = stored::list_sealed(conn).await?;
        match read_secret_key(settings)?.map(Keys::derive_keys) {
            // Of the version before: what is sealed tells.
            Some(keys) if sealed.iter().all(|row| reseal_webhook(row, &keys, &keys).is_err()) => {
                if !sealed.is_empty() {
                    bail!(WRONG);
                }
            }
            None if stored::has_secrets(conn).await? => bail!(missing_key_message(&file)),
            Some(_) | None => {}
        }
        return Ok(None);
    };
    let Some(secret) = read_secret_key(settings)? else { bail!(missing_key_message(&file)) };
    if let Some(keys) = Keys::derive_keys(secret).complete_with(&check) {
        return Ok(Some(keys));
    }
    // The change of the key ended between the database and the file.
    if settings.secret_key.is_none() {
        let next = data_dir(settings).join(NEXT_FILE);
        if let Some(keys) =
            read_key(&next)?.and_then(|next| Keys::derive_keys(next).complete_with(&check))
        {
            fs::rename(&next, &file)?;
            return Ok(Some(keys));
        }
    }
    bail!(WRONG)
}

fn missing_key_message(file: &Path) -> String {
    format!(
        "the secret key is missing, and the database has secrets sealed with it: put {} back from your \
         backup, or set SIGNALBOX_SECRET_KEY",
        file.display()
    )
}

/// The secret key as it is set or kept.
fn read_secret_key(settings: &Settings) -> anyhow::Result<Option<String>> {
    match &settings.secret_key {
        Some(key) => Ok(Some(key.expose_secret().to_owned())),
        None => read_key(&data_dir(settings).join(KEY_FILE)),
    }
}

fn read_key(file: &Path) -> anyhow::Result<Option<String>> {
    let key = match fs::read_to_string(file) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error)
                .with_context(|| format!("the secret key {} cannot be used", file.display()));
        }
    };
    if key.is_empty() {
        bail!("the secret key {} cannot be used: it is empty", file.display());
    }
    Ok(Some(key))
}

/// Makes a key beside its place and links it there: of two that try at once, one wins and both use
/// its key.
fn make_key(dir: &Path, name: &str) -> anyhow::Result<String> {
    let file = dir.join(name);
    if !dir.is_dir() {
        DirBuilder::new().recursive(true).mode(0o711).create(dir)?;
    }
    let draft = dir.join(format!("{name}.{}", clock::unique_id()));
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(open, "{}", clock::secret_text())?;
    open.sync_all()?;
    let linked = fs::hard_link(&draft, &file);
    fs::remove_file(&draft)?;
    // The name lasts before anything is sealed with the key.
    File::open(dir)?.sync_all()?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        Ok(()) | Err(_) => read_key(&file)?.context("the secret key was taken away"),
    }
}

/// What a change of the secret key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// So many secrets' rows are sealed with the new key.
    Resealed(usize),
    /// The database had the new key already.
    Already,
}

/// Puts another secret key in the place of this one: `new`, where the present one is set, else one that
/// is made. All or nothing in the database; whatever interrupts it, it may be run again.
///
/// # Errors
/// If a process uses the present key, the present key is wrong, or a stored secret cannot be opened.
pub async fn rotate_secret_key(
    settings: &Settings,
    new: Option<SecretString>,
    conn: &mut Conn,
) -> anyhow::Result<Rotated> {
    if !stored::lock_alone(conn).await? {
        bail!("servers or workers use the secret key: stop all of them, and run this again");
    }
    let dir = data_dir(settings);
    let new = match (&settings.secret_key, new) {
        (Some(_), None) => bail!("set SIGNALBOX_NEW_SECRET_KEY to the new secret key"),
        (None, Some(_)) => bail!(
            "the secret key is a file, and the new one is made: SIGNALBOX_NEW_SECRET_KEY is for \
             SIGNALBOX_SECRET_KEY alone"
        ),
        (Some(_), Some(new)) => {
            let check = stored::load_check_value(conn).await?;
            let new = new.expose_secret().to_owned();
            if check.is_some_and(|check| Keys::derive_keys(&new).fits_check_value(&check)) {
                return Ok(Rotated::Already);
            }
            new
        }
        (None, None) => {
            // Finishes a change that was interrupted.
            unlock_keys(settings, conn).await?;
            make_key(&dir, NEXT_FILE)?
        }
    };
    let old = unlock_keys(settings, conn).await?;
    let new = Keys { token_digest: old.token_digest, ..Keys::derive_keys(new) };
    let resealed = run_transaction(conn, async |conn: &mut Conn| {
        let rows = stored::list_sealed(conn).await?;
        for row in &rows {
            let row = reseal_webhook(row, &old, &new)
                .with_context(|| format!("a signing token of webhook {} is damaged", row.id))?;
            stored::update_sealed(conn, &row).await?;
        }
        let mut count = rows.len();
        for place in Place::ALL {
            for row in stored::list_sealed_tokens(conn, place).await? {
                let again = reseal(&row.token, place.purpose(), &old, &new)
                    .with_context(|| format!("a secret of {place:?} {} is damaged", row.id))?;
                let row = SealedToken { token: again, ..row };
                stored::update_sealed_token(conn, place, &row).await?;
                count += 1;
            }
        }
        count += reseal_channels(conn, &old, &new).await?;
        stored::replace_check_value(conn, &new.check_value(clock::random_bytes())?, clock::now())
            .await?;
        Ok::<_, anyhow::Error>(count)
    })
    .await?;
    if settings.secret_key.is_none() {
        let next: PathBuf = dir.join(NEXT_FILE);
        fs::rename(next, dir.join(KEY_FILE))?;
        File::open(&dir)?.sync_all()?;
    }
    Ok(Rotated::Resealed(resealed))
}

fn reseal(sealed: &[u8], purpose: &[u8], old: &Keys, new: &Keys) -> Result<Vec<u8>, CannotOpen> {
    let plain = open_sealed(&old.seal, purpose, sealed)?;
    seal_bytes(&new.seal, clock::random_bytes(), purpose, &plain)
}

async fn reseal_channels(conn: &mut Conn, old: &Keys, new: &Keys) -> anyhow::Result<usize> {
    let all = channels::list_sealed(conn).await?;
    for (id, sealed) in &all {
        let again = reseal(sealed, SEALED_SETTINGS, old, new)
            .with_context(|| format!("the settings of channel {id} are damaged"))?;
        channels::update_sealed(conn, *id, &again).await?;
    }
    Ok(all.len())
}

fn reseal_webhook(row: &Sealed, old: &Keys, new: &Keys) -> Result<Sealed, CannotOpen> {
    let again = |sealed: &Option<Vec<u8>>| {
        let Some(sealed) = sealed else { return Ok(None) };
        reseal(sealed, SIGNING_TOKEN, old, new).map(Some)
    };
    Ok(Sealed {
        id: row.id,
        signing_token: again(&row.signing_token)?,
        previous_signing_token: again(&row.previous_signing_token)?,
    })
}
