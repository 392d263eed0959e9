//! Where a request came from and what it called us, seen through trusted proxies only.

use crate::config::WebSettings;
use crate::web::Deps;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, web};
use std::net::IpAddr;

/// The address of whoever sent the request: the peer, or what trusted proxies say of it.
pub fn remote_addr(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let settings = web_settings(request);
    Some(settings.map_or(peer, |settings| behind_proxies(peer, request.headers(), settings)))
}

/// [`remote_addr`] as text; empty if it is not known.
pub fn remote_addr_text(request: &HttpRequest) -> String {
    remote_addr(request).map(|addr| addr.to_string()).unwrap_or_default()
}

/// The address GitLab and browsers call us by, without a slash at the end: the public address of
/// the settings, else what this request called.
pub fn public_address(request: &HttpRequest) -> String {
    if let Some(url) = web_settings(request).and_then(|settings| settings.public_url.as_ref()) {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let forwarded = from_proxy(request, "x-forwarded-proto");
    let scheme = match forwarded {
        Some("https") => "https",
        _ => "http",
    };
    format!("{scheme}://{}", called_host(request))
}

/// Whether browsers are known to come by https: by the public address, or by what a trusted proxy says.
pub fn is_https(request: &HttpRequest) -> bool {
    web_settings(request)
        .and_then(|settings| settings.public_url.as_ref())
        .is_some_and(|url| url.scheme() == "https")
        || from_proxy(request, "x-forwarded-proto") == Some("https")
}

/// The host, with its port, that the request called.
pub fn called_host(request: &HttpRequest) -> String {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    from_proxy(request, "x-forwarded-host").or(named).unwrap_or_default().to_owned()
}

/// Whether the panel may answer under the host that the request called.
pub fn is_own_host(request: &HttpRequest) -> bool {
    web_settings(request).is_none_or(|settings| settings.answers_to(&called_host(request)))
}

fn web_settings(request: &HttpRequest) -> Option<&WebSettings> {
    request.app_data::<web::Data<Deps>>().map(|deps| &*deps.settings)
}

fn from_proxy<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !is_trusted(peer, web_settings(request)?) {
        return None;
    }
    let value = request.headers().get(name)?.to_str().ok()?;
    value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
}

fn is_trusted(addr: IpAddr, settings: &WebSettings) -> bool {
    settings.trusted_proxies.iter().any(|net| net.contains(&addr))
}

/// From right to left: the first address in `X-Forwarded-For` that is no trusted proxy.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, settings: &WebSettings) -> IpAddr {
    let mut addr = peer;
    let forwarded: Vec<&str> = headers
        .get_all(header::X_FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in forwarded.into_iter().rev() {
        if !is_trusted(addr, settings) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(next) => addr = next.to_canonical(),
            Err(_) => break,
        }
    }
    addr
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_proxies_only() {
        let settings = |proxies: &[&str]| WebSettings {
            bind: "127.0.0.1:8080".into(),
            public_url: None,
            label: String::new(),
            alive_url: None,
            trusted_proxies: proxies.iter().map(|net| net.parse().unwrap()).collect(),
            max_body: 1,
            allow_no_secret: false,
            allow_secret_over_http: false,
            body_repeat: chrono::TimeDelta::zero(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(
            header::X_FORWARDED_FOR,
            HeaderValue::from_static("6.6.6.6, 203.0.113.9, 10.0.0.7"),
        );
        let seen = |peer: &str, proxies: &[&str]| {
            behind_proxies(peer.parse().unwrap(), &headers, &settings(proxies)).to_string()
        };
        assert_eq!(seen("192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(seen("192.0.2.1", &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &["10.0.0.0/8"]), "203.0.113.9");
    }
}
