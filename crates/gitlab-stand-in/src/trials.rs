//! A webhook's Test: a delivery made of what the project holds.

use crate::bodies;
use crate::deliver::{Delivery, Errand, Purpose};
use crate::hooks::Owner;
use crate::reply::{Next, Reply};
use crate::world::World;

/// `POST …/hooks/:hook_id/test/:trigger`.
pub(crate) fn test(
    world: &mut World,
    owner: Owner,
    user: i64,
    (id, event): (&str, &str),
) -> Result<Next, Reply> {
    let hook = world.hook(owner, id)?.clone();
    if !hook.events.contains_key(event) {
        return Err(Reply::error(400, "trigger does not have a valid value"));
    }
    world.press("test", owner, user)?;
    let project = match owner {
        Owner::Project(id) => world.projects.get(&id),
        Owner::Group(id) => {
            let group = world.groups.get(&id);
            world.projects.values().find(|it| group.is_some_and(|group| group.holds(&it.path)))
        }
        Owner::System => None,
    };
    let nothing = |what: &str| Reply::message(422, what);
    let project = project.ok_or_else(|| nothing("Ensure the group has a project with commits."))?;
    let (trigger, is_tag) = match event {
        "push_events" => ("push_hooks", false),
        "tag_push_events" => ("tag_push_hooks", true),
        // The stand-in holds nothing that these could be made of.
        "note_events" | "confidential_note_events" | "emoji_events" => {
            return Err(nothing("Ensure the project has notes."));
        }
        "issues_events" | "confidential_issues_events" => {
            return Err(nothing("Ensure the project has issues."));
        }
        "merge_requests_events" => return Err(nothing("Ensure the project has merge requests.")),
        "job_events" => return Err(nothing("Ensure the project has CI jobs.")),
        "pipeline_events" => return Err(nothing("Ensure the project has CI pipelines.")),
        "wiki_page_events" => {
            return Err(nothing("Ensure the wiki is enabled and has pages."));
        }
        "deployment_events" => return Err(nothing("Ensure the project has deployments.")),
        "releases_events" => return Err(nothing("Ensure the project has releases.")),
        _ => return Err(nothing("Testing not available for this hook")),
    };
    let body = bodies::test_push(world, project, is_tag);
    let delivery = Delivery::new(world, &hook, trigger, body, None);
    Ok(Next::Send(Box::new(Errand { delivery, purpose: Purpose::Test })))
}

/// `POST /hooks/:hook_id`: the test of a system hook.
pub(crate) fn test_system(world: &World, id: &str) -> Result<Next, Reply> {
    let hook = world.hook(Owner::System, id)?;
    let delivery = Delivery::new(world, hook, "system_hooks", bodies::project_created(), None);
    Ok(Next::Send(Box::new(Errand { delivery, purpose: Purpose::SystemTest })))
}
