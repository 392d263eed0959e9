//! The channels: the kinds there are, and where a channel sends. What was typed into its form is read
//! by `input`.

pub mod input;

use serde::{Deserialize, Serialize};
use url::Url;

/// What the settings of a channel are sealed for.
pub const SEALED_SETTINGS: &[u8] = b"notification channel";

/// A kind of channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "what they are called")]
pub enum ChannelKind {
    Mail,
    Slack,
    Mattermost,
    RocketChat,
    Teams,
    Discord,
    Http,
}

impl ChannelKind {
    /// Every kind, in the order in which forms show them.
    pub const ALL: [Self; 7] = [
        Self::Mail,
        Self::Slack,
        Self::Mattermost,
        Self::RocketChat,
        Self::Teams,
        Self::Discord,
        Self::Http,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Slack => "slack",
            Self::Mattermost => "mattermost",
            Self::RocketChat => "rocket_chat",
            Self::Teams => "teams",
            Self::Discord => "discord",
            Self::Http => "http",
        }
    }

    /// The kind of a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word that a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mail => "E-mail",
            Self::Slack => "Slack",
            Self::Mattermost => "Mattermost",
            Self::RocketChat => "Rocket.Chat",
            Self::Teams => "Microsoft Teams",
            Self::Discord => "Discord",
            Self::Http => "HTTP (Standard Webhooks)",
        }
    }
}

/// How a connection to a mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS begins with a command; the server must know it.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    Plain,
}

impl Security {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Starttls, Self::Tls, Self::Plain];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::Plain => "plain",
        }
    }

    /// The way of a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }

    /// What a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Starttls => "STARTTLS (port 587)",
            Self::Tls => "TLS (port 465)",
            Self::Plain => "No encryption",
        }
    }
}

/// Where a channel sends. Holds secrets: it has no `Debug`, and is serialised to be sealed only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A mail server.
    Mail(Mail),
    /// An address of a chat, or any other.
    Post(Post),
}

/// A mail server, and who writes to whom.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in every mail program")]
pub struct Mail {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// Empty = it is used without a login.
    pub username: String,
    pub password: String,
    pub from: String,
    pub to: Vec<String>,
    pub allow_private_network: bool,
}

/// An address that is called.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The address, which of a chat is a secret.
    pub url: Url,
    /// What it is signed with; empty = it is not.
    pub signing_secret: String,
    /// Whether it may be in a private network.
    pub allow_private_network: bool,
}

impl Target {
    /// What may be shown of it: the recipients, or the host.
    pub fn shown(&self) -> String {
        match self {
            Self::Mail(mail) => mail.to.join(", "),
            Self::Post(post) => post.url.host_str().unwrap_or_default().to_owned(),
        }
    }

    /// As it is sealed.
    pub fn to_plain(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// From what was sealed; none if it is of another version.
    pub fn from_plain(plain: &[u8]) -> Option<Self> {
        serde_json::from_slice(plain).ok()
    }
}
