//! Which actions there are: the files of the actions directory, and `print`, which is built in.
//!
//! A faulty file is left out and named with file, line and reason; it never hides the others. The
//! directory is read again while Signalbox runs (`watch.rs`); who asks gets what holds now.

use super::{http, identity, trust};
use signalbox_core::action::{ActionKind, ActionSpec, Command};
use signalbox_core::failure::Failure;
use signalbox_core::sentence::Sentence;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// The action that only shows the event: there for a first try with an empty directory, until a
/// sound `print.toml` takes its place.
const PRINT: &str = include_str!("../../../actions/print.toml");

/// The largest file that is read.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// The entries as they are now. Cheap to clone; all clones see the same.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(Arc<RwLock<Arc<Inner>>>);

#[derive(Debug, Default, PartialEq)]
struct Inner {
    entries: BTreeMap<String, Arc<ActionSpec>>,
    faults: Vec<Fault>,
}

/// Something wrong with a file of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, or the directory itself.
    pub file: PathBuf,
    /// The line, from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong, as a sentence.
    pub reason: Sentence,
}

impl Fault {
    /// File, line and reason.
    pub fn sentence(&self) -> Sentence {
        let place = match self.line {
            Some(line) => format!("{}:{line}", self.file.display()),
            None => self.file.display().to_string(),
        };
        Sentence::new("{place}: {reason}")
            .with("place", place)
            .with_sentence("reason", self.reason.clone())
    }
}

/// In English.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

impl Catalogue {
    /// Reads every `*.toml` of a directory; without one, only what is built in. Gives the sound
    /// entries and every fault.
    pub fn load_directory(directory: Option<&Path>) -> (Self, Vec<Fault>) {
        Self::load_as(directory, rustix::process::geteuid().as_raw())
    }

    /// As user number `us`, who besides root may own the files.
    fn load_as(directory: Option<&Path>, us: u32) -> (Self, Vec<Fault>) {
        let mut inner = Inner::default();
        if let Ok(print) = ActionSpec::from_toml("print", PRINT) {
            inner.entries.insert(print.name.clone(), Arc::new(print));
        }
        if let Some(directory) = directory {
            match list_files(directory, us) {
                Ok(files) => files.iter().for_each(|file| inner.add_file(file, us)),
                Err(reason) => {
                    let fault = Fault { file: directory.to_owned(), line: None, reason };
                    inner.faults.push(fault);
                }
            }
        }
        let faults = inner.faults.clone();
        (Self(Arc::new(RwLock::new(Arc::new(inner)))), faults)
    }

    fn current_entries(&self) -> Arc<Inner> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what another one has, for all clones; false if it has the same.
    pub(super) fn take_from(&self, newer: &Self) -> bool {
        let newer = newer.current_entries();
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let differs = **inner != *newer;
        *inner = newer;
        differs
    }

    /// What is wrong with the directory now.
    pub fn faults(&self) -> Vec<Fault> {
        self.current_entries().faults.clone()
    }

    /// The entry of a name.
    pub fn get(&self, name: &str) -> Option<Arc<ActionSpec>> {
        self.current_entries().entries.get(name).cloned()
    }

    /// Every entry, by name.
    pub fn entries(&self) -> impl Iterator<Item = Arc<ActionSpec>> + use<> {
        self.current_entries().entries.values().cloned().collect::<Vec<_>>().into_iter()
    }

    /// The names of those whose jobs share a lane of the host.
    pub fn actions_with_lane(&self) -> Vec<String> {
        let now = self.current_entries();
        let named = now.entries.values().filter(|entry| entry.lane.is_some());
        named.map(|entry| entry.name.clone()).collect()
    }

    /// Every name, sorted.
    pub fn names(&self) -> impl Iterator<Item = String> + use<> {
        self.current_entries().entries.keys().cloned().collect::<Vec<_>>().into_iter()
    }

    /// Why there is no entry of a name, for the job that wanted it.
    pub fn why_missing(&self, name: &str) -> Failure {
        let stem = |fault: &&Fault| fault.file.file_stem().is_some_and(|stem| stem == name);
        let fault = self.current_entries().faults.iter().find(stem).map(Fault::sentence);
        Failure::ActionMissing { name: name.to_owned(), fault }
    }
}

impl Inner {
    fn add_file(&mut self, file: &Path, us: u32) {
        match read_spec(file, us) {
            Ok(spec) => drop(self.entries.insert(spec.name.clone(), Arc::new(spec))),
            Err(faults) => self.faults.extend(faults),
        }
    }
}

/// The directory's `*.toml`, sorted.
fn list_files(directory: &Path, us: u32) -> Result<Vec<PathBuf>, Sentence> {
    let absolute = std::path::absolute(directory).map_err(|error| error.to_string())?;
    trust::check_trust(&absolute, us)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(&absolute).map_err(|error| error.to_string())? {
        let file = entry.map_err(|error| error.to_string())?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn read_spec(file: &Path, us: u32) -> Result<ActionSpec, Vec<Fault>> {
    let fault = |line, reason| Fault { file: file.to_owned(), line, reason };
    let whole = |reason| vec![fault(None, reason)];
    trust::check_trust(file, us).map_err(whole)?;
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let metadata = fs::metadata(file).map_err(|error| whole(error.to_string().into()))?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return Err(whole("it is not a file of at most 256 KiB".into()));
    }
    let text = fs::read_to_string(file).map_err(|error| whole(error.to_string().into()))?;
    let mut spec = ActionSpec::from_toml(name, &text).map_err(|faults| {
        faults.into_iter().map(|found| fault(found.line, found.reason)).collect::<Vec<_>>()
    })?;
    let at_key = |key: &str| {
        let line = text.lines().position(|line| line.trim_start().starts_with(key));
        line.map(|index| index + 1)
    };
    let wrong = match &mut spec.kind {
        ActionKind::Command(command) => check_command(command, file, us),
        ActionKind::Http(http) => http::check_http(http),
        // Whether the engine answers is seen at each run: it may be started after us.
        ActionKind::Container(_) => Ok(()),
    };
    wrong.map_err(|(key, reason)| {
        let reason =
            Sentence::new("{key}: {reason}").with("key", key).with_sentence("reason", reason);
        vec![fault(at_key(key), reason)]
    })?;
    Ok(spec)
}

/// Makes the program's path absolute, and looks at what only this machine can tell. Err = the key
/// that is wrong, and why.
fn check_command(
    command: &mut Command,
    file: &Path,
    us: u32,
) -> Result<(), (&'static str, Sentence)> {
    if let (Ok(beside), Some(directory)) = (command.program.strip_prefix("."), file.parent()) {
        command.program = directory.join(beside);
    }
    check_program(&command.program, us).map_err(|reason| ("command", reason))?;
    identity::resolve_identity(command, us).map(|_| ()).map_err(|reason| ("user", reason))
}

/// A program must be there, be executable, and be the operator's alone.
fn check_program(program: &Path, us: u32) -> Result<(), Sentence> {
    let real = trust::check_trust(program, us)?;
    let metadata = fs::metadata(&real).map_err(|error| trust::describe_io_error(&real, &error))?;
    if !metadata.is_file() {
        return Err(Sentence::new("{path} is not a file").with("path", program.display()));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        let why = Sentence::new("{path} is not executable: run chmod +x on it");
        return Err(why.with("path", program.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
