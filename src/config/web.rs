//! Settings of the web server.

use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use url::Url;

/// Where the web server listens and what it believes.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// The address to listen on.
    pub bind: String,
    /// What GitLab and browsers are told to call; `None` = from the request.
    pub public_url: Option<Url>,
    /// Proxies whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The largest body of a delivery, in bytes.
    pub max_body: usize,
    /// Whether a record without a secret may be enabled.
    pub allow_no_secret: bool,
    /// Whether cookies go over plain http to other machines.
    pub allow_secret_over_http: bool,
}

impl WebSettings {
    /// Whether cookies must do without `Secure` and `__Host-`: the public address (else the bind)
    /// is plain http on loopback, or the operator allows it.
    pub fn insecure_cookies(&self) -> bool {
        if self.allow_secret_over_http {
            return true;
        }
        match &self.public_url {
            Some(url) => {
                url.scheme() == "http" && url.host().is_some_and(|host| is_loopback(&host))
            }
            None => self.bind.parse::<SocketAddr>().is_ok_and(|addr| addr.ip().is_loopback()),
        }
    }
}

fn is_loopback(host: &url::Host<&str>) -> bool {
    match host {
        url::Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        url::Host::Ipv4(ip) => IpAddr::V4(*ip).is_loopback(),
        url::Host::Ipv6(ip) => IpAddr::V6(*ip).is_loopback(),
    }
}
