//! Projects, with their branches and merge requests.

use crate::pages;
use crate::reply::{Answer, Reply, Request};
use crate::tokens::Token;
use crate::world::{World, stamp};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A commit.
#[derive(Clone, Debug)]
pub struct Commit {
    pub(crate) sha: String,
    pub(crate) title: String,
    pub(crate) author: (String, String),
    pub(crate) at: Option<DateTime<Utc>>,
}

impl Commit {
    /// By GitLab's administrator, now.
    pub fn new(sha: &str, title: &str) -> Self {
        Self {
            sha: sha.to_owned(),
            title: title.to_owned(),
            author: ("Administrator".to_owned(), "admin@example.com".to_owned()),
            at: None,
        }
    }

    /// By this person.
    #[must_use]
    pub fn author(mut self, name: &str, email: &str) -> Self {
        self.author = (name.to_owned(), email.to_owned());
        self
    }

    /// At this time.
    #[must_use]
    pub fn at(mut self, time: DateTime<Utc>) -> Self {
        self.at = Some(time);
        self
    }
}

/// A project: by itself private and without a commit.
#[derive(Clone, Debug)]
pub struct Project {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) archived: bool,
    pub(crate) public: bool,
    pub(crate) default_branch: String,
    /// Each branch's commits, the newest last.
    pub(crate) branches: BTreeMap<String, Vec<Commit>>,
    pub(crate) merge_requests: BTreeMap<i64, String>,
    pub(crate) urls: Option<[String; 3]>,
    pub(crate) created_at: DateTime<Utc>,
}

impl Project {
    /// At this path, `group/project`, and with its last part as the name.
    pub fn new(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        Self {
            id: 0,
            name: name.to_owned(),
            path: path.to_owned(),
            archived: false,
            public: false,
            default_branch: "main".to_owned(),
            branches: BTreeMap::new(),
            merge_requests: BTreeMap::new(),
            urls: None,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    /// With this number, in the place of the next free one.
    #[must_use]
    pub fn id(mut self, id: i64) -> Self {
        self.id = id;
        self
    }

    /// With this name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Archived.
    #[must_use]
    pub fn archived(mut self) -> Self {
        self.archived = true;
        self
    }

    /// Visible to everybody.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// With this branch in the place of `main`.
    #[must_use]
    pub fn default_branch(mut self, name: &str) -> Self {
        name.clone_into(&mut self.default_branch);
        self
    }

    /// With a branch that ends in this commit; called again, with one more commit.
    #[must_use]
    pub fn branch(mut self, name: &str, head: Commit) -> Self {
        self.branches.entry(name.to_owned()).or_default().push(head);
        self
    }

    /// With a merge request.
    #[must_use]
    pub fn merge_request(mut self, iid: i64, title: &str) -> Self {
        self.merge_requests.insert(iid, title.to_owned());
        self
    }

    /// With these addresses: of its page, for ssh and for http. Moving the project ends them.
    #[must_use]
    pub fn urls(mut self, web: &str, ssh: &str, http: &str) -> Self {
        self.urls = Some([web, ssh, http].map(str::to_owned));
        self
    }

    /// Its addresses: of its page, for ssh and for http.
    pub(crate) fn addresses(&self, world: &World) -> [String; 3] {
        let (base, path) = (&world.url, &self.path);
        let host = url::Url::parse(base).ok().and_then(|url| Some(url.host()?.to_string()));
        let ssh = || format!("git@{}:{path}.git", host.unwrap_or_default());
        let own = || [format!("{base}/{path}"), ssh(), format!("{base}/{path}.git")];
        self.urls.clone().unwrap_or_else(own)
    }

    /// The last commit of a branch.
    pub(crate) fn head(&self, branch: &str) -> Option<&Commit> {
        self.branches.get(branch)?.last()
    }

    pub(crate) fn commits(&self) -> impl Iterator<Item = &Commit> {
        self.branches.values().flatten()
    }

    pub(crate) fn namespace(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The last part of its path.
    fn path_end(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn last_activity(&self) -> DateTime<Utc> {
        self.commits().filter_map(|commit| commit.at).fold(self.created_at, DateTime::max)
    }

    fn show(&self, world: &World, token: Option<&Token>, simple: bool) -> Value {
        let namespace = self.namespace();
        let [web, ssh, http] = self.addresses(world);
        let mut shown = json!({
            "id": self.id,
            "description": null,
            "name": self.name,
            "name_with_namespace": format!("{} / {}", namespace.replace('/', " / "), self.name),
            "path": self.path_end(),
            "path_with_namespace": self.path,
            "created_at": stamp(self.created_at),
            "default_branch": (!self.branches.is_empty()).then_some(&self.default_branch),
            "topics": [],
            "ssh_url_to_repo": ssh,
            "http_url_to_repo": http,
            "web_url": web,
            "avatar_url": null,
            "star_count": 0,
            "forks_count": 0,
            "last_activity_at": stamp(self.last_activity()),
            "namespace": {
                "name": namespace,
                "path": namespace.rsplit('/').next(),
                "kind": "group",
                "full_path": namespace,
                "web_url": format!("{}/groups/{namespace}", world.url),
            },
        });
        let role = token.and_then(|token| token.role_in(world, self.id));
        let access = role.map(|role| json!({ "access_level": role.level() }));
        let more = json!({
            "empty_repo": self.branches.is_empty(),
            "archived": self.archived,
            "visibility": if self.public { "public" } else { "private" },
            "permissions": { "project_access": access, "group_access": null },
        });
        if let (false, Some(shown), Value::Object(more)) = (simple, shown.as_object_mut(), more) {
            shown.extend(more);
        }
        shown
    }
}

/// `GET /projects/:id`.
pub(crate) fn one(world: &World, token: Option<&Token>, request: &Request, id: &str) -> Answer {
    Ok(Reply::ok(world.project(token, request, id)?.show(world, token, false)))
}

/// `GET /projects`.
pub(crate) fn list(world: &World, token: Option<&Token>, request: &Request) -> Answer {
    let membership = request.flag("membership")?.unwrap_or(false);
    let lowest = request.number("min_access_level")?;
    let archived = request.flag("archived")?;
    let search = request.text("search").unwrap_or_default().to_lowercase();
    let in_path = request.flag("search_namespaces")?.unwrap_or(false);
    let (after, before) = (request.number("id_after")?, request.number("id_before")?);
    let mut rows: Vec<&Project> = world
        .projects
        .values()
        .filter(|project| {
            let role = token.and_then(|token| token.role_in(world, project.id));
            let path = if in_path { project.path.as_str() } else { project.path_end() };
            (role.is_some() || (project.public && !membership))
                && lowest.is_none_or(|lowest| role.is_some_and(|role| role.level() >= lowest))
                && archived.is_none_or(|archived| project.archived == archived)
                && after.is_none_or(|id| project.id > id)
                && before.is_none_or(|id| project.id < id)
                && [project.name.as_str(), path]
                    .iter()
                    .any(|it| it.to_lowercase().contains(&search))
        })
        .collect();
    let order = request.text("order_by").unwrap_or_else(|| "created_at".to_owned());
    match order.as_str() {
        "id" => {}
        "name" => rows.sort_by_key(|project| project.name.to_lowercase()),
        "path" => rows.sort_by(|one, other| one.path_end().cmp(other.path_end())),
        "created_at" => rows.sort_by_key(|project| (project.created_at, project.id)),
        "updated_at" | "last_activity_at" => rows.sort_by_key(|project| project.last_activity()),
        _ => return Err(Reply::error(400, "order_by does not have a valid value")),
    }
    match request.text("sort").as_deref() {
        Some("asc") => {}
        None | Some("desc") => rows.reverse(),
        Some(_) => return Err(Reply::error(400, "sort does not have a valid value")),
    }
    let simple = request.flag("simple")?.unwrap_or(false) || token.is_none();
    let show = |project: &&Project| project.show(world, token, simple);
    if request.text("pagination").as_deref() != Some("keyset") {
        return pages::by_number(world, request, &rows, show);
    }
    if order != "id" {
        let text = "Keyset pagination is not yet available for this type of request";
        return Err(Reply::error(405, text));
    }
    pages::by_key(world, request, &rows, (|project: &&Project| project.id, show))
}
