//! TLS for calls out: the certificates that this machine trusts, the name that was asked for.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

/// Speaks TLS over a connection; the other side must prove to be the address's host.
///
/// # Errors
/// Why it did not, as a sentence.
pub(super) async fn wrap(stream: TcpStream, url: &Url) -> Result<TlsStream<TcpStream>, String> {
    let roots = tokio::task::spawn_blocking(system_roots)
        .await
        .map_err(|_| "The trusted certificates could not be read.".to_owned())??;
    wrap_with(stream, url, roots).await
}

pub(super) async fn wrap_with(
    stream: TcpStream,
    url: &Url,
    roots: RootCertStore,
) -> Result<TlsStream<TcpStream>, String> {
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
            .map_err(|_| format!("{name} is no name that a certificate can have."))?,
        Some(Host::Ipv4(address)) => ServerName::IpAddress(address.into()),
        Some(Host::Ipv6(address)) => ServerName::IpAddress(address.into()),
        None => return Err("The address has no host.".to_owned()),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS is not to be had: {error}."))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.map_err(|error| format!("No TLS: {error}."))
}

/// What this machine trusts (`/etc/ssl`, or what `SSL_CERT_FILE` names).
fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("This machine has no trusted certificates: install ca-certificates.".to_owned());
    }
    Ok(roots)
}
