//! What really ran: an action that writes down each begin and end of its own, and notices when an
//! attempt begins while anything of an earlier one of its job is still alive.

use std::collections::BTreeMap;
use std::path::PathBuf;
use tempfile::TempDir;

/// The action's notes.
pub struct Ledger {
    folder: TempDir,
}

/// A lock that the kernel frees when the last process of the attempt has ended.
const NOTES: &str = "exec 9>\"locks/$SIGNALBOX_JOB\"\n\
                     flock -n 9 || echo \"$SIGNALBOX_JOB\" >>overlapping\n\
                     echo \"$SIGNALBOX_JOB\" >>began\n\
                     {work}\n\
                     echo \"$SIGNALBOX_JOB\" >>ended\n";

impl Ledger {
    pub fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::create_dir(folder.path().join("locks")).unwrap();
        Self { folder }
    }

    /// The action's script, which does this work between begin and end.
    pub fn script(&self, work: &str) -> String {
        let folder = self.folder.path().display();
        format!("cd '{folder}' || exit 9\n{}", NOTES.replace("{work}", work))
    }

    /// How often each job began.
    pub fn began(&self) -> BTreeMap<String, usize> {
        self.notes("began")
    }

    /// How often each job came to its end.
    pub fn ended(&self) -> BTreeMap<String, usize> {
        self.notes("ended")
    }

    /// Attempts that began while an earlier one was alive.
    pub fn overlapping(&self) -> usize {
        self.notes("overlapping").values().sum()
    }

    fn notes(&self, name: &str) -> BTreeMap<String, usize> {
        let path: PathBuf = self.folder.path().join(name);
        let mut notes = BTreeMap::new();
        for job in std::fs::read_to_string(path).unwrap_or_default().lines() {
            *notes.entry(job.to_owned()).or_default() += 1;
        }
        notes
    }
}
