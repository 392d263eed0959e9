//! The catalogue on folders that are sound, broken, and open to others.

use super::*;
use std::fs::Permissions;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

/// A directory as an operator should keep it: an own one in the temporary directory.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    chmod(directory.path(), 0o755);
    directory
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn write(directory: &TempDir, name: &str, text: &str, mode: u32) -> PathBuf {
    let file = directory.path().join(name);
    fs::write(&file, text).unwrap();
    chmod(&file, mode);
    file
}

fn load(directory: &TempDir) -> (Vec<String>, Vec<String>) {
    let (catalogue, faults) = Catalogue::load_directory(Some(directory.path()));
    let prefix = format!("{}/", directory.path().display());
    let faults = faults.iter().map(|fault| fault.to_string().replace(&prefix, ""));
    (catalogue.names().collect(), faults.collect())
}

const ECHO: &str = "command = ['/bin/echo', 'x']";

#[test]
fn print_is_there_without_a_directory_and_an_own_one_takes_its_place() {
    let (catalogue, faults) = Catalogue::load_directory(None);
    assert_eq!((catalogue.names().collect::<Vec<_>>(), faults), (vec!["print".to_owned()], vec![]));
    let directory = directory();
    write(&directory, "print.toml", "description = 'own'\ncommand = ['/bin/echo']", 0o644);
    let (catalogue, _) = Catalogue::load_directory(Some(directory.path()));
    assert_eq!(catalogue.get("print").unwrap().description, "own");
    write(&directory, "print.toml", "nonsense", 0o644);
    let (names, faults) = load(&directory);
    assert_eq!((names, faults.len()), (vec!["print".to_owned()], 1));
}

#[test]
fn a_faulty_entry_is_named_and_hides_no_other() {
    let directory = directory();
    write(&directory, "good.toml", ECHO, 0o644);
    write(&directory, "bad.toml", "\ncolour = 1\ntimeout_s = 'x'\ncommand = ['/bin/echo']", 0o644);
    write(&directory, "gone.toml", "\n\ncommand = ['/nowhere/x']", 0o644);
    write(&directory, "Upper.toml", ECHO, 0o644);
    write(&directory, "README.md", "not an entry", 0o666);
    let (names, faults) = load(&directory);
    assert_eq!(names, ["good", "print"]);
    assert_eq!(
        faults,
        [
            "Upper.toml: a file's name is lower-case letters, digits, “-” and “_”, at most 64, then .toml",
            "bad.toml:2: colour is not a key that is known here",
            "bad.toml:3: timeout_s: write a whole number; this is of the type string",
            "gone.toml:3: command: /nowhere does not exist",
        ]
    );
    let (catalogue, _) = Catalogue::load_directory(Some(directory.path()));
    assert!(catalogue.why_missing("gone").to_string().contains("gone.toml:3: command: /nowhere"));
    assert!(
        catalogue
            .why_missing("never")
            .to_string()
            .ends_with("the actions directory has no never.toml.")
    );
}

#[test]
fn what_others_may_write_to_is_refused() {
    let directory = directory();
    let path = directory.path().display().to_string();
    write(&directory, "open.toml", ECHO, 0o666);
    let program = write(&directory, "run.sh", "#!/bin/sh\n", 0o775);
    write(&directory, "program.toml", "command = ['./run.sh']", 0o644);
    let (names, faults) = load(&directory);
    assert_eq!(names, ["print"]);
    assert_eq!(
        faults,
        [
            "open.toml: open.toml may be written to by everybody (mode 0666): run chmod go-w on it",
            "program.toml:1: command: run.sh may be written to by its group (mode 0775): run chmod go-w on it",
        ]
    );
    chmod(&program, 0o644);
    chmod(&directory.path().join("open.toml"), 0o644);
    assert_eq!(
        load(&directory).1,
        ["program.toml:1: command: run.sh is not executable: run chmod +x on it"]
    );
    chmod(&program, 0o755);
    assert_eq!(load(&directory), (vec!["open".into(), "print".into(), "program".into()], vec![]));

    // Whoever may write to a directory may put another file in its place.
    chmod(directory.path(), 0o1777);
    let (names, faults) = load(&directory);
    assert_eq!(names, ["print"]);
    assert_eq!(
        faults,
        [format!(
            "{path}: {path} may be written to by everybody (mode 1777): run chmod go-w on it"
        )]
    );
}

/// Every directory from `/` on counts, of the entries as of a program that lies elsewhere.
#[test]
fn a_parent_of_a_parent_counts_as_well() {
    let directory = directory();
    let (one, two) = (directory.path().join("one"), directory.path().join("one/two"));
    fs::create_dir_all(&two).unwrap();
    fs::write(two.join("run.sh"), "#!/bin/sh\n").unwrap();
    chmod(&two.join("run.sh"), 0o755);
    chmod(&two, 0o755);
    chmod(&one, 0o755);
    fs::write(two.join("entry.toml"), ECHO).unwrap();
    chmod(&two.join("entry.toml"), 0o644);
    write(&directory, "far.toml", "command = ['./one/two/run.sh']", 0o644);
    assert_eq!((Catalogue::load_directory(Some(&two)).1, load(&directory).1), (vec![], vec![]));
    chmod(&one, 0o777);
    let reason = "one may be written to by everybody (mode 0777): run chmod go-w on it";
    assert!(Catalogue::load_directory(Some(&two)).1[0].reason.to_string().ends_with(reason));
    assert_eq!(load(&directory).1, [format!("far.toml:1: command: {reason}")]);
    // In a sticky directory nobody can replace what is ours.
    chmod(&one, 0o1777);
    assert_eq!(load(&directory).1, [""; 0]);
}

#[test]
fn links_are_followed_and_everything_on_the_way_is_looked_at() {
    let directory = directory();
    let open = directory.path().join("open");
    fs::create_dir(&open).unwrap();
    symlink("/bin/echo", open.join("echo")).unwrap();
    symlink("open/../open/echo", directory.path().join("link")).unwrap();
    write(&directory, "linked.toml", "command = ['./link']", 0o644);
    assert_eq!(load(&directory).1, [""; 0]);
    chmod(&open, 0o777);
    assert_eq!(
        load(&directory).1,
        [
            "linked.toml:1: command: open may be written to by everybody (mode 0777): run chmod go-w on it"
        ]
    );
    chmod(&open, 0o755);
    symlink("round", directory.path().join("round")).unwrap();
    write(&directory, "round.toml", "command = ['./round']", 0o644);
    assert!(load(&directory).1[0].contains("too many symbolic links"));
}

#[test]
fn another_users_file_is_refused() {
    let directory = directory();
    write(&directory, "mine.toml", ECHO, 0o644);
    let owner = rustix::process::geteuid().as_raw();
    // Seen as somebody else would see it; root's files are everybody's to trust.
    let (catalogue, faults) = Catalogue::load_as(Some(directory.path()), owner + 1);
    assert_eq!(catalogue.get("mine").is_some(), owner == 0);
    assert_eq!(faults.is_empty(), owner == 0);
    if owner == 0 {
        let file = directory.path().join("mine.toml");
        std::os::unix::fs::chown(file, Some(61_234), None).unwrap();
        assert!(load(&directory).1[0].contains("mine.toml belongs to user 61234"));
    }
}

#[test]
fn a_directory_that_was_named_must_be_there() {
    let (catalogue, faults) = Catalogue::load_directory(Some(Path::new("/nowhere/actions")));
    assert_eq!(faults[0].to_string(), "/nowhere/actions: /nowhere does not exist");
    assert!(catalogue.get("print").is_some());
}

#[test]
fn the_shipped_entries_are_sound() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions");
    for entry in fs::read_dir(shipped).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            let name = file.file_stem().unwrap().to_str().unwrap();
            ActionSpec::from_toml(name, &fs::read_to_string(&file).unwrap()).unwrap();
        }
    }
}
