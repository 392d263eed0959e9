//! Connections to hosts whose every address may be called.

use crate::CallFailure;
use crate::address::{self, Reach};
use signalbox_core::failure::Failure;
use signalbox_core::sentence::Sentence;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

/// How long one address is tried.
const CONNECT: Duration = Duration::from_secs(10);

/// Whether addresses of private networks and of this machine may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateNetwork {
    /// They may.
    Allowed,
    /// They may not. The sentence that says so of an `{address}`, and what would allow it.
    Refused(&'static str),
}

/// Whether an address written as a number may be called; of a name, only connecting tells.
///
/// # Errors
/// Why it may not.
pub fn vet_url(url: &Url, private: PrivateNetwork) -> Result<(), Sentence> {
    match url.host() {
        Some(Host::Ipv4(address)) => vet_address(address.into(), private),
        Some(Host::Ipv6(address)) => vet_address(address.into(), private),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

fn vet_address(address: IpAddr, private: PrivateNetwork) -> Result<(), Sentence> {
    let refused = |pattern| Err(Sentence::new(pattern).with("address", address));
    match (address::classify_address(address), private) {
        (Reach::Public, _) | (Reach::Private, PrivateNetwork::Allowed) => Ok(()),
        (Reach::Private, PrivateNetwork::Refused(pattern)) => refused(pattern),
        (Reach::Never, _) => refused("{address} is an address that is never called"),
    }
}

/// Connects to the first address of a host that answers, if all of them may be called.
///
/// # Errors
/// If one may not, there is none, or none answers.
pub async fn connect_to_host(
    host: Option<Host<&str>>,
    port: u16,
    private: PrivateNetwork,
) -> Result<(TcpStream, SocketAddr), CallFailure> {
    let found: Vec<SocketAddr> = match host {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| {
                let (name, error) = (name.to_owned(), error.to_string());
                CallFailure::fail_for_now(Failure::HostNotFound { name, error })
            })?
            .collect(),
        None => Vec::new(),
    };
    for address in &found {
        vet_address(address.ip(), private)
            .map_err(|reason| CallFailure::refuse_for_good(Failure::NotSent { reason }))?;
    }
    let mut last = Sentence::new("its host has no address");
    for address in found {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, address)),
            Ok(Err(error)) => {
                last = Sentence::new("{address}: {error}")
                    .with("address", address)
                    .with("error", error);
            }
            Err(_) => {
                last = Sentence::new("{address} did not answer within {seconds} s")
                    .with("address", address)
                    .with("seconds", CONNECT.as_secs());
            }
        }
    }
    Err(CallFailure::fail_for_now(Failure::NoConnection { last }))
}
