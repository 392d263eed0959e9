//! GitLab's side: real bodies with the headers that GitLab sends, and what it is answered.

use serde_json::Value;
use std::path::PathBuf;

/// One request, ready to send (any number of times).
#[derive(Clone)]
pub struct Delivery {
    pub path: &'static str,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What Signalbox answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

/// Where the recorded bodies are.
pub fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/gitlab")
}

impl Delivery {
    /// The recorded body `name` with its headers, for the main address.
    pub fn fixture(name: &str) -> Self {
        let read = |extension: &str| {
            let path = fixtures().join(format!("{name}.{extension}"));
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let headers = String::from_utf8(read("headers")).unwrap();
        let headers = headers
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Self { path: "/webhooks/gitlab", headers, body: read("json") }
    }

    /// The oldest form of a push: what the tour sends.
    pub fn push_2015() -> Self {
        Self::fixture("push_2015")
    }

    /// To the register address instead.
    pub fn at_register(mut self) -> Self {
        self.path = "/webhooks/gitlab/register";
        self
    }

    /// What a Test may send of a project without commits.
    pub fn sample() -> Self {
        let project = serde_json::json!({
            "id": 15, "name": "gitlab", "path_with_namespace": "gitlab/gitlab",
            "web_url": "http://test.example.com/gitlab/gitlab",
            "git_ssh_url": "git@test.example.com:gitlab/gitlab.git",
            "git_http_url": "http://test.example.com/gitlab/gitlab.git",
        });
        let body = serde_json::json!({
            "object_kind": "push", "event_name": "push", "ref": "refs/heads/master",
            "before": "95790bf891e76fee5e1747ab589903a6a1f80f22",
            "after": "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
            "user_id": 4, "user_name": "John Smith", "user_email": "john@example.com",
            "project_id": 15, "project": project, "commits": [], "total_commits_count": 1,
            "push_options": {"ci": {"skip": true}},
        });
        Self::push_2015().body(body.to_string())
    }

    /// Signed with the token that GitLab 19 shows, with its headers: a new event each time.
    pub fn by_gitlab_19(self, signing_token: &str) -> Self {
        let uuid = || signalbox_core::idempotency::to_hex(&signalbox::clock::random_bytes::<16>());
        let (id, now) = (uuid(), signalbox::clock::now().timestamp().to_string());
        let key = signalbox_core::credential::SigningKey::from_shown(signing_token).unwrap();
        let signature = key.sign_message(&id, &now, &self.body);
        self.key(&id)
            .header("User-Agent", "GitLab/19.0.0")
            .header("X-Gitlab-Instance", "https://gitlab.example.com")
            .header("X-Gitlab-Webhook-UUID", &uuid())
            .header("X-Gitlab-Event-UUID", &uuid())
            .header("webhook-id", &id)
            .header("webhook-timestamp", &now)
            .header("webhook-signature", &signature)
    }

    /// With the hook's secret token.
    pub fn token(self, token: &str) -> Self {
        self.header("X-Gitlab-Token", token)
    }

    /// With GitLab's key of this hook and event.
    pub fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    /// With this header, in the place of any of that name.
    pub fn header(self, name: &str, value: &str) -> Self {
        let mut delivery = self.without(name);
        delivery.headers.push((name.to_owned(), value.to_owned()));
        delivery
    }

    /// With one more header of a name that may be there already.
    pub fn also(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With other bytes.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With one member of the body changed; `pointer` as in RFC 6901, such as `/project_id`.
    pub fn with(self, pointer: &str, value: impl Into<Value>) -> Self {
        let mut json: Value = serde_json::from_slice(&self.body).unwrap();
        *json.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer} in the body")) =
            value.into();
        let body = serde_json::to_vec(&json).unwrap();
        self.body(body)
    }

    /// Sends it to the Signalbox at `base`.
    pub async fn send(&self, base: &str) -> Answer {
        let mut request = reqwest::Client::new().post(format!("{base}{}", self.path));
        for (name, value) in &self.headers {
            // Not from text, which may hold no letters beyond ASCII.
            let value = reqwest::header::HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request = request.header(name, value);
        }
        Answer::of(request.body(self.body.clone()).send().await.unwrap()).await
    }
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{} is not JSON ({error}): {}", self.status, self.text))
    }

    /// A text member of the body.
    pub fn field(&self, name: &str) -> String {
        let json = self.json();
        json[name].as_str().unwrap_or_else(|| panic!("no text `{name}` in {json}")).to_owned()
    }

    /// The ids of the jobs it made.
    pub fn jobs(&self) -> Vec<String> {
        let json = self.json();
        let jobs = json["jobs"].as_array().unwrap_or_else(|| panic!("no `jobs` in {json}"));
        jobs.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// A header, empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Panics unless it has this status and verdict.
    #[track_caller]
    pub fn expect(&self, status: u16, verdict: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.field("verdict"), verdict, "{}", self.text);
        self
    }
}
