//! Deployments.

use crate::pages;
use crate::reply::{Answer, Reply, Request};
use crate::tokens::{Role, Token};
use crate::world::{World, stamp};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

const STATES: [&str; 4] = ["running", "success", "failed", "canceled"];

pub(crate) struct Deployment {
    id: i64,
    iid: usize,
    pub project: i64,
    environment: String,
    reference: String,
    sha: String,
    status: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    user: Value,
}

impl Deployment {
    pub fn show(&self) -> Value {
        json!({
            "id": self.id,
            "iid": self.iid,
            "ref": self.reference,
            "sha": self.sha,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
            "status": self.status,
            "user": self.user,
            "environment": { "name": self.environment, "external_url": null },
            "deployable": null,
        })
    }
}

fn state(request: &Request) -> Result<String, Reply> {
    let state = request.needed("status")?;
    if STATES.contains(&state.as_str()) {
        Ok(state)
    } else {
        Err(Reply::error(400, "status does not have a valid value"))
    }
}

/// `POST /projects/:id/deployments`.
pub(crate) fn create(world: &mut World, token: &Token, request: &Request, id: &str) -> Answer {
    let project = world.project_to_write(token, request, id, Role::Developer)?;
    let sha = request.needed("sha")?;
    request.needed("tag")?;
    if !project.commits().any(|commit| commit.sha == sha) {
        let message = json!({ "message": { "sha": ["The commit does not exist"] } });
        return Err(Reply::new(400, message));
    }
    let (project, now) = (project.id, world.now());
    let others = world.deployments.values().filter(|other| other.project == project).count();
    let deployment = Deployment {
        environment: request.needed("environment")?,
        reference: request.needed("ref")?,
        status: state(request)?,
        id: world.next_id(),
        iid: others + 1,
        project,
        sha,
        created_at: now,
        updated_at: now,
        user: token.user(world),
    };
    let shown = deployment.show();
    world.deployments.insert(deployment.id, deployment);
    Ok(Reply::created(shown))
}

/// `PUT /projects/:id/deployments/:deployment_id`.
pub(crate) fn update(
    world: &mut World,
    token: &Token,
    request: &Request,
    (id, deployment): (&str, &str),
) -> Answer {
    let project = world.project_to_write(token, request, id, Role::Developer)?.id;
    let (state, now) = (state(request)?, world.now());
    let found = deployment.parse().ok().and_then(|id| world.deployments.get_mut(&id));
    let found = found.filter(|it| it.project == project);
    let found = found.ok_or_else(|| Reply::not_found(None))?;
    if found.status == state {
        let message = format!("Status cannot transition via \"{}\"", event(&state));
        return Err(Reply::new(400, json!({ "message": { "status": [message] } })));
    }
    (found.status, found.updated_at) = (state, now);
    Ok(Reply::ok(found.show()))
}

/// What moves a deployment to a state.
fn event(state: &str) -> &str {
    match state {
        "running" => "run",
        "success" => "succeed",
        "failed" => "drop",
        _ => "cancel",
    }
}

/// `GET /projects/:id/deployments`.
pub(crate) fn list(world: &World, token: &Token, request: &Request, id: &str) -> Answer {
    let project = world.project_as(token, request, id, Role::Reporter)?.id;
    let (environment, status) = (request.text("environment"), request.text("status"));
    let wanted = |it: &&Deployment| {
        it.project == project
            && environment.as_ref().is_none_or(|name| it.environment == *name)
            && status.as_ref().is_none_or(|status| it.status == *status)
    };
    let mut rows: Vec<_> = world.deployments.values().filter(wanted).collect();
    if request.text("sort").as_deref() == Some("desc") {
        rows.reverse();
    }
    pages::by_number(world, request, &rows, |deployment| deployment.show())
}

/// `GET /projects/:id/deployments/:deployment_id`.
pub(crate) fn one(
    world: &World,
    token: &Token,
    request: &Request,
    (id, deployment): (&str, &str),
) -> Answer {
    let project = world.project_as(token, request, id, Role::Reporter)?.id;
    let found = deployment.parse().ok().and_then(|id| world.deployments.get(&id));
    let found = found.filter(|it| it.project == project);
    Ok(Reply::ok(found.ok_or_else(|| Reply::not_found(None))?.show()))
}
