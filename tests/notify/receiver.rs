//! An address that takes calls, keeps them and answers as it is told.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The receiver, while it is kept.
pub struct Receiver {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    status: u16,
    holds: bool,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub body: Vec<u8>,
    headers: BTreeMap<String, String>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook/s3cr3t", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { status: 200, ..State::default() }));
        let kept = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take_call(stream, Arc::clone(&kept)));
            }
        });
        Self { url, state }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    pub fn answer_with(&self, status: u16) {
        self.state.lock().unwrap().status = status;
    }

    /// Takes calls without answering them.
    pub fn hold(&self, holds: bool) {
        self.state.lock().unwrap().holds = holds;
    }
}

async fn take_call(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut read = Vec::new();
    let request = loop {
        if let Some(request) = parse(&read) {
            break request;
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(many) => read.extend_from_slice(&piece[..many]),
        }
    };
    let path = request.path.clone();
    let (status, holds) = {
        let mut state = state.lock().unwrap();
        state.requests.push(request);
        (state.status, state.holds)
    };
    if holds {
        // Until the caller is gone.
        let _ = stream.read(&mut [0; 1]).await;
        return;
    }
    let body = if status == 200 { "ok".to_owned() } else { format!("refused: {path}") };
    let answer = format!(
        "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// The whole request, once it is there.
fn parse(read: &[u8]) -> Option<Request> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&read[..end]);
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let body = read.get(end + 4..end + 4 + length)?.to_vec();
    Some(Request { path, body, headers })
}
