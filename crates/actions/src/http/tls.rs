//! TLS for calls out: the certificates that this machine trusts, or those of the entry's file
//! instead, and the name that was asked for.

use super::Failure;
use crate::trust;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

/// The largest file of certificates that is read.
const MAX_BYTES: u64 = 1024 * 1024;

/// Speaks TLS over a connection; the other side must prove to be the address's host.
///
/// # Errors
/// Why it did not.
pub(super) async fn wrap(
    stream: TcpStream,
    url: &Url,
    ca_file: Option<&Path>,
) -> Result<TlsStream<TcpStream>, Failure> {
    let file: Option<PathBuf> = ca_file.map(Path::to_owned);
    let read = tokio::task::spawn_blocking(move || match file {
        Some(file) => of_file(&file).map_err(|reason| format!("Not sent: ca_file: {reason}.")),
        None => of_this_machine(),
    });
    let roots = read
        .await
        .map_err(|_| Failure::refused("The trusted certificates could not be read."))?
        .map_err(Failure::refused)?;
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).map_err(|_| {
            Failure::refused(format!("{name} is no name that a certificate can have."))
        })?,
        Some(Host::Ipv4(address)) => ServerName::IpAddress(address.into()),
        Some(Host::Ipv6(address)) => ServerName::IpAddress(address.into()),
        None => return Err(Failure::refused("The address has no host.")),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::refused(format!("TLS is not to be had: {error}.")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.map_err(|error| failed(&error))
}

/// A certificate that is not trusted will not be in five minutes; a connection that broke may.
fn failed(error: &io::Error) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(_)) => Failure::refused(format!(
            "Not sent: its certificate was refused ({error}). Name its issuer in ca_file, or trust it on this machine."
        )),
        Some(_) | None => Failure::away(format!("No TLS: {error}.")),
    }
}

/// The certificates of an entry's file, in PEM. It must be the operator's alone.
///
/// # Errors
/// Why they cannot be had.
pub(super) fn of_file(file: &Path) -> Result<RootCertStore, String> {
    let real = trust::check(file, rustix::process::geteuid().as_raw())?;
    let says = |error: io::Error| format!("{}: {error}", file.display());
    let metadata = fs::metadata(&real).map_err(says)?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(format!("{path} is not a file of at most 1 MiB", path = file.display()));
    }
    let pem = fs::read(&real).map_err(says)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate
            .map_err(|error| format!("{path} is not PEM: {error}", path = file.display()))?;
        roots.add(certificate).map_err(|error| {
            format!("{path} has an unusable certificate: {error}", path = file.display())
        })?;
    }
    if roots.is_empty() {
        return Err(format!("{path} holds no certificate in PEM", path = file.display()));
    }
    Ok(roots)
}

/// What this machine trusts (`/etc/ssl`, or what `SSL_CERT_FILE` names).
fn of_this_machine() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("This machine has no trusted certificates: install ca-certificates.".to_owned());
    }
    Ok(roots)
}
