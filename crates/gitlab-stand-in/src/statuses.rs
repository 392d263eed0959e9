//! Commit statuses.

use crate::pages;
use crate::reply::{Answer, Reply, Request};
use crate::tokens::{Role, Token};
use crate::world::{World, stamp};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) struct Status {
    id: i64,
    pub project: i64,
    sha: String,
    name: String,
    reference: String,
    state: String,
    target_url: Option<String>,
    description: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    author: Value,
    user: i64,
    pipeline: i64,
}

impl Status {
    fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "pending" | "running")
    }

    pub fn show(&self) -> Value {
        json!({
            "id": self.id,
            "sha": self.sha,
            "ref": self.reference,
            "status": self.state,
            "name": self.name,
            "target_url": self.target_url,
            "description": self.description,
            "created_at": stamp(self.created_at),
            "started_at": self.started_at.map(stamp),
            "finished_at": self.finished_at.map(stamp),
            "allow_failure": false,
            "coverage": null,
            "pipeline_id": self.pipeline,
            "author": self.author,
        })
    }
}

/// `POST /projects/:id/statuses/:sha`: changes the caller's open status of this name, or makes one.
pub(crate) fn set(
    world: &mut World,
    token: &Token,
    request: &Request,
    (id, sha): (&str, &str),
) -> Answer {
    const LENGTH: usize = 255;
    let project = world.project_to_write(token, request, id, Role::Developer)?;
    let id = project.id;
    let state = request.needed("state")?;
    let event = match state.as_str() {
        "pending" => "enqueue",
        "running" => "run",
        "success" | "failed" | "canceled" | "skipped" => "",
        _ => return Err(Reply::error(400, "state does not have a valid value")),
    };
    if !project.commits().any(|commit| commit.sha == sha) {
        return Err(Reply::not_found(Some("Commit")));
    }
    let holds = |(name, commits): (&String, &Vec<crate::Commit>)| {
        commits.iter().any(|commit| commit.sha == sha).then(|| name.clone())
    };
    let reference = request.text("ref").or_else(|| project.branches.iter().find_map(holds));
    let reference = reference.ok_or_else(|| Reply::not_found(Some("References for commit")))?;
    let name = request.text("name").or_else(|| request.text("context"));
    let name = name.unwrap_or_else(|| "default".to_owned());
    for field in ["name", "target_url", "description"] {
        if request.text(field).is_some_and(|text| text.chars().count() > LENGTH) {
            let why = format!("is too long (maximum is {LENGTH} characters)");
            return Err(Reply::new(400, json!({ "message": { field: [why] } })));
        }
    }

    let now = world.now();
    let of_commit = |status: &&Status| status.project == id && status.sha == sha;
    let of_reference = |status: &&Status| of_commit(status) && status.reference == reference;
    let pipeline = world.statuses.values().find(of_reference).map(|status| status.pipeline);
    let open = world
        .statuses
        .values()
        .filter(of_reference)
        .find(|status| status.name == name && status.user == token.user_id && status.is_open());
    let open = open.map(|status| (status.id, status.state.clone()));
    if let Some((_, current)) = &open
        && (*current == state || (current == "running" && state == "pending"))
    {
        let message = format!(
            "Cannot transition status via :{event} from :{current} \
             (Reason(s): Status cannot transition via \"{event}\")"
        );
        return Err(Reply::message(400, &message));
    }
    let key = if let Some((key, _)) = open {
        key
    } else {
        let pipeline = pipeline.unwrap_or_else(|| world.next_id());
        let status = Status {
            id: world.next_id(),
            project: id,
            sha: sha.to_owned(),
            name,
            reference,
            state: "created".to_owned(),
            target_url: None,
            description: None,
            created_at: now,
            started_at: None,
            finished_at: None,
            author: token.user(world),
            user: token.user_id,
            pipeline,
        };
        let key = status.id;
        world.statuses.insert(key, status);
        key
    };
    let status = world.statuses.get_mut(&key).ok_or_else(|| Reply::not_found(None))?;
    status.target_url = request.text("target_url").or(status.target_url.take());
    status.description = request.text("description").or(status.description.take());
    status.state = state;
    if status.state == "running" {
        status.started_at = Some(now);
    } else if !status.is_open() {
        status.finished_at = Some(now);
    }
    Ok(Reply::created(status.show()))
}

/// `GET /projects/:id/repository/commits/:sha/statuses`: the newest of each name, or all.
pub(crate) fn list(
    world: &World,
    token: &Token,
    request: &Request,
    (id, sha): (&str, &str),
) -> Answer {
    let project = world.project_as(token, request, id, Role::Reporter)?;
    if !project.commits().any(|commit| commit.sha == sha) {
        return Err(Reply::not_found(Some("Commit")));
    }
    let (name, reference) = (request.text("name"), request.text("ref"));
    let wanted = |status: &&Status| {
        status.project == project.id
            && status.sha == sha
            && name.as_ref().is_none_or(|name| status.name == *name)
            && reference.as_ref().is_none_or(|reference| status.reference == *reference)
    };
    let mut rows: Vec<&Status> = world.statuses.values().filter(wanted).collect();
    if !request.flag("all")?.unwrap_or(false) {
        let newest: BTreeMap<_, _> =
            rows.iter().map(|status| ((&status.reference, &status.name), status.id)).collect();
        rows.retain(|status| newest.values().any(|&id| id == status.id));
    }
    pages::by_number(world, request, &rows, |status| status.show())
}
