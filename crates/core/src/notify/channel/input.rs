//! What was typed into the form of a channel, and every fault in it at once. A secret that is left
//! empty stays what it was.

use super::{ChannelKind, Mail, Post, Security, Target};
use crate::credential::SigningKey;
use crate::sentence::Sentence;
use url::Url;

/// The most recipients of a mail.
const RECIPIENTS: usize = 50;

/// What was typed.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct TargetInput {
    pub url: String,
    pub signing_secret: String,
    pub removes_signing_secret: bool,
    pub host: String,
    pub port: String,
    pub security: String,
    pub username: String,
    pub password: String,
    pub removes_password: bool,
    pub from: String,
    pub to: String,
    pub allow_private_network: bool,
}

/// A field, and what is wrong with it.
pub type Fault = (&'static str, Sentence);

/// The target that was typed, in the place of the one that is stored.
///
/// # Errors
/// Every fault.
pub fn read_target(
    kind: ChannelKind,
    input: &TargetInput,
    stored: Option<&Target>,
) -> Result<Target, Vec<Fault>> {
    match (kind, stored) {
        (ChannelKind::Mail, Some(Target::Mail(stored))) => read_mail(input, Some(stored)),
        (ChannelKind::Mail, _) => read_mail(input, None),
        (_, Some(Target::Post(stored))) => read_post(kind, input, Some(stored)),
        (_, _) => read_post(kind, input, None),
    }
}

fn read_post(
    kind: ChannelKind,
    input: &TargetInput,
    stored: Option<&Post>,
) -> Result<Target, Vec<Fault>> {
    let mut faults = Vec::new();
    let text = input.url.trim();
    let url = match (text, stored) {
        ("", Some(stored)) => Some(stored.url.clone()),
        ("", None) => {
            faults.push(("url", "Enter the address of the incoming webhook.".into()));
            None
        }
        (text, _) => Url::parse(text).ok().filter(Url::has_host).or_else(|| {
            faults.push((
                "url",
                "Enter an address such as https://chat.example.com/services/….".into(),
            ));
            None
        }),
    };
    if let Some(url) = &url {
        let is_plain = url.scheme() == "http" && input.allow_private_network;
        if url.scheme() != "https" && !is_plain {
            let why = "Use https. Plain http is possible only with “Private network”.";
            faults.push(("url", why.into()));
        } else if !url.username().is_empty() || url.password().is_some() {
            faults.push(("url", "Leave user name and password out of the address.".into()));
        }
    }
    let signing_secret = match (input.signing_secret.trim(), stored) {
        _ if kind != ChannelKind::Http || input.removes_signing_secret => String::new(),
        ("", stored) => stored.map_or_else(String::new, |stored| stored.signing_secret.clone()),
        (text, _) => text.to_owned(),
    };
    if !signing_secret.is_empty() && SigningKey::from_shown(&signing_secret).is_none() {
        faults.push((
            "signing_secret",
            "Enter “whsec_” and the base64 of a key, or any other text.".into(),
        ));
    }
    let allow_private_network = input.allow_private_network;
    match url {
        Some(url) if faults.is_empty() => {
            Ok(Target::Post(Post { url, signing_secret, allow_private_network }))
        }
        _ => Err(faults),
    }
}

fn read_mail(input: &TargetInput, stored: Option<&Mail>) -> Result<Target, Vec<Fault>> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut fault = |field, why: &'static str| faults.push((field, why.into()));
    let host = input.host.trim();
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || "/@?#\\".contains(c)) {
        fault("host", "Enter the mail server's name, such as mail.example.com.");
    }
    let security = Security::parse(input.security.trim()).unwrap_or_else(|| {
        fault("security", "Choose one of these.");
        Security::default()
    });
    let port = match input.port.trim() {
        "" => match security {
            Security::Starttls => 587,
            Security::Tls => 465,
            Security::Plain => 25,
        },
        text => text.parse().ok().filter(|port| *port > 0).unwrap_or_else(|| {
            fault("port", "Enter a whole number from 1 to 65,535, or nothing.");
            0
        }),
    };
    let from = input.from.trim();
    if !is_address(from) {
        fault("from", "Enter an e-mail address.");
    }
    let to: Vec<String> = input
        .to
        .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect();
    if to.is_empty() || to.len() > RECIPIENTS {
        fault("to", "Enter 1 to 50 e-mail addresses, one a line.");
    } else if let Some(bad) = to.iter().find(|text| !is_address(text)) {
        let why = Sentence::new("“{address}” is not an e-mail address.").with("address", bad);
        faults.push(("to", why));
    }
    let username = input.username.trim();
    let password = match (input.password.as_str(), stored) {
        _ if input.removes_password || username.is_empty() => String::new(),
        // It is not shown to another server by whoever may change the channel but does not know it.
        ("", stored) => stored
            .filter(|stored| stored.host == host && stored.port == port)
            .map_or_else(String::new, |stored| stored.password.clone()),
        (text, _) => text.to_owned(),
    };
    if !username.is_empty() && password.is_empty() {
        faults.push(("password", "Enter the password of this user name.".into()));
    }
    if security == Security::Plain && !username.is_empty() && !is_loopback(host) {
        let why = "Without encryption, the password would be readable on its way. Choose TLS.";
        faults.push(("security", why.into()));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Target::Mail(Mail {
        host: host.to_owned(),
        port,
        security,
        username: username.to_owned(),
        password,
        from: from.to_owned(),
        to,
        allow_private_network: input.allow_private_network,
    }))
}

/// Whether a mail server is this very machine.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<core::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether it is of the form of an address; whether it exists, the mail server says.
fn is_address(text: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty()
            && !text
                .contains(|c: char| c.is_whitespace() || c.is_control() || "@<>,;\"".contains(c))
    };
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, host)| plain(local) && plain(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> TargetInput {
        TargetInput {
            host: "mail.example.com".to_owned(),
            security: "starttls".to_owned(),
            username: "signalbox".to_owned(),
            password: "hush".to_owned(),
            from: "signalbox@example.com".to_owned(),
            to: "ops@example.com,\n admin@example.com".to_owned(),
            ..TargetInput::default()
        }
    }

    fn post(url: &str) -> TargetInput {
        TargetInput { url: url.to_owned(), ..TargetInput::default() }
    }

    fn fields(
        kind: ChannelKind,
        input: &TargetInput,
        stored: Option<&Target>,
    ) -> Vec<&'static str> {
        let faults = read_target(kind, input, stored).err().unwrap_or_default();
        faults.into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn a_secret_that_is_left_empty_stays() {
        let Ok(stored) = read_target(ChannelKind::Mail, &mail(), None) else { panic!("a mail") };
        assert_eq!(stored.shown(), "ops@example.com, admin@example.com");
        let unchanged = TargetInput { password: String::new(), ..mail() };
        assert!(read_target(ChannelKind::Mail, &unchanged, Some(&stored)) == Ok(stored.clone()));
        assert_eq!(fields(ChannelKind::Mail, &unchanged, None), ["password"]);
        let removed = TargetInput { removes_password: true, ..mail() };
        assert_eq!(fields(ChannelKind::Mail, &removed, Some(&stored)), ["password"]);

        let hook = post("https://hooks.slack.com/services/T/B/secret");
        let Ok(stored) = read_target(ChannelKind::Slack, &hook, None) else { panic!("a chat") };
        assert_eq!(stored.shown(), "hooks.slack.com");
        assert!(read_target(ChannelKind::Slack, &post(""), Some(&stored)) == Ok(stored.clone()));
        assert!(Target::from_plain(&stored.to_plain()) == Some(stored));
    }

    #[test]
    fn every_fault_is_named_beside_its_field() {
        let empty = TargetInput::default();
        assert_eq!(fields(ChannelKind::Mail, &empty, None), ["host", "security", "from", "to"]);
        assert_eq!(fields(ChannelKind::Teams, &empty, None), ["url"]);
        for url in ["x", "ftp://a/", "http://a/", "https://u:p@a/", "https://", "mailto:a@b"] {
            assert_eq!(fields(ChannelKind::Discord, &post(url), None), ["url"], "{url}");
        }
        let private = TargetInput { allow_private_network: true, ..post("http://chat.lan/hook") };
        assert!(fields(ChannelKind::Mattermost, &private, None).is_empty());
        let signed =
            |secret: &str| TargetInput { signing_secret: secret.to_owned(), ..post("https://a/") };
        assert_eq!(fields(ChannelKind::Http, &signed("whsec_???"), None), ["signing_secret"]);
        assert!(fields(ChannelKind::Http, &signed("whsec_c2VjcmV0"), None).is_empty());
        for (field, input) in [
            ("port", TargetInput { port: "0".to_owned(), ..mail() }),
            ("port", TargetInput { port: "70000".to_owned(), ..mail() }),
            ("host", TargetInput { host: "a b".to_owned(), ..mail() }),
            ("to", TargetInput { to: "ops".to_owned(), ..mail() }),
            ("to", TargetInput { to: "a@b\n".repeat(51), ..mail() }),
            ("from", TargetInput { from: "A <a@b>".to_owned(), ..mail() }),
            ("security", TargetInput { security: "plain".to_owned(), ..mail() }),
        ] {
            assert_eq!(fields(ChannelKind::Mail, &input, None), [field]);
        }
        let relay =
            TargetInput { security: "plain".to_owned(), host: "localhost".to_owned(), ..mail() };
        assert!(fields(ChannelKind::Mail, &relay, None).is_empty());
    }

    #[test]
    fn a_port_follows_from_the_security() {
        for (security, expected) in [("starttls", 587), ("tls", 465), ("plain", 25)] {
            let input =
                TargetInput { security: security.to_owned(), username: String::new(), ..mail() };
            match read_target(ChannelKind::Mail, &input, None) {
                Ok(Target::Mail(mail)) => assert_eq!(mail.port, expected),
                _ => panic!("a mail"),
            }
        }
    }
}
