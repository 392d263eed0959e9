//! Messages to addresses: the incoming webhooks of chats, and any other address, signed the way of
//! Standard Webhooks.

use super::Teller;
use crate::clock;
use bytes::Bytes;
use signalbox_core::credential::SigningKey;
use signalbox_core::failure::Failure;
use signalbox_core::notify::channel::{ChannelKind, Post};
use signalbox_core::notify::chat::{discord_body, slack_body, standard_body, teams_body};
use signalbox_core::notify::happening::Content;
use signalbox_core::notify::letter::{Letter, cut_end};
use signalbox_outbound::{Call, CallFailure, Manner, PrivateNetwork, send_call};
use std::time::Duration;

/// What refuses an address, and what would allow it.
pub(super) const PRIVATE: PrivateNetwork = PrivateNetwork::Refused(
    "{address} is in a private network; tick “Private network” to allow it",
);
/// The most characters that are kept of an answer.
const ANSWER: usize = 200;

/// Sends a message; answers what the other side said.
pub(super) async fn send_post(
    teller: &Teller,
    kind: ChannelKind,
    target: &Post,
    id: &str,
    (letter, content): (&Letter, &Content),
) -> Result<String, CallFailure> {
    let now = clock::now();
    let body = match kind {
        ChannelKind::Teams => teams_body(letter),
        ChannelKind::Discord => discord_body(letter),
        ChannelKind::Http => standard_body(letter, content, &now.to_rfc3339()),
        ChannelKind::Slack
        | ChannelKind::Mattermost
        | ChannelKind::RocketChat
        | ChannelKind::Mail => slack_body(letter),
    };
    let body = Bytes::from(body.to_string());
    let timestamp = now.timestamp().to_string();
    let signature = SigningKey::from_shown(&target.signing_secret)
        .map(|key| key.sign_message(id, &timestamp, &body));
    let mut headers = vec![("content-type", "application/json")];
    if kind == ChannelKind::Http {
        headers.extend([("webhook-id", id), ("webhook-timestamp", timestamp.as_str())]);
        headers.extend(signature.as_deref().map(|signature| ("webhook-signature", signature)));
    }
    let manner = Manner {
        private_network: if target.allow_private_network {
            PrivateNetwork::Allowed
        } else {
            PRIVATE
        },
        roots: teller.load_roots().await?,
        time_limit: Duration::from_secs(20),
        max_answer: 4 * ANSWER,
    };
    let call = Call { method: "POST", url: &target.url, headers: &headers, body };
    let answered = send_call(call, &manner).await?;
    let text = String::from_utf8_lossy(&answered.body);
    let answer = format!("{} {}", answered.status.as_u16(), cut_end(text.trim(), ANSWER));
    if answered.status.is_success() {
        return Ok(answer.trim().to_owned());
    }
    let why = Failure::HttpStatus {
        status: answer.trim().to_owned(),
        is_redirect: answered.status.is_redirection(),
    };
    // Gone says of itself that it will not be back.
    let temporary = answered.status.as_u16() != 410;
    Err(CallFailure { status: Some(answered.status), why, temporary })
}
