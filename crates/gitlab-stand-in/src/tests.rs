//! What GitLab's documentation says, held.

mod away;
mod delivering;
mod editing;
mod failing;
mod listing;
mod permitting;
mod reporting;
mod resending;

use crate::{Commit, GitLab, Hook, Owner, Project, Role, Token};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const TOKEN: &str = "glpat-of-the-tests";
const SECRET: &str = "a secret token";
const SHA: [&str; 3] = [
    "95790bf891e76fee5e1747ab589903a6a1f80f22",
    "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    "b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327",
];

/// A GitLab with a maintainer's token and one project, which has one commit.
async fn gitlab() -> (GitLab, i64) {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN));
    let head = Commit::new(SHA[0], "First").author("Jordi Mallach", "jordi@softcatala.org");
    let project = gitlab.add_project(Project::new("group/app").branch("main", head));
    (gitlab, project)
}

/// What a call was answered.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    json: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The address of the next page.
    fn next(&self) -> Option<String> {
        let (address, _) = self.header("Link")?.split_once(">; rel=\"next\"")?;
        Some(address.rsplit('<').next()?.to_owned())
    }

    fn ids(&self) -> Vec<i64> {
        self.json.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }
}

/// Calls an address with a token.
async fn call_as(token: &str, method: &str, address: &str, body: Option<Value>) -> Answer {
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut request = client.request(method.parse().unwrap(), address);
    if !token.is_empty() {
        request = request.header("PRIVATE-TOKEN", token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let json = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
    Answer { status, headers, json }
}

impl GitLab {
    fn api(&self, path: &str) -> String {
        format!("{}/api/v4{path}", self.address())
    }

    async fn get(&self, path: &str) -> Answer {
        call_as(TOKEN, "GET", &self.api(path), None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        call_as(TOKEN, "POST", &self.api(path), Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        call_as(TOKEN, "PUT", &self.api(path), Some(body)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        call_as(TOKEN, "DELETE", &self.api(path), None).await
    }

    /// A webhook of the project that sends pushes there, with the secret token.
    async fn hook_to(&self, project: i64, url: &str) -> i64 {
        let body = json!({ "url": url, "token": SECRET });
        let answer = self.post(&format!("/projects/{project}/hooks"), body).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer.json["id"].as_i64().unwrap()
    }

    fn only_hook(&self, project: i64) -> Hook {
        let [hook] = self.hooks(Owner::Project(project)).try_into().unwrap();
        hook
    }
}

/// What a receiver got.
#[derive(Clone)]
struct Arrived {
    headers: Vec<(String, String)>,
    body: String,
}

impl Arrived {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Somebody who gets deliveries.
#[derive(Clone, Default)]
struct Receiver {
    arrived: Arc<Mutex<Vec<Arrived>>>,
    answers: Arc<Mutex<u16>>,
    url: String,
}

impl Receiver {
    /// It answers 202 until it is told otherwise.
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self { url, answers: Arc::new(Mutex::new(202)), ..Self::default() };
        let data = web::Data::new(receiver.clone());
        let server = HttpServer::new(move || {
            App::new().app_data(data.clone()).default_service(web::to(receive))
        });
        tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        receiver
    }

    fn answer(&self, status: u16) {
        *self.answers.lock().unwrap() = status;
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }
}

async fn receive(me: web::Data<Receiver>, http: HttpRequest, body: String) -> HttpResponse {
    let text = |(name, value): (&actix_web::http::header::HeaderName, &_)| {
        let value: &actix_web::http::header::HeaderValue = value;
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let headers = http.headers().iter().map(text).collect();
    me.arrived.lock().unwrap().push(Arrived { headers, body });
    let status = *me.answers.lock().unwrap();
    HttpResponse::build(status.try_into().unwrap()).body("as the receiver says")
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/hook", listener.local_addr().unwrap())
}

/// A role's token, of another person.
fn other(role: Role) -> Token {
    Token::personal("glpat-of-another").owner("John Smith").role(role)
}
