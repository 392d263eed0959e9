//! Comments on merge requests.

use crate::pages;
use crate::reply::{Answer, Reply, Request};
use crate::tokens::{Role, Token};
use crate::world::{World, stamp};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(crate) struct Note {
    id: i64,
    pub project: i64,
    pub merge_request: i64,
    body: String,
    author: Value,
    user: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Note {
    pub fn show(&self) -> Value {
        json!({
            "id": self.id,
            "type": null,
            "body": self.body,
            "author": self.author,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
            "system": false,
            "noteable_type": "MergeRequest",
            "noteable_iid": self.merge_request,
            "project_id": self.project,
            "resolvable": false,
            "confidential": false,
            "internal": false,
        })
    }
}

/// The merge request of a call: its project's number and its own.
fn merge_request(
    world: &World,
    token: &Token,
    request: &Request,
    (id, iid): (&str, &str),
) -> Result<(i64, i64), Reply> {
    let project = if request.reads() {
        world.project_as(token, request, id, Role::Reporter)?
    } else {
        world.project_to_write(token, request, id, Role::Reporter)?
    };
    let iid = iid.parse().ok().filter(|iid| project.merge_requests.contains_key(iid));
    Ok((project.id, iid.ok_or_else(|| Reply::not_found(None))?))
}

/// `POST /projects/:id/merge_requests/:iid/notes`.
pub(crate) fn create(
    world: &mut World,
    token: &Token,
    request: &Request,
    of: (&str, &str),
) -> Answer {
    let (project, merge_request) = merge_request(world, token, request, of)?;
    let now = world.now();
    let note = Note {
        body: request.needed("body")?,
        id: world.next_id(),
        project,
        merge_request,
        author: token.user(world),
        user: token.user_id,
        created_at: now,
        updated_at: now,
    };
    let shown = note.show();
    world.notes.insert(note.id, note);
    Ok(Reply::created(shown))
}

/// `PUT /projects/:id/merge_requests/:iid/notes/:note_id`, which only its author may.
pub(crate) fn edit(
    world: &mut World,
    token: &Token,
    request: &Request,
    (id, iid, note): (&str, &str, &str),
) -> Answer {
    let (project, merge_request) = merge_request(world, token, request, (id, iid))?;
    let (body, now) = (request.needed("body")?, world.now());
    let note = note.parse().ok().and_then(|id| world.notes.get_mut(&id));
    let note = note.filter(|it| (it.project, it.merge_request) == (project, merge_request));
    let note = note.ok_or_else(|| Reply::not_found(None))?;
    if note.user != token.user_id {
        return Err(Reply::forbidden());
    }
    (note.body, note.updated_at) = (body, now);
    Ok(Reply::ok(note.show()))
}

/// `GET /projects/:id/merge_requests/:iid/notes`: the newest first.
pub(crate) fn list(world: &World, token: &Token, request: &Request, of: (&str, &str)) -> Answer {
    let of = merge_request(world, token, request, of)?;
    let mut rows: Vec<_> =
        world.notes.values().filter(|note| (note.project, note.merge_request) == of).collect();
    if request.text("sort").as_deref() != Some("asc") {
        rows.reverse();
    }
    pages::by_number(world, request, &rows, |note| note.show())
}
