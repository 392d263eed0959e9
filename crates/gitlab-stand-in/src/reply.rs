//! What is asked and what is answered, without HTTP: a request's path and parameters, and answers
//! in the forms that GitLab gives them.

use crate::deliver::Errand;
use serde_json::{Map, Value, json};

/// One call of the API.
pub(crate) struct Request {
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// What stands between the slashes after `/api/v4`, decoded.
    pub segments: Vec<String>,
    /// The query, and the body in either of its forms.
    pub params: Map<String, Value>,
    /// What came in `PRIVATE-TOKEN` or as a bearer.
    pub secret: Option<String>,
}

impl Request {
    /// The text of a parameter; numbers and booleans as text.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.params.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// A parameter that must be there.
    pub fn needed(&self, name: &str) -> Result<String, Reply> {
        self.text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Reply::error(400, &format!("{name} is missing")))
    }

    /// A boolean parameter, in the forms that Ruby's Grape reads.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Reply> {
        match self.text(name).as_deref() {
            None | Some("") => Ok(None),
            Some("true" | "1" | "t" | "on") => Ok(Some(true)),
            Some("false" | "0" | "f" | "off") => Ok(Some(false)),
            Some(_) => Err(Reply::error(400, &format!("{name} is invalid"))),
        }
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Reply> {
        self.text(name)
            .map(|text| text.parse().map_err(|_| Reply::error(400, &format!("{name} is invalid"))))
            .transpose()
    }

    /// Whether it only reads: a token with the scope `read_api` may do so.
    pub fn reads(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

/// One answer of the API.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    /// `None`: without a body.
    pub body: Option<Value>,
}

impl Reply {
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    pub fn created(body: Value) -> Self {
        Self::new(201, body)
    }

    pub fn nothing() -> Self {
        Self { status: 204, headers: Vec::new(), body: None }
    }

    /// What GitLab's own code refuses.
    pub fn message(status: u16, message: &str) -> Self {
        Self::new(status, json!({ "message": message }))
    }

    /// What the reading of parameters refuses.
    pub fn error(status: u16, error: &str) -> Self {
        Self::new(status, json!({ "error": error }))
    }

    pub fn unauthorized() -> Self {
        Self::message(401, "401 Unauthorized")
    }

    pub fn forbidden() -> Self {
        Self::message(403, "403 Forbidden")
    }

    /// Without a name: of something below a project or a group.
    pub fn not_found(what: Option<&str>) -> Self {
        match what {
            Some(what) => Self::message(404, &format!("404 {what} Not Found")),
            None => Self::message(404, "404 Not found"),
        }
    }

    pub fn too_many() -> Self {
        let error = "This endpoint has been requested too many times. Try again later.";
        Self::new(429, json!({ "message": { "error": error } }))
    }
}

/// What a call leads to.
pub(crate) enum Next {
    Reply(Reply),
    /// A delivery that must be sent before it can be answered.
    Send(Box<Errand>),
}

impl From<Reply> for Next {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

pub(crate) type Answer = Result<Reply, Reply>;
