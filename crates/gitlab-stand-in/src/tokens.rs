//! Access tokens: who calls, with which scopes and which role.

use crate::reply::{Reply, Request};
use crate::world::{World, stamp};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A role in a project or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees issues, but not the repository of a private project.
    Guest,
    /// Reads the repository.
    Reporter,
    /// Sets commit statuses and deployments.
    Developer,
    /// Manages a project's webhooks.
    Maintainer,
    /// Manages a group's webhooks.
    Owner,
}

impl Role {
    /// GitLab's number for it.
    pub fn level(self) -> i64 {
        match self {
            Self::Guest => 10,
            Self::Reporter => 20,
            Self::Developer => 30,
            Self::Maintainer => 40,
            Self::Owner => 50,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Personal,
    Project(i64),
    Group(i64),
}

/// An access token: by itself with the scope `api`, the role of a maintainer, and no end.
#[derive(Clone)]
pub struct Token {
    pub(crate) value: String,
    name: String,
    kind: Kind,
    scopes: Vec<String>,
    role: Role,
    only: BTreeMap<i64, Role>,
    admin: bool,
    expires_at: Option<NaiveDate>,
    owner: Option<String>,
    pub(crate) revoked: bool,
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) created_at: DateTime<Utc>,
}

impl Token {
    fn new(value: &str, kind: Kind) -> Self {
        Self {
            value: value.to_owned(),
            name: "signalbox".to_owned(),
            kind,
            scopes: vec!["api".to_owned()],
            role: Role::Maintainer,
            only: BTreeMap::new(),
            admin: false,
            expires_at: None,
            owner: None,
            revoked: false,
            id: 0,
            user_id: 0,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    /// Of a person, who has the token's role in every project and group.
    pub fn personal(value: &str) -> Self {
        Self::new(value, Kind::Personal)
    }

    /// Of a project: it sees nothing else.
    pub fn project(value: &str, project: i64) -> Self {
        Self::new(value, Kind::Project(project))
    }

    /// Of a group: it sees the group, its subgroups and their projects.
    pub fn group(value: &str, group: i64) -> Self {
        Self::new(value, Kind::Group(group))
    }

    /// What the token is called.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Whose it is; tokens of one owner have one user.
    #[must_use]
    pub fn owner(mut self, name: &str) -> Self {
        self.owner = Some(name.to_owned());
        self
    }

    /// Its scopes, in the place of `api`.
    #[must_use]
    pub fn scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self
    }

    /// Its role wherever it has one.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Of a person: a member of this project, and of no other that is not named so.
    #[must_use]
    pub fn member_of(mut self, project: i64, role: Role) -> Self {
        self.only.insert(project, role);
        self
    }

    /// Of an administrator.
    #[must_use]
    pub fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// It serves until the day before.
    #[must_use]
    pub fn expires_at(mut self, day: NaiveDate) -> Self {
        self.expires_at = Some(day);
        self
    }

    /// Revoked.
    #[must_use]
    pub fn revoked(mut self) -> Self {
        self.revoked = true;
        self
    }

    pub(crate) fn owner_name(&self) -> String {
        // A token of a project or a group has a user of its own, a bot with the token's name.
        self.owner.clone().unwrap_or_else(|| match self.kind {
            Kind::Personal => "Administrator".to_owned(),
            Kind::Project(_) | Kind::Group(_) => self.name.clone(),
        })
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.admin
    }

    fn expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|day| day <= now.date_naive())
    }

    pub(crate) fn role_in(&self, world: &World, project: i64) -> Option<Role> {
        match self.kind {
            _ if self.admin => Some(Role::Owner),
            Kind::Personal if self.only.is_empty() => Some(self.role),
            Kind::Personal => self.only.get(&project).copied(),
            Kind::Project(own) => (own == project).then_some(self.role),
            Kind::Group(own) => {
                let path = &world.projects.get(&project)?.path;
                world.groups.get(&own)?.holds(path).then_some(self.role)
            }
        }
    }

    pub(crate) fn role_in_group(&self, world: &World, group: i64) -> Option<Role> {
        match self.kind {
            _ if self.admin => Some(Role::Owner),
            Kind::Personal => self.only.is_empty().then_some(self.role),
            Kind::Project(_) => None,
            Kind::Group(own) => {
                let path = &world.groups.get(&group)?.path;
                (own == group || world.groups.get(&own)?.holds(path)).then_some(self.role)
            }
        }
    }

    /// Refuses what none of these scopes is for.
    pub(crate) fn allows(&self, scopes: &[&str]) -> Result<(), Reply> {
        if scopes.iter().any(|scope| self.scopes.iter().any(|own| own == scope)) {
            return Ok(());
        }
        Err(Reply::new(
            403,
            json!({
                "error": "insufficient_scope",
                "error_description":
                    "The request requires higher privileges than provided by the access token.",
                "scope": scopes.join(" "),
            }),
        ))
    }

    fn username(&self) -> String {
        match self.kind {
            Kind::Personal if self.owner.is_none() => "root".to_owned(),
            Kind::Personal => self.owner_name().to_lowercase().replace(' ', "."),
            Kind::Project(id) => format!("project_{id}_bot_{}", self.user_id),
            Kind::Group(id) => format!("group_{id}_bot_{}", self.user_id),
        }
    }

    /// The user, as other answers name one.
    pub(crate) fn user(&self, world: &World) -> Value {
        let username = self.username();
        json!({
            "id": self.user_id,
            "username": username,
            "name": self.owner_name(),
            "state": "active",
            "locked": false,
            "avatar_url": null,
            "web_url": format!("{}/{username}", world.url),
        })
    }
}

/// Whose call it is; `None`: nobody's, which a few calls allow.
pub(crate) fn authenticate(world: &World, request: &Request) -> Result<Option<Token>, Reply> {
    let Some(secret) = &request.secret else { return Ok(None) };
    let token = world.tokens.iter().find(|token| token.value == *secret);
    let token = token.ok_or_else(Reply::unauthorized)?;
    let invalid =
        |why: &str| Reply::new(401, json!({ "error": "invalid_token", "error_description": why }));
    if token.revoked {
        return Err(invalid("Token was revoked. You have to re-authorize from the user."));
    }
    if token.expired(world.now()) {
        return Err(invalid(
            "Token is expired. You can either do re-authorization or token refresh.",
        ));
    }
    Ok(Some(token.clone()))
}

/// `GET /user`.
pub(crate) fn user(world: &World, token: &Token) -> Reply {
    let mut user = token.user(world);
    if let Some(user) = user.as_object_mut() {
        user.insert("created_at".to_owned(), stamp(token.created_at).into());
        user.insert("bot".to_owned(), (token.kind != Kind::Personal).into());
        if token.admin {
            user.insert("is_admin".to_owned(), true.into());
        }
    }
    Reply::ok(user)
}

/// `GET /personal_access_tokens/self`, which tokens of projects and groups may call too.
pub(crate) fn myself(token: &Token) -> Reply {
    Reply::ok(json!({
        "id": token.id,
        "name": token.name,
        "revoked": token.revoked,
        "created_at": stamp(token.created_at),
        "description": null,
        "scopes": token.scopes,
        "user_id": token.user_id,
        "last_used_at": null,
        // An expired or revoked one has been refused before.
        "active": true,
        "expires_at": token.expires_at,
    }))
}
