//! Settings of the web server and of what it lets in.

use super::Faults;
use chrono::TimeDelta;
use clap::Args;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use url::Url;

#[derive(Debug, Clone, Args)]
pub(super) struct RawWeb {
    /// Address and port to listen on
    #[arg(
        long,
        env = "SIGNALBOX_BIND",
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:8080",
        global = true
    )]
    bind: String,
    /// What GitLab and browsers are told to call; unset: what the request called
    #[arg(long, env = "SIGNALBOX_PUBLIC_URL", value_name = "URL", global = true)]
    public_url: Option<String>,
    /// What this installation is called, shown in the top bar, such as Staging
    #[arg(long, env = "SIGNALBOX_LABEL", value_name = "WORDS", default_value = "", global = true)]
    label: String,
    /// Called every minute while all is well, so that a monitor notices when it stays away
    #[arg(
        long,
        env = "SIGNALBOX_ALIVE_URL",
        value_name = "URL",
        hide_env_values = true,
        global = true
    )]
    alive_url: Option<String>,
    /// Largest body of a delivery, in bytes; 25 MiB is GitLab's own limit
    #[arg(
        long,
        env = "SIGNALBOX_MAX_BODY",
        value_name = "BYTES",
        default_value = "26214400",
        global = true
    )]
    max_body: String,
    /// Proxies whose forwarded headers are believed, addresses or networks with commas between
    #[arg(
        long,
        env = "SIGNALBOX_TRUSTED_PROXIES",
        value_name = "NETS",
        default_value = "",
        global = true
    )]
    trusted_proxies: String,
    /// Whether a webhook without secret token or signing token may be enabled
    #[arg(long, env = "SIGNALBOX_ALLOW_NO_SECRET", value_name = "BOOL", default_value = "false", num_args = 0..=1, default_missing_value = "true", global = true)]
    allow_no_secret: String,
    /// Whether session cookies go over plain http to other machines
    #[arg(long, env = "SIGNALBOX_ALLOW_SECRET_OVER_HTTP", value_name = "BOOL", default_value = "false", num_args = 0..=1, default_missing_value = "true", global = true)]
    allow_secret_over_http: String,
    /// Seconds in which an equal body without a key is a repeat; 0: never
    #[arg(
        long,
        env = "SIGNALBOX_BODY_REPEAT_S",
        value_name = "SECONDS",
        default_value = "60",
        global = true
    )]
    body_repeat_s: String,
}

/// Where the web server listens and what it believes.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// The address to listen on.
    pub bind: String,
    /// What GitLab and browsers are told to call; `None` = from the request.
    pub public_url: Option<Url>,
    /// What this installation is called, shown on every page; empty = it has no name.
    pub label: String,
    /// What is called every minute while all is well; `None` = nothing.
    pub alive_url: Option<Url>,
    /// Proxies whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The largest body of a delivery, in bytes.
    pub max_body: usize,
    /// Whether a webhook without a secret may be enabled.
    pub allow_no_secret: bool,
    /// Whether cookies go over plain http to other machines.
    pub allow_secret_over_http: bool,
    /// How long an equal body without a key is a repeat; zero: never.
    pub body_repeat: TimeDelta,
}

impl WebSettings {
    pub(super) fn from_raw(raw: RawWeb, faults: &mut Faults) -> Self {
        let body_repeat_s =
            faults.parse_number("SIGNALBOX_BODY_REPEAT_S", &raw.body_repeat_s, 0..=86_400);
        Self {
            public_url: public_url(raw.public_url.as_deref(), faults),
            trusted_proxies: parse_proxies(&raw.trusted_proxies, faults),
            max_body: faults.parse_number("SIGNALBOX_MAX_BODY", &raw.max_body, 1_024..=268_435_456),
            allow_no_secret: faults.parse_switch("SIGNALBOX_ALLOW_NO_SECRET", &raw.allow_no_secret),
            allow_secret_over_http: faults
                .parse_switch("SIGNALBOX_ALLOW_SECRET_OVER_HTTP", &raw.allow_secret_over_http),
            body_repeat: TimeDelta::seconds(body_repeat_s),
            label: check_label(&raw.label, faults),
            alive_url: alive_url(raw.alive_url.as_deref(), faults),
            bind: raw.bind,
        }
    }

    /// Whether the panel answers to a request for this host, with or without a port: the public address's
    /// or the machine's own; to any while there is no public address.
    pub fn answers_to(&self, host: &str) -> bool {
        let Some(public) = self.public_url.as_ref().and_then(Url::host) else { return true };
        let called = Url::parse(&format!("http://{host}/")).ok();
        let is_plain = !host.is_empty() && !host.contains(['@', '/', '?', '#', '\\']);
        let called = called.as_ref().and_then(Url::host).filter(|_| is_plain);
        called.is_some_and(|called| called == public || is_loopback(&called))
    }

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

fn public_url(raw: Option<&str>, faults: &mut Faults) -> Option<Url> {
    let text = raw.map(str::trim).filter(|text| !text.is_empty())?;
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
        Ok(_) | Err(_) => {
            faults
                .add_fault("SIGNALBOX_PUBLIC_URL", format!("{text:?} is no http or https address"));
            None
        }
    }
}

/// What is wrong with it is said without it: it may be a secret.
fn alive_url(raw: Option<&str>, faults: &mut Faults) -> Option<Url> {
    let text = raw.map(str::trim).filter(|text| !text.is_empty())?;
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        faults.add_fault("SIGNALBOX_ALIVE_URL", "it is no http or https address");
    }
    url
}

/// The longest label, in characters: it shares the top bar with a phone's buttons.
const LONGEST_LABEL: usize = 24;

fn check_label(raw: &str, faults: &mut Faults) -> String {
    let label = raw.trim();
    if label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
        faults.add_fault(
            "SIGNALBOX_LABEL",
            format!("{label:?} is no line of up to {LONGEST_LABEL} characters"),
        );
    }
    label.to_owned()
}

fn parse_proxies(raw: &str, faults: &mut Faults) -> Vec<IpNet> {
    let mut nets = Vec::new();
    for text in raw.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        match text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(net) => nets.push(net),
            Err(_) => faults.add_fault(
                "SIGNALBOX_TRUSTED_PROXIES",
                format!("{text:?} is no address or network"),
            ),
        }
    }
    nets
}

fn is_loopback(host: &url::Host<&str>) -> bool {
    match host {
        url::Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        url::Host::Ipv4(ip) => IpAddr::V4(*ip).is_loopback(),
        url::Host::Ipv6(ip) => IpAddr::V6(*ip).is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_there_is_a_public_address_others_are_not_answered_to() {
        let mut settings = WebSettings {
            bind: String::new(),
            public_url: None,
            label: String::new(),
            alive_url: None,
            trusted_proxies: Vec::new(),
            max_body: 1,
            allow_no_secret: false,
            allow_secret_over_http: false,
            body_repeat: TimeDelta::zero(),
        };
        assert!(settings.answers_to("evil.example"));
        settings.public_url = Some("https://Hooks.example.com/".parse().unwrap());
        let own = [
            "hooks.example.com",
            "HOOKS.example.com:443",
            "localhost:8080",
            "127.0.0.1",
            "[::1]:9",
        ];
        assert!(own.iter().all(|host| settings.answers_to(host)));
        for host in [
            "",
            "evil.example",
            "hooks.example.com.evil.example",
            "evil.example:443",
            "evil@hooks.example.com",
            "10.0.0.1",
            "hooks.example.com/evil",
        ] {
            assert!(!settings.answers_to(host), "{host}");
        }
    }
}
