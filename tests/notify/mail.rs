//! Mail: a server that speaks SMTP with STARTTLS and a login, and what it is sent.

use super::{add_channel, add_rule, failing, message_is, push};
use crate::support::app::Setup;
use crate::support::webhooks::{self, with};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const PASSWORD: &str = "a-mail-password-of-the-tests";

/// What was said and sent.
#[derive(Default)]
struct Heard {
    commands: Vec<String>,
    mails: Vec<String>,
}

struct MailServer {
    port: u16,
    /// Its certificate, in PEM.
    certificate: String,
    heard: Arc<Mutex<Heard>>,
}

impl MailServer {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(
            tokio_rustls::rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&kept)));
            }
        });
        Self { port, certificate: made.cert.pem(), heard }
    }
}

async fn serve(mut stream: TcpStream, acceptor: TlsAcceptor, heard: Arc<Mutex<Heard>>) {
    if stream.write_all(b"220 localhost ESMTP\r\n").await.is_err() {
        return;
    }
    if talk(&mut stream, false, &heard).await {
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        talk(&mut stream, true, &heard).await;
    }
}

/// Answers commands; true = TLS begins.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    is_secret: bool,
    heard: &Mutex<Heard>,
) -> bool {
    let mut stream = BufReader::new(stream);
    let mut signed_in = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let line = line.trim_end().to_owned();
        heard.lock().unwrap().commands.push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let login = STANDARD.encode(format!("\0signalbox\0{PASSWORD}"));
        let answer = match word.as_str() {
            "EHLO" if is_secret => "250-localhost\r\n250 AUTH PLAIN\r\n".to_owned(),
            "EHLO" => "250-localhost\r\n250 STARTTLS\r\n".to_owned(),
            "STARTTLS" => {
                stream.write_all(b"220 go on\r\n").await.unwrap();
                return true;
            }
            "AUTH" if line == format!("AUTH PLAIN {login}") => {
                signed_in = true;
                "235 welcome\r\n".to_owned()
            }
            "AUTH" => "535 wrong\r\n".to_owned(),
            "MAIL" if !signed_in => "530 sign in first\r\n".to_owned(),
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.unwrap();
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut mail).await.unwrap_or(0) == 0 {
                        return false;
                    }
                }
                heard.lock().unwrap().mails.push(mail);
                "250 queued as 1\r\n".to_owned()
            }
            "QUIT" => "221 bye\r\n".to_owned(),
            _ => "250 ok\r\n".to_owned(),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return false;
        }
    }
}

#[tokio::test]
async fn a_failure_comes_by_mail_over_tls_and_with_a_login() {
    let server = MailServer::start().await;
    let setup = Setup::new().await.action("fails", "", "echo 'no such branch' >&2; exit 3");
    let trusted = setup.folder().join("trusted.pem");
    std::fs::write(&trusted, &server.certificate).unwrap();
    let app = setup.setting("SSL_CERT_FILE", trusted.to_str().unwrap()).start().await;
    app.add_webhook(&with(webhooks::push(), &[("action", "fails"), ("max_attempts", "1")])).await;
    let panel = app.panel().await;
    let port = server.port.to_string();
    let fields = [
        ("host", "localhost"),
        ("port", port.as_str()),
        ("username", "signalbox"),
        ("password", PASSWORD),
        ("from", "signalbox@example.com"),
        ("to", "ops@example.com\ndev@example.com"),
    ];
    let channel = add_channel(&app, &panel, "mail", &fields).await;
    add_rule(&panel, &channel, "failed", "").await;
    push(&app, "k").await;
    let id = message_is(&app, "sent_at IS NOT NULL OR failure IS NOT NULL").await;
    let page = panel.open(&format!("/admin/notify/message/{id}/")).await;
    page.says("250 queued as 1");
    let html = panel.open(&format!("/admin/notify/channel/{channel}/change/")).await.html;
    assert!(!html.contains(PASSWORD) && !app.log().contains(PASSWORD));
    let heard = server.heard.lock().unwrap();
    let [mail] = heard.mails.as_slice() else { panic!("one mail: {:?}", heard.commands) };
    for part in [&format!("Message-ID: <{id}@example.com>"), "ops@example.com", "no such branch"] {
        assert!(mail.contains(part), "no {part} in:\n{mail}");
    }
    // Nothing but the greeting went before TLS began.
    let begun = heard.commands.iter().position(|line| line == "STARTTLS").unwrap();
    assert!(heard.commands[..begun].iter().all(|line| line.starts_with("EHLO")), "{begun}");
}

#[tokio::test]
async fn a_mail_server_whose_certificate_nobody_trusts_gets_no_password() {
    let server = MailServer::start().await;
    let app = failing().await;
    let panel = app.panel().await;
    let port = server.port.to_string();
    let fields = [
        ("host", "localhost"),
        ("port", port.as_str()),
        ("username", "signalbox"),
        ("password", PASSWORD),
        ("from", "signalbox@example.com"),
        ("to", "ops@example.com"),
    ];
    let channel = add_channel(&app, &panel, "mail", &fields).await;
    let change = format!("/admin/notify/channel/{channel}/change/");
    let test = panel.open(&change).await;
    let test = test.form_to(&format!("/admin/notify/channel/{channel}/test/"));
    let refused = panel.submit(test).await.text(".messages");
    assert!(refused.contains("The test was not sent."), "{refused}");
    let heard = server.heard.lock().unwrap();
    assert!(heard.mails.is_empty());
    assert!(!heard.commands.iter().any(|line| line.starts_with("AUTH")), "{:?}", heard.commands);
}
