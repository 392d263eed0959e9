//! Whether a file is the operator's alone: nobody but root and we may change it or put another in
//! its place.
//!
//! Every directory on the way and every symbolic link is looked at, from `/` on, as the kernel
//! would walk it.

use signalbox_core::sentence::Sentence;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// As many symbolic links as the kernel follows. Source: `path_resolution(7)`.
const MAX_LINKS: usize = 40;

/// Checks that nobody but root and `us` can change what `path` (absolute) leads to; gives the path
/// without links.
///
/// # Errors
/// A sentence naming the part that others may write to, or that is not there.
pub(super) fn check_trust(path: &Path, us: u32) -> Result<PathBuf, Sentence> {
    let mut left = path_parts(path);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    check_part(&at, &read_metadata(&at)?, us, left.is_empty())?;
    while let Some(part) = left.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        let metadata = read_metadata(&next)?;
        if metadata.is_symlink() {
            links += 1;
            if links > MAX_LINKS {
                let why = Sentence::new("{path} leads through too many symbolic links");
                return Err(why.with("path", path.display()));
            }
            check_owner(&next, &metadata, us)?;
            let target = fs::read_link(&next).map_err(|error| describe_io_error(&next, &error))?;
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            for part in path_parts(&target).into_iter().rev() {
                left.push_front(part);
            }
        } else {
            check_part(&next, &metadata, us, left.is_empty())?;
            at = next;
        }
    }
    Ok(at)
}

/// The parts of a path, without `/` and `.`.
fn path_parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

fn read_metadata(path: &Path) -> Result<Metadata, Sentence> {
    fs::symlink_metadata(path).map_err(|error| describe_io_error(path, &error))
}

/// What the operating system says of a file.
pub(super) fn describe_io_error(path: &Path, error: &std::io::Error) -> Sentence {
    let sentence = match error.kind() {
        std::io::ErrorKind::NotFound => Sentence::new("{path} does not exist"),
        _ => Sentence::new("{path}: {error}").with("error", error),
    };
    sentence.with("path", path.display())
}

fn check_owner(path: &Path, metadata: &Metadata, us: u32) -> Result<(), Sentence> {
    let owner = metadata.uid();
    if owner == 0 || owner == us {
        return Ok(());
    }
    Err(Sentence::new(
        "{path} belongs to user {owner}, who could change it: it must belong to root or to user {us}",
    )
    .with("path", path.display())
    .with("owner", owner)
    .with("us", us))
}

fn check_part(path: &Path, metadata: &Metadata, us: u32, is_last: bool) -> Result<(), Sentence> {
    check_owner(path, metadata, us)?;
    let mode = metadata.mode();
    // In a sticky directory on the way, as /tmp, others may add files but not replace ours.
    let sticky_on_the_way = metadata.is_dir() && mode & 0o1000 != 0 && !is_last;
    if mode & 0o022 == 0 || sticky_on_the_way {
        return Ok(());
    }
    let pattern = if mode & 0o002 != 0 {
        "{path} may be written to by everybody (mode {bits}): run chmod go-w on it"
    } else {
        "{path} may be written to by its group (mode {bits}): run chmod go-w on it"
    };
    let bits = format!("{:04o}", mode & 0o7777);
    Err(Sentence::new(pattern).with("path", path.display()).with("bits", bits))
}
