//! The kind `command`: a program of this machine, without a shell, with nothing but what its entry
//! grants.

use super::pipes::Pipes;
use super::process::{self, Cause, End, Limits, Started};
use super::recorder::Recorder;
use super::{Ended, OutputChunk, RunRequest, Told, identity, trust};
use signalbox_core::action::{ActionSpec, Command, ResourceLimits};
use signalbox_core::job::AttemptOutcome;
use signalbox_process::{self as spawn, Ids, Launch, Offspring, Stdio};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The exit code that asks for another try. Source: sysexits.h, `EX_TEMPFAIL`.
const TEMPORARY_FAILURE: i32 = 75;

pub(super) async fn run(
    command: &Command,
    request: RunRequest,
    limits: Limits,
    output: mpsc::Sender<OutputChunk>,
    stop: CancellationToken,
) -> Ended {
    let spec = &*request.spec;
    let prepared = request.told().and_then(|told| Ok((prepare(command, &request, &told)?, told)));
    let (prepared, told) = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => return Ended::not_started(spec, reason),
    };
    let recorder = Recorder::new(&told.secrets, output);
    let started = match start(command, prepared).await {
        Ok(started) => started,
        Err(error) => return Ended::not_started(spec, cannot_start(command, &error)),
    };
    let time = request.time();
    let limits = Limits { time, ..limits };
    match process::see_through(started, request.body, limits, recorder, &stop).await {
        Ok(end) => ended(spec, &end, time),
        Err(error) => Ended::not_started(spec, format!("Its end was not seen: {error}")),
    }
}

/// Everything the process gets of an event.
pub(super) struct Prepared {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    ids: Option<Ids>,
}

/// Puts together what the process gets; refused here if anything about it is not in order.
pub(super) fn prepare(
    command: &Command,
    request: &RunRequest,
    told: &Told,
) -> Result<Prepared, String> {
    let spec = &*request.spec;
    let refused = |refused| format!("Not run: {refused}.");
    let args = command.argv(&told.values, &request.facts).map_err(refused)?;

    // Looked at again at each run: the file may have changed hands since the catalogue was read.
    let us = rustix::process::geteuid().as_raw();
    let not_run = |reason: String| format!("Not run: {reason}.");
    let program =
        trust::check(&command.program, us).map(|_| command.program.clone()).map_err(not_run)?;
    let identity = identity::of(command, us).map_err(not_run)?;
    if !command.cwd.is_dir() {
        return Err(format!(
            "Not run: its cwd {path} is not a directory.",
            path = command.cwd.display()
        ));
    }
    let home = identity.as_ref().map(|who| who.home.display().to_string());
    let inherited = |name: &str| match &home {
        Some(home) if name == "HOME" => Some(home.clone()),
        _ => std::env::var_os(name)?.into_string().ok(),
    };
    let env = command
        .environment(spec, (&told.values, &told.secrets), &request.facts, inherited)
        .map_err(refused)?;
    Ok(Prepared { program, args, env, ids: identity.map(|who| who.ids) })
}

async fn start(command: &Command, prepared: Prepared) -> io::Result<Started> {
    let mut launch = launch(command, prepared);
    let (pipes, writers) = Pipes::open(launch.user, command.separate_stderr)?;
    launch.stdout = Stdio::File(writers.stdout.into());
    launch.stderr = Stdio::File(writers.stderr.into());
    Ok(Started { child: launch.start().await?, pipes })
}

fn launch(command: &Command, prepared: Prepared) -> Launch {
    let Prepared { program, args, env, ids } = prepared;
    let mut launch = Launch::of(program).args(args);
    launch.env = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    launch.cwd.clone_from(&command.cwd);
    launch.user = ids;
    launch.umask = command.umask;
    launch.may_gain_rights = command.allow_new_privileges;
    launch.limits = limits(command.limits);
    launch.offspring =
        if command.may_leave_processes { Offspring::MayLive } else { Offspring::Ended };
    launch.stdin = Stdio::Piped;
    launch
}

fn limits(limits: ResourceLimits) -> spawn::Limits {
    let ResourceLimits { cpu_s, memory_mib, open_files, processes } = limits;
    let memory = memory_mib.map(|mib| mib.saturating_mul(1024 * 1024));
    spawn::Limits { cpu_s, memory, open_files, processes }
}

fn cannot_start(command: &Command, error: &io::Error) -> String {
    let program = command.program.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "{program} could not be started: it, or the interpreter its first line names, does not exist."
        ),
        _ => format!("{program} could not be started: {error}."),
    }
}

/// What the end of a command means.
fn ended(spec: &ActionSpec, end: &End, time: Duration) -> Ended {
    let End { cause, status, usage } = *end;
    let (exit_code, signal) = (status.code(), status.signal());
    let (outcome, error) = match cause {
        Cause::Itself if status.success() => (AttemptOutcome::Succeeded, String::new()),
        Cause::Itself => (AttemptOutcome::Failed, in_words(exit_code, signal)),
        Cause::TimeLimit => {
            let seconds = time.as_secs_f64();
            let error = format!("It ran longer than its limit of {seconds} s and was ended.");
            (AttemptOutcome::TimedOut, error)
        }
        Cause::Stopped => (AttemptOutcome::Cancelled, "It was stopped while it ran.".to_owned()),
    };
    let temporary = match cause {
        Cause::Itself => {
            !status.success() && (exit_code == Some(TEMPORARY_FAILURE) || spec.retry_on_failure)
        }
        Cause::TimeLimit => spec.retry_on_failure,
        Cause::Stopped => false,
    };
    Ended { outcome, temporary, exit_code, signal, http_status: None, usage, error }
}

fn in_words(exit_code: Option<i32>, signal: Option<i32>) -> String {
    match (exit_code, signal) {
        (Some(TEMPORARY_FAILURE), _) => {
            "It ended with exit code 75: a temporary failure, by its own word.".to_owned()
        }
        (Some(code @ 126), _) => {
            format!("It ended with exit code {code}: a shell's word for a file it may not run.")
        }
        (Some(code @ 127), _) => {
            format!("It ended with exit code {code}: a shell's word for a command it cannot find.")
        }
        (Some(code), _) => format!("It ended with exit code {code}."),
        (None, Some(signal)) => match signal_name(signal) {
            Some("SIGXCPU") => {
                format!("It was ended by signal {signal} (SIGXCPU: it used up its processor time).")
            }
            Some(name) => format!("It was ended by signal {signal} ({name})."),
            None => format!("It was ended by signal {signal}."),
        },
        (None, None) => "It ended without an exit code.".to_owned(),
    }
}

/// Source: signal(7), the numbers that are the same on every architecture.
fn signal_name(signal: i32) -> Option<&'static str> {
    match signal {
        1 => Some("SIGHUP"),
        2 => Some("SIGINT"),
        3 => Some("SIGQUIT"),
        4 => Some("SIGILL"),
        6 => Some("SIGABRT"),
        8 => Some("SIGFPE"),
        9 => Some("SIGKILL"),
        11 => Some("SIGSEGV"),
        13 => Some("SIGPIPE"),
        14 => Some("SIGALRM"),
        15 => Some("SIGTERM"),
        24 => Some("SIGXCPU"),
        _ => None,
    }
}
