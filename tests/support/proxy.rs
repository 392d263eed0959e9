//! Between a program and PostgreSQL: passes everything on, until it is told to cut a connection where
//! it hurts most. What was asked has happened then, and nobody gets to know.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// A part of the statement whose answer never arrives; `COMMIT` behind it stands for the commit of
/// its transaction.
pub type Cut = &'static str;

/// The proxy; its connections end with it.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// Where the server listens.
    upstream: PathBuf,
    /// What is to be cut next, in this order.
    cuts: Mutex<VecDeque<(Cut, bool)>>,
    done: AtomicUsize,
}

impl Proxy {
    /// In front of the server whose socket lies in the folder that `url` names.
    pub async fn start(url: &str) -> Self {
        let (_, folder) = url.split_once("host=").expect("a server on a unix socket");
        let folder = folder.split('&').next().unwrap();
        let shared = Arc::new(Shared {
            upstream: PathBuf::from(folder).join(".s.PGSQL.5432"),
            cuts: Mutex::default(),
            done: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let of_all = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(Arc::clone(&of_all), client));
            }
        });
        Self { port, shared }
    }

    /// Its address, such as `127.0.0.1:40123`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The address of the database `url` by way of this proxy.
    pub fn url(&self, url: &str) -> String {
        let (_, rest) = url.split_once("///").unwrap();
        let database = rest.split('?').next().unwrap();
        format!("postgres://tests@{}/{database}", self.address())
    }

    /// Cuts the next connection that has run such a statement, before its answer; with `commit`, that
    /// has committed the transaction of one.
    pub fn cut(&self, part: Cut, commit: bool) {
        self.shared.cuts.lock().unwrap().push_back((part, commit));
    }

    /// How many connections were cut.
    pub fn done(&self) -> usize {
        self.shared.done.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Whether the first cut to come is of this kind; it is taken then.
    fn takes(&self, sql: &str, commit: bool) -> bool {
        let mut cuts = self.cuts.lock().unwrap();
        let fits = cuts.front().is_some_and(|&(part, of)| of == commit && sql.contains(part));
        if fits {
            cuts.pop_front();
        }
        fits
    }
}

/// What is known of one connection's statements.
#[derive(Default)]
struct Statements {
    prepared: HashMap<String, String>,
    /// Those run since the last commit.
    open: String,
}

impl Statements {
    /// Whether the answer to this message is to be swallowed.
    fn see(&mut self, kind: u8, body: &[u8], shared: &Shared) -> bool {
        let mut texts = body.split(|&byte| byte == 0).map(String::from_utf8_lossy);
        match kind {
            b'P' => {
                let (name, sql) = (texts.next().unwrap(), texts.next().unwrap());
                self.prepared.insert(name.into_owned(), sql.into_owned());
                false
            }
            b'B' => {
                let name = texts.nth(1).unwrap();
                let sql = self.prepared.get(&*name).cloned().unwrap_or_default();
                self.open.push_str(&sql);
                shared.takes(&sql, false)
            }
            b'Q' => match texts.next() {
                Some(sql) if sql.starts_with("COMMIT") => {
                    shared.takes(&std::mem::take(&mut self.open), true)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// Takes one whole message out of what was read; the first of a client has no kind.
fn message(read: &mut Vec<u8>, has_kind: bool) -> Option<(u8, Vec<u8>)> {
    let start = usize::from(has_kind);
    let length = u32::from_be_bytes(read.get(start..start + 4)?.try_into().unwrap());
    let end = start + usize::try_from(length).unwrap();
    (read.len() >= end).then(|| {
        let whole: Vec<u8> = read.drain(..end).collect();
        (if has_kind { whole[0] } else { 0 }, whole)
    })
}

async fn pass(shared: Arc<Shared>, client: TcpStream) {
    let Ok(server) = UnixStream::connect(&shared.upstream).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let swallow = Arc::new(AtomicBool::new(false));
    let swallows = Arc::clone(&swallow);
    let of_all = Arc::clone(&shared);
    let up = async move {
        let (mut read, mut has_kind, mut statements) = (Vec::new(), false, Statements::default());
        while from_client.read_buf(&mut read).await.is_ok_and(|read| read > 0) {
            while let Some((kind, whole)) = message(&mut read, has_kind) {
                let body = if has_kind { &whole[5..] } else { &[][..] };
                has_kind = true;
                if statements.see(kind, body, &of_all) {
                    swallow.store(true, Ordering::SeqCst);
                }
                if to_server.write_all(&whole).await.is_err() {
                    return;
                }
            }
        }
    };
    let down = async move {
        let mut read = Vec::new();
        while from_server.read_buf(&mut read).await.is_ok_and(|read| read > 0) {
            while let Some((kind, whole)) = message(&mut read, true) {
                if swallows.load(Ordering::SeqCst) {
                    // Ready for the next query: it is done.
                    if kind == b'Z' {
                        shared.done.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                } else if to_client.write_all(&whole).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}
