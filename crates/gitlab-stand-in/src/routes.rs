//! Which call is answered where.

use crate::hooks::Owner;
use crate::reply::{Answer, Next, Reply, Request};
use crate::tokens::{Role, Token, authenticate};
use crate::world::{World, metadata};
use crate::{deployments, editing, events, notes, projects, repository, statuses, tokens, trials};

/// The versions that brought three of the calls.
const TESTS: (u32, u32) = (16, 11);
const EVENTS: (u32, u32) = (17, 3);
const RESENDS: (u32, u32) = (17, 4);

/// Answers a call, or says what must be sent first; and whether it came with a token that serves.
pub(crate) fn answer(world: &mut World, request: &Request) -> (Next, bool) {
    match authenticate(world, request) {
        Err(refusal) => (refusal.into(), false),
        Ok(token) => {
            let next = route(world, token.as_ref(), request).unwrap_or_else(Next::from);
            (next, token.is_some())
        }
    }
}

fn route(world: &mut World, token: Option<&Token>, request: &Request) -> Result<Next, Reply> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let method = request.method.as_str();
    let parts = segments.as_slice();
    if let Some(token) = token {
        let read: &[&str] = match parts {
            // Any token may ask for itself.
            ["personal_access_tokens", "self"] => return Ok(tokens::myself(token).into()),
            ["version" | "metadata" | "user"] => &["api", "read_api", "read_user"],
            _ => &["api", "read_api"],
        };
        token.allows(if request.reads() { read } else { &["api"] })?;
    }
    match (method, parts) {
        ("GET", ["projects"]) => return done(projects::list(world, token, request)),
        ("GET", ["projects", id]) => return done(projects::one(world, token, request, id)),
        _ => {}
    }
    let token = token.ok_or_else(Reply::unauthorized)?;
    match (method, parts) {
        ("GET", ["version"]) => Ok(metadata(world, false).into()),
        ("GET", ["metadata"]) => Ok(metadata(world, true).into()),
        ("GET", ["user"]) => Ok(tokens::user(world, token).into()),
        (_, ["projects", id, "hooks", rest @ ..]) => {
            let project = world.project_as(token, request, id, Role::Maintainer)?.id;
            of_hooks(world, token, request, (Owner::Project(project), rest))
        }
        (_, ["groups", id, "hooks", rest @ ..]) => {
            let group = world.group_as_owner(token, id)?.id;
            of_hooks(world, token, request, (Owner::Group(group), rest))
        }
        (_, ["hooks", rest @ ..]) => {
            if !token.is_admin() {
                return Err(Reply::forbidden());
            }
            match (method, rest) {
                ("POST", [id]) => trials::test_system(world, id),
                // The log of a system hook is not in the API, nor is any other test.
                (_, [] | [_]) => of_hooks(world, token, request, (Owner::System, rest)),
                _ => Err(unknown()),
            }
        }
        (_, ["projects", id, rest @ ..]) => of_project(world, token, request, (id, rest)),
        _ => Err(unknown()),
    }
}

fn of_hooks(
    world: &mut World,
    token: &Token,
    request: &Request,
    (owner, rest): (Owner, &[&str]),
) -> Result<Next, Reply> {
    let version = world.version;
    match (request.method.as_str(), rest) {
        ("GET", []) => done(editing::list(world, owner, request)),
        ("POST", []) => done(editing::create(world, owner, request)),
        ("GET", [id]) => Ok(Reply::ok(world.hook(owner, id)?.show(world)).into()),
        ("PUT", [id]) => done(editing::edit(world, owner, request, id)),
        ("DELETE", [id]) => done(editing::delete(world, owner, id)),
        ("POST", [id, "test", event]) if version >= TESTS => {
            trials::test(world, owner, token.user_id, (id, event))
        }
        ("GET", [id, "events"]) if version >= EVENTS => {
            done(events::list(world, owner, request, id))
        }
        ("POST", [id, "events", event, "resend"]) if version >= RESENDS => {
            events::resend(world, owner, token.user_id, (id, event))
        }
        _ => Err(unknown()),
    }
}

fn of_project(
    world: &mut World,
    token: &Token,
    request: &Request,
    (id, rest): (&str, &[&str]),
) -> Result<Next, Reply> {
    done(match (request.method.as_str(), rest) {
        ("GET", ["repository", "branches"]) => repository::branches(world, token, request, id),
        ("GET", ["repository", "branches", name]) => {
            repository::one_branch(world, token, request, (id, name))
        }
        ("GET", ["repository", "compare"]) => repository::compare(world, token, request, id),
        ("GET", ["repository", "commits", sha]) => {
            repository::commit(world, token, request, (id, sha))
        }
        ("GET", ["repository", "commits", sha, "statuses"]) => {
            statuses::list(world, token, request, (id, sha))
        }
        ("POST", ["statuses", sha]) => statuses::set(world, token, request, (id, sha)),
        ("GET", ["deployments"]) => deployments::list(world, token, request, id),
        ("POST", ["deployments"]) => deployments::create(world, token, request, id),
        ("GET", ["deployments", it]) => deployments::one(world, token, request, (id, it)),
        ("PUT", ["deployments", it]) => deployments::update(world, token, request, (id, it)),
        ("GET", ["merge_requests", iid, "notes"]) => notes::list(world, token, request, (id, iid)),
        ("POST", ["merge_requests", iid, "notes"]) => {
            notes::create(world, token, request, (id, iid))
        }
        ("PUT", ["merge_requests", iid, "notes", note]) => {
            notes::edit(world, token, request, (id, iid, note))
        }
        _ => Err(unknown()),
    })
}

fn done(answer: Answer) -> Result<Next, Reply> {
    answer.map(Next::from)
}

/// No such call.
fn unknown() -> Reply {
    Reply::error(404, "404 Not Found")
}
