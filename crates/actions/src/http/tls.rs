//! TLS for calls out: the certificates that this machine trusts, or those of the entry's file
//! instead, and the name that was asked for.

use crate::call_failure::CallFailure;
use crate::trust;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use signalbox_core::failure::Failure;
use signalbox_core::sentence::Sentence;
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
pub(super) async fn wrap_in_tls(
    stream: TcpStream,
    url: &Url,
    ca_file: Option<&Path>,
) -> Result<TlsStream<TcpStream>, CallFailure> {
    let file: Option<PathBuf> = ca_file.map(Path::to_owned);
    let read = tokio::task::spawn_blocking(move || match file {
        Some(file) => of_file(&file).map_err(|reason| Failure::NotSent {
            reason: Sentence::new("ca_file: {reason}").with_sentence("reason", reason),
        }),
        None => of_this_machine(),
    });
    let roots = read
        .await
        .map_err(|_| CallFailure::refuse_for_good(Failure::CertificatesUnreadable))?
        .map_err(CallFailure::refuse_for_good)?;
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).map_err(|_| {
            CallFailure::refuse_for_good(Failure::NameWithoutCertificate { name: name.to_owned() })
        })?,
        Some(Host::Ipv4(address)) => ServerName::IpAddress(address.into()),
        Some(Host::Ipv6(address)) => ServerName::IpAddress(address.into()),
        None => return Err(CallFailure::refuse_for_good(Failure::NoHost)),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            CallFailure::refuse_for_good(Failure::TlsUnusable { error: error.to_string() })
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.map_err(|error| explain_tls_error(&error))
}

/// A certificate that is not trusted will not be in five minutes; a connection that broke may.
fn explain_tls_error(error: &io::Error) -> CallFailure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(_)) => {
            CallFailure::refuse_for_good(Failure::CertificateRefused { error: error.to_string() })
        }
        Some(_) | None => CallFailure::fail_for_now(Failure::NoTls { error: error.to_string() }),
    }
}

/// The certificates of an entry's file, in PEM. It must be the operator's alone.
///
/// # Errors
/// Why they cannot be had.
pub(super) fn of_file(file: &Path) -> Result<RootCertStore, Sentence> {
    let real = trust::check_trust(file, rustix::process::geteuid().as_raw())?;
    let says = |error| trust::describe_io_error(file, &error);
    let wrong = |pattern| Sentence::new(pattern).with("path", file.display());
    let metadata = fs::metadata(&real).map_err(says)?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(wrong("{path} is not a file of at most 1 MiB"));
    }
    let pem = fs::read(&real).map_err(says)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate
            .map_err(|error| wrong("{path} is not PEM: {error}").with("error", error))?;
        roots.add(certificate).map_err(|error| {
            wrong("{path} has an unusable certificate: {error}").with("error", error)
        })?;
    }
    if roots.is_empty() {
        return Err(wrong("{path} holds no certificate in PEM"));
    }
    Ok(roots)
}

/// What this machine trusts (`/etc/ssl`, or what `SSL_CERT_FILE` names).
fn of_this_machine() -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(Failure::NoCertificates);
    }
    Ok(roots)
}
