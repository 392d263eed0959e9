//! The kind `command`: a program of this machine, without a shell, with nothing but what its entry
//! grants.

use super::pipes::Pipes;
use super::process::{self, Cause, End, Limits, Started};
use super::recorder::Recorder;
use super::{Ended, OutputChunk, RunRequest, Told, identity, trust};
use signalbox_core::action::{ActionSpec, Command, Refused, ResourceLimits};
use signalbox_core::failure::Failure;
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

/// Bytes of program and arguments that are kept.
const MOST_ARGV: usize = 8 * 1024;

pub(super) async fn run_command(
    command: &Command,
    request: RunRequest,
    limits: Limits,
    output: mpsc::Sender<OutputChunk>,
    stop: CancellationToken,
) -> Ended {
    let spec = &*request.spec;
    let prepared =
        request.read_told().and_then(|told| Ok((prepare_command(command, &request, &told)?, told)));
    let (prepared, told) = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => return Ended::not_started(spec, reason),
    };
    let recorder = Recorder::new(&told.secrets, output);
    let argv = shown_argv(&prepared, &recorder);
    let started = match start_command(command, prepared).await {
        Ok(started) => started,
        Err(error) => return Ended::not_started(spec, cannot_start(command, &error)),
    };
    let time = request.time_limit();
    let limits = Limits { time, ..limits };
    match process::see_through(started, request.body, limits, recorder, &stop).await {
        Ok(end) => Ended { argv, ..describe_end(spec, &end, time) },
        Err(error) => Ended::not_started(spec, Failure::EndNotSeen { error: error.to_string() }),
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
pub(super) fn prepare_command(
    command: &Command,
    request: &RunRequest,
    told: &Told,
) -> Result<Prepared, Failure> {
    let spec = &*request.spec;
    let refused = |refused: Refused| Failure::NotRun { reason: refused.sentence() };
    let args = command.build_argv(&told.values, &request.facts).map_err(refused)?;

    // Looked at again at each run: the file may have changed hands since the catalogue was read.
    let us = rustix::process::geteuid().as_raw();
    let not_run = |reason| Failure::NotRun { reason };
    let program = trust::check_trust(&command.program, us)
        .map(|_| command.program.clone())
        .map_err(not_run)?;
    let identity = identity::resolve_identity(command, us).map_err(not_run)?;
    if !command.cwd.is_dir() {
        return Err(Failure::NoDirectory { path: command.cwd.display().to_string() });
    }
    let home = identity.as_ref().map(|who| who.home.display().to_string());
    let inherited = |name: &str| match &home {
        Some(home) if name == "HOME" => Some(home.clone()),
        _ => std::env::var_os(name)?.into_string().ok(),
    };
    let env = command
        .build_environment(spec, (&told.values, &told.secrets), &request.facts, inherited)
        .map_err(refused)?;
    Ok(Prepared { program, args, env, ids: identity.map(|who| who.ids) })
}

/// Program and arguments for people: without secrets, and none if they are too long to keep.
fn shown_argv(prepared: &Prepared, recorder: &Recorder) -> Option<Vec<String>> {
    let program = prepared.program.display().to_string();
    let argv = std::iter::once(&program).chain(&prepared.args);
    let argv: Vec<String> = argv.map(|text| recorder.mask_text(text)).collect();
    (argv.iter().map(String::len).sum::<usize>() <= MOST_ARGV).then_some(argv)
}

async fn start_command(command: &Command, prepared: Prepared) -> io::Result<Started> {
    let mut launch = build_launch(command, prepared);
    let (pipes, writers) = Pipes::open_pipes(launch.user, command.separate_stderr)?;
    launch.stdout = Stdio::File(writers.stdout.into());
    launch.stderr = Stdio::File(writers.stderr.into());
    Ok(Started { child: launch.start_process().await?, pipes })
}

fn build_launch(command: &Command, prepared: Prepared) -> Launch {
    let Prepared { program, args, env, ids } = prepared;
    let mut launch = Launch::for_program(program).args(args);
    launch.env = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    launch.cwd.clone_from(&command.cwd);
    launch.user = ids;
    launch.umask = command.umask;
    launch.may_gain_rights = command.allow_new_privileges;
    launch.limits = to_spawn_limits(command.limits);
    launch.offspring =
        if command.may_leave_processes { Offspring::MayLive } else { Offspring::Ended };
    launch.stdin = Stdio::Piped;
    launch
}

fn to_spawn_limits(limits: ResourceLimits) -> spawn::Limits {
    let ResourceLimits { cpu_s, memory_mib, open_files, processes } = limits;
    let memory = memory_mib.map(|mib| mib.saturating_mul(1024 * 1024));
    spawn::Limits { cpu_s, memory, open_files, processes }
}

fn cannot_start(command: &Command, error: &io::Error) -> Failure {
    let program = command.program.display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound => Failure::ProgramMissing { program },
        _ => Failure::NotStarted { program, error: error.to_string() },
    }
}

/// What the end of a command means.
fn describe_end(spec: &ActionSpec, end: &End, time: Duration) -> Ended {
    let End { cause, status, usage } = *end;
    let (exit_code, signal) = (status.code(), status.signal());
    let (outcome, failure) = match cause {
        Cause::Itself if status.success() => (AttemptOutcome::Succeeded, None),
        Cause::Itself => (AttemptOutcome::Failed, Some(by_itself(exit_code, signal))),
        Cause::TimeLimit => {
            let seconds = time.as_secs_f64().to_string();
            (AttemptOutcome::TimedOut, Some(Failure::TimeLimit { seconds }))
        }
        Cause::Stopped => (AttemptOutcome::Cancelled, Some(Failure::Stopped)),
    };
    let temporary = match cause {
        Cause::Itself => {
            !status.success() && (exit_code == Some(TEMPORARY_FAILURE) || spec.retry_on_failure)
        }
        Cause::TimeLimit => spec.retry_on_failure,
        Cause::Stopped => false,
    };
    Ended { temporary, exit_code, signal, usage, ..Ended::with_outcome(outcome, failure) }
}

fn by_itself(exit_code: Option<i32>, signal: Option<i32>) -> Failure {
    match (exit_code, signal) {
        (Some(code), _) => Failure::ExitCode { code },
        (None, Some(number)) => Failure::Signal { number },
        (None, None) => Failure::NoExitCode,
    }
}
