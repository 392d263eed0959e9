//! Projects, branches, commits, and lists in pages.

use super::{SHA, TOKEN, call_as};
use crate::{Commit, GitLab, Project, Role, Token};
use serde_json::json;

/// 45 projects, from the first number on.
async fn many() -> (GitLab, Vec<i64>) {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN));
    let add = |number| gitlab.add_project(Project::new(&format!("group/app-{number:02}")));
    let ids = (0..45).map(add).collect();
    (gitlab, ids)
}

#[tokio::test]
async fn keys_lead_to_the_end() {
    let (gitlab, ids) = many().await;
    for (sort, filter) in [("asc", "id_after="), ("desc", "id_before=")] {
        let first = format!("/projects?pagination=keyset&order_by=id&sort={sort}&simple=true");
        let (mut seen, mut pages) = (Vec::new(), 0);
        let mut next = Some(gitlab.api(&first));
        while let Some(address) = next {
            let page = call_as(TOKEN, "GET", &address, None).await;
            assert_eq!(page.status, 200);
            assert_eq!(page.header("X-Total"), None);
            seen.extend(page.ids());
            pages += 1;
            next = page.next();
            assert!(next.as_ref().is_none_or(|next| next.contains(filter)));
        }
        if sort == "desc" {
            seen.reverse();
        }
        assert_eq!((seen, pages), (ids.clone(), 4), "the last page is empty");
    }
    let other = gitlab.get("/projects?pagination=keyset&order_by=name").await;
    assert_eq!(other.status, 405);
}

#[tokio::test]
async fn page_numbers_lead_to_the_end_too() {
    let (gitlab, ids) = many().await;
    let first = gitlab.get("/projects?order_by=path&sort=asc&per_page=20").await;
    let headers = ["X-Total", "X-Total-Pages", "X-Page", "X-Per-Page", "X-Next-Page"];
    let headers = headers.map(|name| first.header(name).unwrap());
    assert_eq!(headers, ["45", "3", "1", "20", "2"]);
    let second = call_as(TOKEN, "GET", &first.next().unwrap(), None).await;
    let third = call_as(TOKEN, "GET", &second.next().unwrap(), None).await;
    assert_eq!((third.next(), third.header("X-Next-Page")), (None, Some("")));
    assert_eq!([first.ids(), second.ids(), third.ids()].concat(), ids);
    assert!(gitlab.get("/projects?page=9").await.ids().is_empty());
    assert_eq!(gitlab.get("/projects?per_page=500").await.ids().len(), 45);
    assert_eq!(gitlab.get("/projects?per_page=0").await.status, 400);
    // Without an order, the newest first.
    assert_eq!(gitlab.get("/projects?per_page=1").await.ids(), ids[44..]);
}

#[tokio::test]
async fn projects_are_found_by_what_they_are() {
    let gitlab = GitLab::start().await;
    let shop = gitlab.add_project(Project::new("group/shop").name("The Shop"));
    let old = gitlab.add_project(Project::new("group/old-shop").archived());
    let public = gitlab.add_project(Project::new("world/public").public());
    let token = Token::personal(TOKEN).member_of(shop, Role::Maintainer);
    gitlab.add_token(token.member_of(old, Role::Developer));
    for (query, found) in [
        ("", vec![shop, old, public]),
        ("membership=true", vec![shop, old]),
        ("min_access_level=40", vec![shop]),
        ("archived=false", vec![shop, public]),
        ("search=SHOP", vec![shop, old]),
        ("search=group", vec![]),
        ("search=group&search_namespaces=true", vec![shop, old]),
    ] {
        let page = gitlab.get(&format!("/projects?order_by=id&sort=asc&{query}")).await;
        assert_eq!(page.ids(), found, "{query}");
    }
    let simple = gitlab.get("/projects?simple=true&search=The").await.json;
    assert_eq!(simple[0]["path_with_namespace"], "group/shop");
    assert_eq!((simple[0].get("archived"), simple[0].get("permissions")), (None, None));
    let full = gitlab.get("/projects/group%2Fold-shop").await.json;
    assert_eq!((&full["id"], &full["archived"]), (&json!(old), &json!(true)));
    assert_eq!(full["permissions"]["project_access"]["access_level"], 30);
}

#[tokio::test]
async fn the_old_path_of_a_moved_project_leads_to_it() {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN));
    let [web, ssh, http] =
        ["https://git.test/app", "git@git.test:app.git", "https://git.test/app.git"];
    let project = gitlab.add_project(Project::new("group/app").urls(web, ssh, http));
    let before = gitlab.get("/projects/group%2Fapp").await.json;
    assert_eq!((&before["web_url"], &before["ssh_url_to_repo"]), (&json!(web), &json!(ssh)));
    gitlab.move_project(project, "elsewhere/app");
    gitlab.rename_project(project, "The App");
    let moved = gitlab.get("/projects/group%2Fapp/hooks?page=1").await;
    assert_eq!(moved.status, 301);
    let address = gitlab.api(&format!("/projects/{project}/hooks?page=1"));
    assert_eq!(moved.header("Location"), Some(address.as_str()));
    let refused = gitlab.post("/projects/group%2Fapp/hooks", json!({ "url": "http://a.b" })).await;
    assert_eq!(refused.status, 405);
    let now = gitlab.get("/projects/elsewhere%2Fapp").await.json;
    assert_eq!((&now["id"], &now["name"]), (&json!(project), &json!("The App")));
    assert_eq!(now["ssh_url_to_repo"], "git@127.0.0.1:elsewhere/app.git");
}

#[tokio::test]
async fn branches_and_commits_are_there() {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN));
    let one = Commit::new(SHA[0], "One").author("Jordi Mallach", "jordi@softcatala.org");
    let two = Commit::new(SHA[1], "Two");
    let app = Project::new("group/app").branch("main", one).branch("feature/two", two);
    let app = gitlab.add_project(app);
    let branches = gitlab.get(&format!("/projects/{app}/repository/branches")).await;
    assert_eq!(branches.header("X-Total"), Some("2"));
    assert_eq!(branches.json[1]["name"], "main");
    assert_eq!(branches.json[1]["default"], true);
    assert_eq!(branches.json[1]["commit"]["id"], SHA[0]);
    let branch = format!("/projects/{app}/repository/branches/feature%2Ftwo");
    assert_eq!(gitlab.get(&branch).await.json["commit"]["title"], "Two");
    let commit = gitlab.get(&format!("/projects/{app}/repository/commits/{}", SHA[0])).await;
    assert_eq!(commit.json["author_name"], "Jordi Mallach");
    let none = gitlab.get(&format!("/projects/{app}/repository/commits/{}", SHA[2])).await;
    assert_eq!(none.json, json!({ "message": "404 Commit Not Found" }));

    gitlab.add_token(super::other(Role::Guest));
    let address = gitlab.api(&format!("/projects/{app}/repository/branches"));
    assert_eq!(call_as("glpat-of-another", "GET", &address, None).await.status, 403);
}
