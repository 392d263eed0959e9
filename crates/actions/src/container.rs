//! The kind `container`: restart or renew one container that the operator names, through the
//! engine's API on its socket (Docker, Podman).
//!
//! `engine.rs` speaks with the engine, `plan.rs` says what the new container is to be like.

mod engine;
mod plan;

use super::recorder::Recorder;
use super::{Ended, OutputChunk, RunRequest};
use engine::Engine;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use signalbox_core::action::{ActionSpec, Container, Login, Operation};
use signalbox_core::failure::Failure;
use signalbox_core::job::AttemptOutcome;
use signalbox_core::output::OutputNotice;
use signalbox_outbound::CallFailure;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What the old container is called while the new one takes its place.
const ASIDE: &str = "-before-signalbox";

pub(super) async fn update_container(
    container: &Container,
    request: RunRequest,
    output: mpsc::Sender<OutputChunk>,
    stop: CancellationToken,
) -> Ended {
    let spec = &*request.spec;
    let (told, mut recorder) = match request.begin_recording(output) {
        Ok(begun) => begun,
        Err(failure) => return Ended::not_started(spec, failure),
    };
    let time = request.time_limit();
    let login =
        container.registry.as_ref().map(|registry| registry.fill_login(request.fill_source(&told)));
    let work = Work { engine: Engine::for_socket(&container.socket), container, login };
    let prepared = tokio::select! {
        prepared = work.prepare_update(&mut recorder) => prepared.map_err(|failure| fail_call(spec, failure)),
        () = tokio::time::sleep(time) => Err(Ended::with_outcome(
            AttemptOutcome::TimedOut,
            Some(Failure::ContainerTimeLimit { seconds: time.as_secs_f64().to_string() }),
        )),
        () = stop.cancelled() => Err(Ended::with_outcome(
            AttemptOutcome::Cancelled,
            Some(Failure::ContainerStopped),
        )),
    };
    // From here on nothing is broken off: it would leave the container stopped.
    let done = match prepared {
        Ok(Some(rest)) => work
            .finish_update(rest, &mut recorder)
            .await
            .map_err(|failure| fail_call(spec, failure)),
        Ok(None) => Ok(()),
        Err(ended) => Err(ended),
    };
    recorder.finish_output().await;
    match done {
        Ok(()) => Ended::with_outcome(AttemptOutcome::Succeeded, None),
        Err(mut ended) => {
            ended.temporary |= ended.outcome == AttemptOutcome::TimedOut && spec.retry_on_failure;
            ended.failure = ended.failure.map(|failure| recorder.mask_failure(failure));
            ended
        }
    }
}

fn fail_call(spec: &ActionSpec, failure: CallFailure) -> Ended {
    Ended {
        temporary: failure.temporary || spec.retry_on_failure,
        http_status: failure.status.map(|status| status.as_u16().into()),
        ..Ended::with_outcome(AttemptOutcome::Failed, Some(failure.why))
    }
}

/// What stands at a place of the engine's answer; null if there is nothing.
fn value_at<'a>(said: &'a Value, place: &str) -> &'a Value {
    said.pointer(place).unwrap_or(&Value::Null)
}

/// What is left to do once everything is at hand.
enum Step {
    Restart,
    /// Put a new container in the place of this one.
    Replace {
        id: String,
        plan: plan::Plan,
    },
}

struct Work<'a> {
    engine: Engine<'a>,
    container: &'a Container,
    /// What the registry of its image asks for.
    login: Option<Login>,
}

impl Work<'_> {
    fn name(&self) -> &str {
        &self.container.name
    }

    /// Everything that changes nothing about the running container.
    async fn prepare_update(&self, recorder: &mut Recorder) -> Result<Option<Step>, CallFailure> {
        let old = self.inspect_container(recorder).await?;
        if self.container.operation == Operation::Restart {
            return Ok(Some(Step::Restart));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (id, image) = (text(value_at(&old, "/Id")), text(value_at(&old, "/Config/Image")));
        if *value_at(&old, "/HostConfig/AutoRemove") == Value::Bool(true) {
            return Err(CallFailure::refuse_for_good(Failure::ContainerRemoved));
        }
        recorder.record_notice(OutputNotice::Pulling { image: image.clone() }).await;
        let login = self.login.as_ref();
        if let Some(login) = login.filter(|login| !login.is_for(&image)) {
            let server = login.server.clone();
            return Err(CallFailure::refuse_for_good(Failure::OtherRegistry { image, server }));
        }
        self.engine.pull_image(&image, login, recorder).await?;
        let newest = self.inspect_image(&image).await?;
        if value_at(&newest, "/Id") == value_at(&old, "/Image") {
            let name = self.name().to_owned();
            recorder.record_notice(OutputNotice::NewestAlready { name, image }).await;
            return Ok(None);
        }
        let made_from =
            self.inspect_image(&text(value_at(&old, "/Image"))).await.unwrap_or(Value::Null);
        let plan = plan::plan_container(&old, value_at(&made_from, "/Config"));
        Ok(Some(Step::Replace { id, plan }))
    }

    async fn finish_update(&self, step: Step, recorder: &mut Recorder) -> Result<(), CallFailure> {
        match step {
            Step::Restart => {
                self.stop_or_restart(self.name(), "restart").await?;
                recorder
                    .record_notice(OutputNotice::Restarted { name: self.name().to_owned() })
                    .await;
            }
            Step::Replace { id, plan } => {
                recorder
                    .record_notice(OutputNotice::Replacing { name: self.name().to_owned() })
                    .await;
                self.stop_or_restart(&id, "stop").await?;
                let aside = format!("{}{ASIDE}", self.name());
                let renamed = self.post_verb(&id, "rename", &[("name", &aside)]).await;
                let replaced = match renamed {
                    Ok(()) => self.replace_container(plan).await,
                    Err(failure) => Err(failure),
                };
                if let Err(failure) = replaced {
                    let put_back = self.put_back(&id).await;
                    let because = Box::new(failure.why);
                    let why = match put_back {
                        Ok(()) => Failure::PutBack { because },
                        Err(CallFailure { why: error, .. }) => {
                            Failure::NotPutBack { because, error: Box::new(error) }
                        }
                    };
                    return Err(CallFailure { why, ..failure });
                }
                self.engine.call_engine(Method::DELETE, &format!("/containers/{id}"), None).await?;
                recorder
                    .record_notice(OutputNotice::Replaced { name: self.name().to_owned() })
                    .await;
            }
        }
        Ok(())
    }

    /// The container as it is. One that an attempt before this one left aside is put back first.
    async fn inspect_container(&self, recorder: &mut Recorder) -> Result<Value, CallFailure> {
        let path = |name: &str| format!("/containers/{name}/json");
        match self.engine.call_engine(Method::GET, &path(self.name()), None).await {
            Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) => {
                let aside = format!("{}{ASIDE}", self.name());
                if self.engine.call_engine(Method::GET, &path(&aside), None).await.is_err() {
                    return Err(failure);
                }
                recorder.record_notice(OutputNotice::PuttingBack { aside: aside.clone() }).await;
                self.put_back(&aside).await?;
                self.engine.call_engine(Method::GET, &path(self.name()), None).await
            }
            found => found,
        }
    }

    async fn inspect_image(&self, image: &str) -> Result<Value, CallFailure> {
        self.engine.call_engine(Method::GET, &format!("/images/{image}/json"), None).await
    }

    /// Makes and starts the new container; takes it away again if that fails.
    async fn replace_container(&self, plan: plan::Plan) -> Result<(), CallFailure> {
        let create = engine::path_with_query("/containers/create", &[("name", self.name())]);
        let created = self.engine.call_engine(Method::POST, &create, Some(plan.create)).await?;
        let id = value_at(&created, "/Id").as_str().unwrap_or(self.name()).to_owned();
        let started = async {
            for (network, endpoint) in plan.connect {
                let body = json!({ "Container": id, "EndpointConfig": endpoint });
                let path = format!("/networks/{network}/connect");
                self.engine.call_engine(Method::POST, &path, Some(body)).await?;
            }
            self.post_verb(&id, "start", &[]).await
        };
        let started = started.await;
        if started.is_err() {
            let path = engine::path_with_query(&format!("/containers/{id}"), &[("force", "true")]);
            let _ = self.engine.call_engine(Method::DELETE, &path, None).await;
        }
        started
    }

    async fn put_back(&self, id: &str) -> Result<(), CallFailure> {
        match self.post_verb(id, "rename", &[("name", self.name())]).await {
            // It has its name already: the renaming itself had failed.
            Err(failure) if failure.status.is_none() => return Err(failure),
            Ok(()) | Err(_) => {}
        }
        self.post_verb(self.name(), "start", &[]).await
    }

    async fn post_verb(
        &self,
        id: &str,
        verb: &str,
        query: &[(&str, &str)],
    ) -> Result<(), CallFailure> {
        let path = engine::path_with_query(&format!("/containers/{id}/{verb}"), query);
        self.engine.call_engine(Method::POST, &path, None).await.map(|_| ())
    }

    /// Stops or restarts it, with the time that the entry gives it.
    async fn stop_or_restart(&self, id: &str, verb: &str) -> Result<(), CallFailure> {
        let seconds = self.container.stop_timeout_s.map(|seconds| seconds.to_string());
        let query: Vec<(&str, &str)> = seconds.iter().map(|s| ("t", s.as_str())).collect();
        self.post_verb(id, verb, &query).await
    }
}

#[cfg(test)]
mod tests;
