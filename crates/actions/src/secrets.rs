//! The values of declared secrets, read at each run.

use super::trust;
use signalbox_core::action::{ActionSpec, SecretSource, Secrets};
use signalbox_core::sentence::Sentence;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A shorter one cannot be taken out of an output without making holes everywhere.
const MIN_BYTES: usize = 4;

/// The largest file that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads every secret of an entry.
///
/// # Errors
/// Why one cannot be had, as a sentence. Its value is never in it.
pub(super) fn read_secrets(spec: &ActionSpec) -> Result<Secrets, Sentence> {
    let mut secrets = Secrets::default();
    for secret in &spec.secrets {
        let value = read_value(&secret.source).map_err(|why| {
            Sentence::new("the secret {name}: {why}")
                .with("name", &secret.name)
                .with_sentence("why", why)
        })?;
        secrets.insert(&secret.name, value);
    }
    Ok(secrets)
}

fn read_value(source: &SecretSource) -> Result<String, Sentence> {
    let value = match source {
        SecretSource::Env(name) => std::env::var_os(name)
            .ok_or_else(|| {
                Sentence::new("Signalbox's environment has no variable {name}").with("name", name)
            })?
            .into_string()
            .map_err(|_| Sentence::new("the variable {name} is not text").with("name", name))?,
        SecretSource::File(path) => read_secret_file(path)?,
    };
    if value.len() < MIN_BYTES {
        let why = Sentence::new("it is shorter than {least} bytes, too short to be masked");
        return Err(why.with("least", MIN_BYTES));
    }
    Ok(value)
}

fn read_secret_file(path: &Path) -> Result<String, Sentence> {
    let real = trust::check_trust(path, rustix::process::geteuid().as_raw())?;
    let says = |error| trust::describe_io_error(path, &error);
    let metadata = fs::metadata(&real).map_err(says)?;
    if metadata.permissions().mode() & 0o004 != 0 {
        let why = Sentence::new("{path} may be read by everybody: run chmod o-r on it");
        return Err(why.with("path", path.display()));
    }
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        let why = Sentence::new("{path} is not a file of at most 64 KiB");
        return Err(why.with("path", path.display()));
    }
    let mut text = fs::read_to_string(&real).map_err(says)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
