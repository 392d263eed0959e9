//! Connections of strangers: how many there may be, and which one goes when there are too many.
//!
//! A connection is a stranger's until a request over it has proved where it comes from: a known token,
//! a delivery that was not rejected, a session. When a network has too many of a stranger's, or all
//! have, the oldest is closed: a sender who speaks at once is served, whoever only holds on is not.
//! So it does not matter what a stranger is slow at: the head, a second head, reading the answer.

use actix_web::HttpRequest;
use ipnet::IpNet;
use rustix::net::{Shutdown, shutdown};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signalbox_core::network::sender_network;
use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files that the process would like to have open at once.
const OPEN_FILES: u64 = 16_384;

/// How many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of strangers.
    strangers: usize,
    /// Of strangers, from one network.
    one_network: usize,
    /// Of all, for each of the server's threads.
    pub a_thread: usize,
}

/// The strangers' connections of one server. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    limits: Limits,
    proxies: Vec<IpNet>,
    strangers: Mutex<Strangers>,
}

/// By age.
#[derive(Default)]
struct Strangers {
    next: u64,
    open: BTreeMap<u64, Stranger>,
}

struct Stranger {
    network: IpAddr,
    /// A second handle of the socket, to close it with.
    socket: OwnedFd,
}

/// One connection, for as long as it is open.
pub struct Connection {
    connections: Connections,
    /// While it is a stranger's.
    stranger: Cell<Option<u64>>,
}

impl Limits {
    /// Raises the number of files that may be open, as far as that is allowed, and says what there is
    /// room for beside the database, jobs and everything else.
    pub fn of_process(threads: usize) -> Self {
        let allowed = getrlimit(Resource::Nofile);
        let wanted = allowed.maximum.unwrap_or(OPEN_FILES).min(OPEN_FILES);
        let mut files = allowed.current.unwrap_or(OPEN_FILES);
        let raised = Rlimit { current: Some(wanted), maximum: allowed.maximum };
        if files < wanted && setrlimit(Resource::Nofile, raised).is_ok() {
            files = wanted;
        }
        Self::for_files(usize::try_from(files.min(OPEN_FILES)).unwrap_or(usize::MAX), threads)
    }

    /// A stranger's connection takes two files, any other one. A quarter of all is left alone.
    fn for_files(files: usize, threads: usize) -> Self {
        let strangers = (files / 8).clamp(16, 1_024);
        let a_thread = (files / 4 * 3).saturating_sub(strangers) / threads.max(1);
        Self { strangers, one_network: (strangers / 4).max(8), a_thread: a_thread.max(16) }
    }
}

impl Connections {
    /// None so far. Connections from `proxies` are never a stranger's.
    pub fn new(limits: Limits, proxies: Vec<IpNet>) -> Self {
        Self(Arc::new(Shared { limits, proxies, strangers: Mutex::default() }))
    }

    /// A connection was accepted; closes another if there are too many.
    pub fn note_accepted(&self, socket: &dyn Any) -> Option<Connection> {
        let socket = socket.downcast_ref::<actix_web::rt::net::TcpStream>()?;
        let peer = socket.peer_addr().ok()?.ip().to_canonical();
        Some(self.open_connection(peer, socket))
    }

    fn open_connection(&self, peer: IpAddr, socket: &impl AsFd) -> Connection {
        let trusted = self.0.proxies.iter().any(|net| net.contains(&peer));
        let second = (!trusted).then(|| socket.as_fd().try_clone_to_owned());
        let stranger = match second {
            None => None,
            Some(Ok(socket)) => {
                Some(self.add_stranger(Stranger { network: sender_network(peer), socket }))
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "Closed a new connection: too many open files");
                close_socket(socket);
                None
            }
        };
        Connection { connections: self.clone(), stranger: Cell::new(stranger) }
    }

    fn add_stranger(&self, stranger: Stranger) -> u64 {
        let limits = self.0.limits;
        let mut strangers = self.lock_strangers();
        let number = strangers.next;
        strangers.next += 1;
        let network = stranger.network;
        strangers.open.insert(number, stranger);
        let mut of_network = strangers.open.iter().filter(|(_, other)| other.network == network);
        let oldest = if of_network.clone().count() > limits.one_network {
            of_network.next()
        } else if strangers.open.len() > limits.strangers {
            strangers.open.first_key_value()
        } else {
            None
        };
        let oldest = oldest.map(|(number, _)| *number);
        if let Some(stranger) = oldest.and_then(|oldest| strangers.open.remove(&oldest)) {
            tracing::debug!(network = %stranger.network, "Closed the oldest connection of an address without a valid token");
            close_socket(&stranger.socket);
        }
        number
    }

    fn lock_strangers(&self) -> MutexGuard<'_, Strangers> {
        self.0.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its own handle, elsewhere, then reads the end and is dropped.
fn close_socket(socket: &impl AsFd) {
    // An error says that it is closed already.
    let _ = shutdown(socket, Shutdown::Both);
}

/// Whoever sent this request proved who they are: their connection is no stranger's any more.
pub fn prove_sender(request: &HttpRequest) {
    if let Some(connection) = request.conn_data::<Connection>() {
        connection.forget_stranger();
    }
}

impl Connection {
    fn forget_stranger(&self) {
        if let Some(number) = self.stranger.take() {
            self.connections.lock_strangers().open.remove(&number);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.forget_stranger();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    fn sample_connections(proxies: &[&str]) -> Connections {
        let limits = Limits { strangers: 4, one_network: 2, a_thread: 100 };
        Connections::new(limits, proxies.iter().map(|net| net.parse().unwrap()).collect())
    }

    struct Open {
        connection: Connection,
        theirs: UnixStream,
        _ours: UnixStream,
    }

    fn open_sample(connections: &Connections, peer: &str) -> Open {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let connection = connections.open_connection(peer.parse().unwrap(), &ours);
        Open { connection, theirs, _ours: ours }
    }

    fn open_numbers(connections: &Connections) -> Vec<u64> {
        connections.lock_strangers().open.keys().copied().collect()
    }

    #[test]
    fn the_oldest_of_a_network_goes_then_the_oldest_of_all() {
        let connections = sample_connections(&[]);
        let mut a: Vec<_> =
            (1..=3).map(|n| open_sample(&connections, &format!("2001:db8::{n}"))).collect();
        assert_eq!(open_numbers(&connections), [1, 2]);
        assert_eq!(a[0].theirs.read(&mut [0]).unwrap(), 0, "it was closed");
        let _b = [open_sample(&connections, "192.0.2.1"), open_sample(&connections, "192.0.2.2")];
        let _c = open_sample(&connections, "192.0.2.3");
        assert_eq!(open_numbers(&connections), [2, 3, 4, 5]);
        assert_eq!(a[1].theirs.read(&mut [0]).unwrap(), 0, "it was closed");
    }

    #[test]
    fn who_proved_themselves_or_left_counts_no_more() {
        let connections = sample_connections(&["10.0.0.0/8"]);
        let mut proved = open_sample(&connections, "192.0.2.1");
        proved.connection.forget_stranger();
        proved.connection.forget_stranger();
        for _ in 0..5 {
            drop(open_sample(&connections, "192.0.2.1"));
        }
        let _proxied: Vec<_> = (0..5).map(|_| open_sample(&connections, "10.1.1.1")).collect();
        assert!(open_numbers(&connections).is_empty());
        let _strangers: Vec<_> = (0..5).map(|_| open_sample(&connections, "192.0.2.1")).collect();
        let error = proved.theirs.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "the proved one is open");
    }

    #[test]
    fn what_files_there_are_is_shared_out() {
        for (files, threads) in [(1_024, 2), (4_096, 16), (16_384, 2), (16_384, 64)] {
            let limits = Limits::for_files(files, threads);
            let taken = limits.strangers + limits.a_thread * threads;
            assert!(taken <= files / 4 * 3, "{files}: {limits:?}");
            assert!(limits.strangers >= 128, "{files}: {limits:?}");
        }
    }
}
