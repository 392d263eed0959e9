//! Messages by mail: SMTP with TLS and a login, to hosts that may be called.

use super::post::PRIVATE;
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use signalbox_core::failure::Failure;
use signalbox_core::notify::channel::{Mail, Security};
use signalbox_core::notify::letter::Letter;
use signalbox_core::notify::mail::{html_body, subject, text_body};
use signalbox_core::sentence::Sentence;
use signalbox_outbound::{CallFailure, PrivateNetwork, connect_to_host};
use std::time::Duration;
use url::Host;

/// How long the mail server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a message; answers what the mail server said.
pub(super) async fn send_mail(
    mail: &Mail,
    id: &str,
    letter: &Letter,
) -> Result<String, CallFailure> {
    let message = write_message(mail, id, letter).map_err(|error| {
        let reason = Sentence::new("the mail cannot be written: {error}").with("error", error);
        CallFailure::refuse_for_good(Failure::NotSent { reason })
    })?;
    let private = if mail.allow_private_network { PrivateNetwork::Allowed } else { PRIVATE };
    let host =
        Host::parse(&mail.host).map_err(|_| CallFailure::refuse_for_good(Failure::NoHost))?;
    let host = match &host {
        Host::Domain(name) => Host::Domain(name.as_str()),
        Host::Ipv4(address) => Host::Ipv4(*address),
        Host::Ipv6(address) => Host::Ipv6(*address),
    };
    // Finds the address that answers and may be called; the mail goes to that one, whatever the name
    // leads to a moment later.
    let (_, address) = connect_to_host(Some(host), mail.port, private).await?;
    let tls = TlsParameters::new(mail.host.clone()).map_err(|error| explain(&error))?;
    let mut transport =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
            .port(mail.port)
            .timeout(Some(PATIENCE))
            .hello_name(ClientId::default())
            .tls(match mail.security {
                Security::Starttls => Tls::Required(tls),
                Security::Tls => Tls::Wrapper(tls),
                Security::Plain => Tls::None,
            });
    if !mail.username.is_empty() {
        let login = Credentials::new(mail.username.clone(), mail.password.clone());
        transport = transport.credentials(login);
    }
    let sent = transport.build().send(message).await.map_err(|error| explain(&error))?;
    Ok(format!("{} {}", sent.code(), sent.message().collect::<Vec<_>>().join(" ")))
}

fn write_message(
    mail: &Mail,
    id: &str,
    letter: &Letter,
) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
    let domain = mail.from.rsplit('@').next().unwrap_or("localhost");
    let mut message = Message::builder()
        .from(mail.from.parse::<Mailbox>()?)
        .subject(subject(letter))
        // The same at each try: mail programs show it once.
        .message_id(Some(format!("<{id}@{domain}>")));
    for to in &mail.to {
        message = message.to(to.parse::<Mailbox>()?);
    }
    Ok(message
        .multipart(MultiPart::alternative_plain_html(text_body(letter), html_body(letter)))?)
}

/// What was refused once and for all (a login, an address) is so in five minutes too.
fn explain(error: &lettre::transport::smtp::Error) -> CallFailure {
    let reason = Sentence::new("{error}").with("error", describe(error));
    let why = Failure::NotSent { reason };
    if error.is_permanent() {
        CallFailure::refuse_for_good(why)
    } else {
        CallFailure::fail_for_now(why)
    }
}

/// The error, and what it comes from.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
