//! TLS for calls: the certificates that this machine trusts, or others instead, and the name that
//! was asked for.

use crate::CallFailure;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use signalbox_core::failure::Failure;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

/// Whose certificates are believed.
#[derive(Debug, Clone)]
pub struct Roots(Arc<RootCertStore>);

/// Why certificates cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PemFault {
    /// It is not PEM.
    NotPem(String),
    /// One of them cannot be an authority's.
    Unusable(String),
    /// There is none.
    Empty,
}

impl Roots {
    /// What this machine trusts (`/etc/ssl`, or what `SSL_CERT_FILE` names). Reads files.
    ///
    /// # Errors
    /// If it trusts nobody.
    pub fn of_this_machine() -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(Failure::NoCertificates);
        }
        Ok(Self(Arc::new(roots)))
    }

    /// The authorities of a text in PEM, and nobody else.
    ///
    /// # Errors
    /// If it holds none, or something else.
    pub fn from_pem(pem: &[u8]) -> Result<Self, PemFault> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| PemFault::NotPem(error.to_string()))?;
            roots.add(certificate).map_err(|error| PemFault::Unusable(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(PemFault::Empty);
        }
        Ok(Self(Arc::new(roots)))
    }

    /// Speaks TLS over a connection; the other side must prove to be the address's host.
    pub(crate) async fn wrap_in_tls(
        &self,
        stream: TcpStream,
        url: &Url,
    ) -> Result<TlsStream<TcpStream>, CallFailure> {
        let name = match url.host() {
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).map_err(|_| {
                CallFailure::refuse_for_good(Failure::NameWithoutCertificate {
                    name: name.to_owned(),
                })
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
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.map_err(|error| explain_tls_error(&error))
    }
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
