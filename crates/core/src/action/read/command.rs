//! The kind `command`: the program, its arguments, and what it may use.

use super::{Declared, is_variable_name};
use crate::action::section::{Faults, Section};
use crate::action::{Argument, Command, ResourceLimits};
use crate::sentence::Sentence;
use std::path::{Path, PathBuf};

pub(super) fn read_command(
    top: &mut Section<'_>,
    declared: &Declared,
    faults: &mut Faults<'_>,
) -> Option<Command> {
    let cwd = top.take_text("cwd", faults);
    if let Some((path, at)) = &cwd
        && !Path::new(path).is_absolute()
    {
        faults.add_at(
            Some(*at),
            Sentence::new("cwd = {path}: write an absolute path").with("path", format!("{path:?}")),
        );
    }
    let env = top.take_texts("env", faults).unwrap_or_default();
    for (variable, at) in &env {
        if variable.starts_with("SIGNALBOX_") || !is_variable_name(variable) {
            let reason = Sentence::new("env: {variable} is not the name of a variable to pass on")
                .with("variable", format!("{variable:?}"));
            faults.add_at(Some(*at), reason);
        }
    }
    for (variable, at) in &env {
        if declared.secrets.iter().any(|secret| secret.name == *variable) {
            faults.add_at(
                Some(*at),
                Sentence::new("env: {variable} is declared under [secrets] already")
                    .with("variable", variable),
            );
        }
    }
    let (user, group) = (read_account(top, "user", faults), read_account(top, "group", faults));
    if let (None, Some(_)) = (&user, &group) {
        faults.add_at(top.position_of("group"), "group: name the user too");
    }
    let umask = read_umask(top, faults);
    let allow_new_privileges = top.take_boolean("allow_new_privileges", faults).unwrap_or(false);
    let may_leave_processes = top.take_boolean("may_leave_processes", faults).unwrap_or(false);
    let separate_stderr = top.take_boolean("separate_stderr", faults).unwrap_or(false);
    let limits = read_limits(top, faults);
    let Some(elements) = top.take_texts("command", faults) else {
        if top.position_of("command").is_none() {
            faults.add_at(None, "command is missing: write command = [\"/path/of/program\", …]");
        }
        return None;
    };
    let mut elements = elements.into_iter();
    let Some((program, at)) = elements.next() else {
        faults
            .add_at(top.position_of("command"), "command is empty: write the program's path first");
        return None;
    };
    if !(program.starts_with('/') || program.starts_with("./")) || program.contains('\0') {
        let reason = Sentence::new("command: {program} is not a path: write it from / on, or ./ for a file beside this one").with("program", format!("{program:?}"));
        faults.add_at(Some(at), reason);
    }
    let mut args = Vec::new();
    for (element, at) in elements {
        match Argument::parse_argument(&element, args.last(), &declared.parameters) {
            Ok(argument) => args.push(argument),
            Err(reason) => {
                faults.add_at(
                    Some(at),
                    Sentence::new("command: {reason}").with_sentence("reason", reason),
                );
            }
        }
    }
    Some(Command {
        program: program.into(),
        args,
        cwd: cwd.map_or_else(|| PathBuf::from("/"), |(path, _)| path.into()),
        env: env.into_iter().map(|(variable, _)| variable).collect(),
        user,
        group,
        umask,
        allow_new_privileges,
        may_leave_processes,
        separate_stderr,
        limits,
    })
}

/// A user or group: a name or a number.
fn read_account(top: &mut Section<'_>, key: &str, faults: &mut Faults<'_>) -> Option<String> {
    let (name, at) = top.take_scalar(key, faults)?;
    let sound = !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('-')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-$".contains(c));
    if !sound {
        faults.add_at(
            Some(at),
            Sentence::new("{key} = {name}: write a name or a number")
                .with("key", key)
                .with("name", format!("{name:?}")),
        );
    }
    Some(name)
}

fn read_umask(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Option<u32> {
    let (text, at) = top.take_text("umask", faults)?;
    let mask = u32::from_str_radix(&text, 8).ok().filter(|mask| *mask <= 0o777);
    if mask.is_none() {
        faults.add_at(
            Some(at),
            Sentence::new("umask = {text}: write it as \"022\" or \"077\"")
                .with("text", format!("{text:?}")),
        );
    }
    mask
}

/// `[limits]`.
fn read_limits(top: &mut Section<'_>, faults: &mut Faults<'_>) -> ResourceLimits {
    let Some((table, _)) = top.take_table("limits", faults) else {
        return ResourceLimits::default();
    };
    let mut section = Section::new("limits.", table);
    let mut limit = |key, range| {
        section.take_integer(key, range, faults).and_then(|number| u64::try_from(number).ok())
    };
    let limits = ResourceLimits {
        cpu_s: limit("cpu_s", 1..=86_400),
        memory_mib: limit("memory_mib", 1..=16 * 1024 * 1024),
        open_files: limit("open_files", 16..=1_048_576),
        processes: limit("processes", 1..=1_048_576),
    };
    section.reject_unknown(faults);
    limits
}
