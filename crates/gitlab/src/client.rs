//! Calls of one GitLab instance.

use crate::ApiFailure;
use bytes::Bytes;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use signalbox_core::failure::Failure;
use signalbox_outbound::{self as outbound, Answered, Call, Manner, PrivateNetwork, Roots};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// How long one call may take.
const CALL: Duration = Duration::from_secs(20);
/// The longest answer that is read: a page of events with whole bodies.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// The least time between two calls. GitLab.com allows 2,000 a minute.
const PACE: Duration = Duration::from_millis(50);
/// How often a call is made before it fails.
const TRIES: u32 = 3;
/// How long before the second try; twice that before the third.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest wait that GitLab may ask for; a longer one fails the call.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How many pages of a list are read, of 100 each.
const MAX_PAGES: usize = 200;

/// A call that was made, its tries included.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// HTTP's word.
    pub method: String,
    /// What of the API: a path with its query. A token is never in it.
    pub path: String,
    /// The last answer's status.
    pub status: Option<u16>,
    /// How long it took, with all tries and waits.
    pub took: Duration,
    /// How often it was tried.
    pub tries: u32,
    /// Why it failed, if it did.
    pub failure: Option<ApiFailure>,
}

/// Who is told of every call.
pub type Recorder = Arc<dyn Fn(CallRecord) + Send + Sync>;

/// What a client is made of.
pub struct ClientOptions {
    /// The instance's address ([`read_base_url`]).
    pub base: Url,
    /// The token.
    pub token: SecretString,
    /// Whether it may be in a private network.
    pub private_network: PrivateNetwork,
    /// Whose certificates are believed.
    pub roots: Roots,
    /// Who is told of every call.
    pub recorder: Recorder,
}

/// Calls one instance with one token, one call after another.
pub struct Client {
    base: Url,
    token: SecretString,
    manner: Manner,
    recorder: Recorder,
    next: Mutex<Instant>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// The address of an instance, as people paste it: `https`, or `http`, a host, maybe a port and a
/// path. None if it is something else. It ends with a slash.
pub fn read_base_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim()).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    if !is_plain {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v4").unwrap_or(path).trim_end_matches('/').to_owned();
    url.set_path(&format!("{path}/"));
    Some(url)
}

impl Client {
    /// A client.
    pub fn new(options: ClientOptions) -> Self {
        Self {
            base: options.base,
            token: options.token,
            manner: Manner {
                private_network: options.private_network,
                roots: options.roots,
                time_limit: CALL,
                max_answer: MAX_ANSWER,
            },
            recorder: options.recorder,
            next: Mutex::new(Instant::now()),
        }
    }

    /// Asks for one thing.
    pub(crate) async fn get_json<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ApiFailure> {
        let answered = self.call("GET", self.address(path, query), None).await?;
        read_json(&answered.body)
    }

    /// Asks for all of a list, page by page.
    pub(crate) async fn get_all<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Vec<T>, ApiFailure> {
        let mut all = Vec::new();
        let mut next = Some(self.address(path, &[("per_page", "100")]));
        for _ in 0..MAX_PAGES {
            let Some(url) = next else { return Ok(all) };
            let answered = self.call("GET", url, None).await?;
            all.extend(read_json::<Vec<T>>(&answered.body)?);
            next = self.next_page(&answered);
        }
        Err(ApiFailure::TooLong)
    }

    /// Asks for something to be done.
    pub(crate) async fn send_json<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ApiFailure> {
        let answered = self.call(method, self.address(path, &[]), body).await?;
        read_json(&answered.body)
    }

    fn address(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}api/v4/{path}", self.base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The next page's address, whatever way of paging GitLab chose. One of elsewhere is none: the
    /// token goes nowhere else.
    fn next_page(&self, answered: &Answered) -> Option<Url> {
        let links = answered.headers.get("link")?.to_str().ok()?;
        let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
        let (_, rest) = next.split_once('<')?;
        let url = Url::parse(rest.split_once('>')?.0).ok()?;
        // Behind a proxy, GitLab may write its own address in another way than it is reached by.
        let mut here = self.base.clone();
        let below = url.path().split_once("/api/v4/")?.1;
        here.set_path(&format!("{}api/v4/{below}", self.base.path()));
        here.set_query(url.query());
        Some(here)
    }

    /// A call, tried again where that does nothing twice.
    async fn call(
        &self,
        method: &str,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Answered, ApiFailure> {
        let begun = Instant::now();
        let (mut tries, mut status) = (0, None);
        let result = loop {
            tries += 1;
            self.wait_for_turn().await;
            let (failure, wait) = match self.try_once(method, &url, body).await {
                Ok(answered) => {
                    let number = answered.status.as_u16();
                    status = Some(number);
                    if answered.status.is_success() && !answered.is_cut {
                        break Ok(answered);
                    }
                    let wait = asked_wait(&answered);
                    (explain_answer(&answered, wait), wait)
                }
                Err(failure) => (failure, None),
            };
            let pause = wait.unwrap_or(PAUSE * tries);
            if tries == TRIES || pause > MAX_WAIT || !may_repeat(method, &failure) {
                break Err(failure);
            }
            tokio::time::sleep(pause).await;
        };
        let path = url.path().strip_prefix(self.base.path()).unwrap_or(url.path());
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        (self.recorder)(CallRecord {
            method: method.to_owned(),
            path: format!("/{path}{query}"),
            status,
            took: begun.elapsed(),
            tries,
            failure: result.as_ref().err().cloned(),
        });
        result
    }

    async fn wait_for_turn(&self) {
        let mut next = self.next.lock().await;
        tokio::time::sleep_until(*next).await;
        *next = Instant::now() + PACE;
    }

    async fn try_once(
        &self,
        method: &str,
        url: &Url,
        body: Option<&Value>,
    ) -> Result<Answered, ApiFailure> {
        let mut headers =
            vec![("accept", "application/json"), ("private-token", self.token.expose_secret())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        } else if method != "GET" {
            headers.push(("content-length", "0"));
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let call = Call { method, url, headers: &headers, body };
        outbound::send_call(call, &self.manner).await.map_err(|failure| ApiFailure::NoAnswer {
            why: failure.why,
            temporary: failure.temporary,
        })
    }
}

/// Whether another try does nothing twice: what only reads or sets, or what was never taken.
fn may_repeat(method: &str, failure: &ApiFailure) -> bool {
    let never_taken = matches!(
        failure,
        ApiFailure::TooManyCalls { .. }
            | ApiFailure::NoAnswer {
                why: Failure::NoConnection { .. } | Failure::HostNotFound { .. },
                ..
            }
    );
    failure.is_temporary() && (method != "POST" || never_taken)
}

/// How long GitLab asks to wait. Source: <https://docs.gitlab.com/security/rate_limits/>.
fn asked_wait(answered: &Answered) -> Option<Duration> {
    let seconds = answered.headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn explain_answer(answered: &Answered, wait: Option<Duration>) -> ApiFailure {
    if answered.status.is_success() {
        return ApiFailure::TooLong;
    }
    let location = answered.headers.get("location").and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|wait| TimeDelta::from_std(wait).ok());
    ApiFailure::of_status(answered.status.as_u16(), &answered.body, location, wait)
}

fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiFailure> {
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| ApiFailure::Unreadable { error: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_paste_it() {
        let read = |text: &str| read_base_url(text).map(String::from);
        assert_eq!(
            read(" https://gitlab.example.com ").as_deref(),
            Some("https://gitlab.example.com/")
        );
        assert_eq!(
            read("https://example.com/gitlab/api/v4/?x=1#y").as_deref(),
            Some("https://example.com/gitlab/")
        );
        assert_eq!(read("http://10.0.0.7:8929/").as_deref(), Some("http://10.0.0.7:8929/"));
        for text in ["gitlab.example.com", "ssh://git@a/", "https://user:pw@a/", "file:///etc", ""]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_might_be_done_twice_is_not_tried_again() {
        let broken = ApiFailure::NoAnswer {
            why: Failure::ExchangeBroken { error: "eof".into() },
            temporary: true,
        };
        let limited = ApiFailure::TooManyCalls { seconds: Some(1) };
        assert!(may_repeat("GET", &broken) && may_repeat("PUT", &broken));
        assert!(!may_repeat("POST", &broken) && may_repeat("POST", &limited));
        assert!(!may_repeat("GET", &ApiFailure::NotFound));
    }
}
