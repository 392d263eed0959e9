//! How the API lists, makes, edits and deletes webhooks.

use crate::hooks::{Hook, Owner, signing_key};
use crate::pages;
use crate::reply::{Answer, Reply, Request};
use crate::world::World;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// `GET …/hooks`.
pub(crate) fn list(world: &World, owner: Owner, request: &Request) -> Answer {
    pages::by_number(world, request, &world.hooks_of(owner), |hook| hook.show(world))
}

/// `POST …/hooks`.
pub(crate) fn create(world: &mut World, owner: Owner, request: &Request) -> Answer {
    request.needed("url")?;
    let mut hook = Hook::new(world.next_id(), owner, world.now());
    hook.take(request, world.signs())?;
    hook.check()?;
    let shown = hook.show(world);
    world.hooks.insert(hook.id, hook);
    Ok(Reply::created(shown))
}

/// `PUT …/hooks/:hook_id`.
pub(crate) fn edit(world: &mut World, owner: Owner, request: &Request, id: &str) -> Answer {
    let mut hook = world.hook(owner, id)?.clone();
    if !hook.take(request, world.signs())? {
        return Err(Reply::error(400, "No parameters provided"));
    }
    hook.check()?;
    let shown = hook.show(world);
    world.hooks.insert(hook.id, hook);
    Ok(Reply::ok(shown))
}

/// `DELETE …/hooks/:hook_id`.
pub(crate) fn delete(world: &mut World, owner: Owner, id: &str) -> Answer {
    let id = world.hook(owner, id)?.id;
    world.hooks.remove(&id);
    world.events.retain(|_, event| event.hook != id);
    Ok(Reply::nothing())
}

impl Hook {
    /// Takes what the call says. `true`: it said something.
    fn take(&mut self, request: &Request, signs: bool) -> Result<bool, Reply> {
        let before = self.clone();
        let mut given = false;
        let mut text = |name: &str| {
            given |= request.params.contains_key(name);
            request.text(name)
        };
        if let Some(url) = text("url") {
            self.url = url;
        }
        self.name = text("name").or(self.name.take());
        self.description = text("description").or(self.description.take());
        let token = text("token");
        if let Some(strategy) = text("branch_filter_strategy") {
            self.branch_filter_strategy = strategy;
        }
        if let Some(filter) = text("push_events_branch_filter") {
            self.push_events_branch_filter = Some(filter);
        }
        if let Some(signing) = text("signing_token").filter(|_| signs) {
            self.signing_token = Some(signing).filter(|it| !it.is_empty());
        }
        for name in self.events.clone().into_keys() {
            if let Some(on) = request.flag(name)? {
                self.events.insert(name, on);
                given = true;
            }
        }
        if let Some(on) = request.flag("enable_ssl_verification")? {
            self.enable_ssl_verification = on;
            given = true;
        }
        self.url_variables.extend(pairs(request, "url_variables")?);
        self.custom_headers.extend(pairs(request, "custom_headers")?);
        given |=
            ["url_variables", "custom_headers"].iter().any(|it| request.params.contains_key(*it));
        if !before.url.is_empty() {
            self.forget_after(&before);
        }
        // After it: an equal token, given again with the new URL, is given.
        if let Some(token) = token {
            self.token = Some(token).filter(|it| !it.is_empty());
        }
        Ok(given)
    }

    /// Refuses what GitLab refuses.
    fn check(&self) -> Result<(), Reply> {
        let url = self.full_url();
        let scheme = url::Url::parse(&url).ok().map(|url| url.scheme().to_owned());
        if !matches!(scheme.as_deref(), Some("http" | "https")) || url.contains('{') {
            return Err(Reply::error(422, "Invalid url given"));
        }
        let filter = self.push_events_branch_filter.as_deref().unwrap_or_default();
        match self.branch_filter_strategy.as_str() {
            "wildcard" if filter.contains(['~', '^', ':', '?', '[', '\\', ' ']) => {
                return Err(Reply::error(422, "Invalid branch filter given"));
            }
            "regex" if Regex::new(filter).is_err() => {
                return Err(Reply::error(422, "Invalid branch filter given"));
            }
            "wildcard" | "regex" | "all_branches" => {}
            _ => {
                return Err(Reply::error(
                    400,
                    "branch_filter_strategy does not have a valid value",
                ));
            }
        }
        let invalid = |name: &str| Reply::new(422, json!({ "message": { name: ["is invalid"] } }));
        if self.token.as_deref().is_some_and(|token| token.contains('\n')) {
            return Err(invalid("token"));
        }
        if self.signing_token.as_deref().is_some_and(|token| signing_key(token).is_none()) {
            return Err(invalid("signing_token"));
        }
        Ok(())
    }
}

/// An array of `key` and `value`.
fn pairs(request: &Request, name: &str) -> Result<BTreeMap<String, String>, Reply> {
    let Some(list) = request.params.get(name) else { return Ok(BTreeMap::new()) };
    let pair = |pair: &Value| Some((pair["key"].as_str()?.into(), pair["value"].as_str()?.into()));
    let pairs = list.as_array().and_then(|list| list.iter().map(pair).collect());
    pairs.ok_or_else(|| Reply::error(400, &format!("{name} is invalid")))
}
