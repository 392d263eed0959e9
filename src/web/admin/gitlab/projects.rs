//! The projects that webhooks can be made for: searched in every connection, chosen with one press,
//! which opens the form of a new webhook with their values.

use super::acts::wait_for;
use crate::connections;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::back::query_parameter;
use crate::web::admin::kit::frame::Frame;
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use signalbox_gitlab::projects::Project;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::gitlab::{self, Connection};

/// The page.
#[derive(Template)]
#[template(path = "admin/gitlab/projects.html")]
pub struct ProjectsPage {
    /// The page's frame.
    pub frame: Frame,
    /// What was searched for.
    pub search: String,
    /// What each connection found.
    pub found: Vec<Found>,
}

/// What a connection found.
pub struct Found {
    /// The connection's name.
    pub name: String,
    /// The projects, or why there are none.
    pub projects: Result<Vec<Choice>, String>,
}

/// A project to choose.
pub struct Choice {
    /// Its path.
    pub path: String,
    /// Its number.
    pub id: i64,
    /// The form of a new webhook for it.
    pub href: String,
}

/// GET the page.
///
/// # Errors
/// The database (503).
pub async fn show_projects(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let search = query_parameter(ctx.query(), "q").unwrap_or_default().trim().to_owned();
    let known = gitlab::list_all_connections(&mut *ctx.get_conn().await?).await?;
    let asked = known.into_iter().map(|connection| search_one(&ctx, connection, search.clone()));
    let found = futures_util::future::join_all(asked).await;
    let frame = ctx.new_frame(t("Choose a project")).with_crumb(t("Webhooks"), urls::webhooks());
    render_page(&ProjectsPage { frame, search, found })
}

async fn search_one(ctx: &AdminContext, connection: Connection, words: String) -> Found {
    let (pool, keys) = (ctx.deps().pool.clone(), ctx.deps().keys.clone());
    let (name, id) = (connection.name.clone(), connection.id);
    let asked =
        wait_for(
            async move { connections::search_projects(&pool, &keys, &connection, &words).await },
        );
    let projects = match asked.await {
        Some(Ok(projects)) => Ok(projects.iter().map(|project| draw_choice(id, project)).collect()),
        Some(Err(failure)) => Err(i18n::say(&failure.sentence())),
        None => Err(t("GitLab has not answered yet.").to_owned()),
    };
    Found { name, projects }
}

fn draw_choice(connection: i64, project: &Project) -> Choice {
    // Where ssh is switched off, GitLab gives no such address.
    let address = [&project.ssh_url_to_repo, &project.http_url_to_repo];
    let address = address.into_iter().find(|address| !address.is_empty());
    let query = [
        ("repo_name", project.name.as_str()),
        ("repo_url", address.map_or("", String::as_str)),
        ("pending", "0"),
        ("project_id", &project.id.to_string()),
        ("gitlab_connection", &connection.to_string()),
    ];
    Choice {
        path: project.path_with_namespace.clone(),
        id: project.id,
        href: urls::with_query(&urls::webhook_add(), &query),
    }
}

/// The page in its states, for the test of all pages.
#[cfg(test)]
pub fn sample_projects(words: &str) -> Vec<ProjectsPage> {
    let page = |found| ProjectsPage {
        frame: crate::web::admin::context::sample_frame("Choose a project"),
        search: words.to_owned(),
        found,
    };
    let choice = || Choice { path: words.to_owned(), id: 15, href: "/admin/".to_owned() };
    let of = |projects| Found { name: words.to_owned(), projects };
    vec![
        page(Vec::new()),
        page(vec![of(Ok(vec![choice()])), of(Ok(Vec::new())), of(Err(words.to_owned()))]),
    ]
}
