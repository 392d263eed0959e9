//! Calls over TLS: whose certificate is believed, and whose is not.

use super::{answer, call, entry};
use crate::http::ca_file::read_roots;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use signalbox_core::job::AttemptOutcome;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Someone who issues certificates, known to nobody else.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Their own certificate, as an operator would put it beside an entry.
    fn file(&self, directory: &Path) -> PathBuf {
        let file = directory.join("ca.pem");
        fs::write(&file, self.0.pem()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        file
    }

    /// A server that proves to be `name`, and answers every request with 204.
    async fn serve(&self, name: &str) -> u16 {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A caller who does not believe us hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer("204 No Content", "")).await;
                let _ = stream.shutdown().await;
            }
        });
        port
    }
}

fn entry_for(host: &str, port: u16, more: &str) -> Arc<signalbox_core::action::ActionSpec> {
    entry(&format!("url = 'https://{host}:{port}/'\nallow_private_network = true\n{more}"))
}

#[tokio::test]
async fn the_entrys_own_authority_is_believed_and_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let ca = format!("ca_file = '{}'", ours.file(directory.path()).display());

    let port = ours.serve("localhost").await;
    let (ended, output) = call(entry_for("localhost", port, &ca)).await;
    assert_eq!((ended.outcome, ended.http_status), (AttemptOutcome::Succeeded, Some(204)));
    assert!(output.contains("Answer: 204"), "{output}");

    // The same server, where the entry does not say that it is to be believed.
    let (ended, _) = call(entry_for("localhost", port, "")).await;
    assert_eq!((ended.outcome, ended.temporary), (AttemptOutcome::Failed, false));
    assert!(
        ended.error().contains("its certificate was refused")
            || ended.error().contains("no trusted certificates"),
        "{}",
        ended.error()
    );

    let port = theirs.serve("localhost").await;
    let (ended, _) = call(entry_for("localhost", port, &ca)).await;
    assert_eq!((ended.outcome, ended.temporary), (AttemptOutcome::Failed, false));
    assert!(ended.error().contains("its certificate was refused"), "{}", ended.error());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let ours = Authority::new();
    let ca = format!("ca_file = '{}'", ours.file(directory.path()).display());
    let port = ours.serve("other.example.com").await;
    for host in ["localhost", "127.0.0.1"] {
        let (ended, _) = call(entry_for(host, port, &ca)).await;
        assert_eq!((ended.outcome, ended.temporary), (AttemptOutcome::Failed, false), "{host}");
        assert!(ended.error().contains("certificate was refused"), "{}", ended.error());
        assert!(ended.error().contains("not valid for name"), "{}", ended.error());
    }
    let port = ours.serve("127.0.0.1").await;
    let (ended, _) = call(entry_for("127.0.0.1", port, &ca)).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
}

#[test]
fn a_file_of_certificates_must_be_one_and_the_operators_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = Authority::new().file(directory.path());
    assert!(read_roots(&file).is_ok());
    let said = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        read_roots(&file).unwrap_err().to_string()
    };
    assert!(said("nothing", 0o644).contains("holds no certificate"));
    assert!(said("", 0o666).contains("may be written to by everybody"));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(said(broken, 0o644).contains("unusable certificate"));
    assert!(
        read_roots(&directory.path().join("gone"))
            .unwrap_err()
            .to_string()
            .contains("does not exist")
    );
}

#[test]
fn check_names_the_line_of_a_file_that_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let entry = "kind = 'http'\nurl = 'https://a.example.com/'\nca_file = '/nowhere/ca.pem'\n";
    let file = directory.path().join("call.toml");
    fs::write(&file, entry).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let (_, faults) = crate::Catalogue::load_directory(Some(directory.path()));
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("call.toml:3: ca_file: /nowhere does not exist"), "{told:?}");
}
