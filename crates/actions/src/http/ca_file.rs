//! The certificates of an entry's file.

use crate::trust;
use signalbox_core::sentence::Sentence;
use signalbox_outbound::{PemFault, Roots};
use std::fs;
use std::path::Path;

/// The largest file that is read.
const MAX_BYTES: u64 = 1024 * 1024;

/// The certificates of a file, in PEM. It must be the operator's alone.
///
/// # Errors
/// Why they cannot be had.
pub(super) fn read_roots(file: &Path) -> Result<Roots, Sentence> {
    let real = trust::check_trust(file, rustix::process::geteuid().as_raw())?;
    let says = |error| trust::describe_io_error(file, &error);
    let wrong = |pattern| Sentence::new(pattern).with("path", file.display());
    let metadata = fs::metadata(&real).map_err(says)?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(wrong("{path} is not a file of at most 1 MiB"));
    }
    let pem = fs::read(&real).map_err(says)?;
    Roots::from_pem(&pem).map_err(|fault| match fault {
        PemFault::NotPem(error) => wrong("{path} is not PEM: {error}").with("error", error),
        PemFault::Unusable(error) => {
            wrong("{path} has an unusable certificate: {error}").with("error", error)
        }
        PemFault::Empty => wrong("{path} holds no certificate in PEM"),
    })
}
