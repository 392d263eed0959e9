//! The form of a channel: what every kind has, and the fields of the chosen kind.

use crate::notify::ChannelInput;
use crate::web::admin::channel_labels::LABELS;
use crate::web::admin::kit::field::{Choice, Field, Fieldset, Widget};
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::resource::Loaded;
use signalbox_core::notify::channel::input::TargetInput;
use signalbox_core::notify::channel::{ChannelKind, Security, Target};
use signalbox_i18n::{Locale, Tz, t};
use signalbox_store::notify::channels::Channel;

fn label(field: &'static str) -> &'static str {
    LABELS.iter().find(|(known, _)| *known == field).map_or(field, |(_, words)| *words)
}

/// What a form for a new channel begins with.
pub(super) fn usual_values(zone: Option<Tz>) -> Values {
    let mut values = Values::default();
    for (field, value) in [
        ("kind", ChannelKind::Mail.as_str()),
        ("security", Security::Starttls.as_str()),
        ("language", signalbox_i18n::current_locale().tag()),
        ("gather_s", "10"),
        ("interval_s", "300"),
        ("time_zone", zone.unwrap_or(Tz::UTC).name()),
    ] {
        values.set_field(field, value);
    }
    values.tick_box("enabled", true);
    values
}

/// What a stored channel's form shows, and which of its secrets are set.
pub(super) fn channel_values(
    channel: &Channel,
    target: Option<&Target>,
) -> (Values, Vec<&'static str>) {
    let (mut values, mut set) = (usual_values(None), Vec::new());
    values.set_field("name", channel.name.as_str());
    values.set_field("kind", channel.kind.as_str());
    values.tick_box("enabled", channel.enabled);
    values.set_field("language", channel.language.as_str());
    values.set_field("gather_s", channel.gather_s.to_string());
    values.set_field("interval_s", channel.interval_s.to_string());
    values.set_field("quiet_hours", channel.quiet_hours.as_str());
    values.set_field("time_zone", channel.time_zone.as_str());
    match target {
        Some(Target::Mail(mail)) => {
            values.set_field("host", mail.host.as_str());
            values.set_field("port", mail.port.to_string());
            values.set_field("security", mail.security.as_str());
            values.set_field("username", mail.username.as_str());
            values.set_field("from", mail.from.as_str());
            values.set_field("to", mail.to.join("\n"));
            values.tick_box("allow_private_network", mail.allow_private_network);
            if !mail.password.is_empty() {
                set.push("password");
            }
        }
        Some(Target::Post(post)) => {
            set.push("url");
            values.tick_box("allow_private_network", post.allow_private_network);
            if !post.signing_secret.is_empty() {
                set.push("signing_secret");
            }
        }
        None => {}
    }
    (values, set)
}

/// What was typed.
pub(super) fn read_channel(values: &Values, panel_url: String) -> ChannelInput {
    let get = |field| values.get(field).to_owned();
    ChannelInput {
        name: get("name"),
        kind: get("kind"),
        enabled: values.is_on("enabled"),
        language: get("language"),
        gather_s: get("gather_s"),
        interval_s: get("interval_s"),
        quiet_hours: get("quiet_hours"),
        time_zone: get("time_zone"),
        panel_url,
        target: TargetInput {
            url: get("url"),
            signing_secret: get("signing_secret"),
            removes_signing_secret: values.is_on("signing_secret_remove"),
            host: get("host"),
            port: get("port"),
            security: get("security"),
            username: get("username"),
            password: get("password"),
            removes_password: values.is_on("password_remove"),
            from: get("from"),
            to: get("to"),
            allow_private_network: values.is_on("allow_private_network"),
        },
    }
}

pub(super) fn channel_fieldsets(values: &Values, object: Option<&Loaded>) -> Vec<Fieldset> {
    let kinds = ChannelKind::ALL.map(|kind| Choice::new(kind.as_str(), t(kind.label())));
    let first = Fieldset {
        id: "channel",
        legend: "Channel",
        fields: vec![
            Field::text_field("name", label("name"))
                .as_required()
                .with_help("At most 60 characters."),
            Field::new(
                "kind",
                label("kind"),
                Widget::Choose {
                    options: kinds.into(),
                    refetches: "target",
                    button: "Show the fields of this kind",
                },
            ),
            Field::checkbox_field("enabled", label("enabled")).with_help(
                "A disabled channel sends nothing, and nothing later of what happens meanwhile.",
            ),
        ],
        ..Fieldset::default()
    };
    let kind = ChannelKind::parse(values.get_trimmed("kind"));
    let is_set = |field| object.is_some_and(|object| object.secrets_set.contains(&field));
    let secret = |field| Widget::Secret { is_set: is_set(field), generates: false };
    let mut fields = match kind {
        Some(ChannelKind::Mail) => mail_fields(secret("password")),
        Some(kind) => post_fields(kind, is_set("url"), secret("signing_secret")),
        None => Vec::new(),
    };
    fields
        .push(Field::checkbox_field("allow_private_network", "Private network").with_help(
            "Allows addresses of private networks and of this machine, and plain http.",
        ));
    let target = Fieldset { id: "target", legend: "Where it sends", fields, ..Fieldset::default() };
    vec![first, target, timing_fieldset()]
}

fn mail_fields(password: Widget) -> Vec<Field> {
    let ways = Security::ALL.map(|way| Choice::new(way.as_str(), t(way.label())));
    vec![
        Field::text_field("host", "Mail server").as_required(),
        Field::text_field("port", "Port").with_help("Empty: the usual one of the encryption."),
        Field::new("security", "Encryption", Widget::Select(ways.into())),
        Field::text_field("username", "User name").with_help("Empty: without signing in."),
        Field::new("password", "Password", password)
            .with_help("Stored encrypted, and never shown. Another mail server needs it again."),
        Field::text_field("from", "Sender").as_required(),
        Field::new("to", "Recipients", Widget::Area { rows: 3 })
            .as_required()
            .with_help("E-mail addresses, one a line."),
    ]
}

fn post_fields(kind: ChannelKind, is_set: bool, secret: Widget) -> Vec<Field> {
    let help = if is_set {
        "Stored encrypted, and never shown. Empty: it stays as it is."
    } else {
        "The address of the incoming webhook. Stored encrypted, and never shown."
    };
    let url = Field::text_field("url", "Address").with_help(help);
    let mut fields = vec![if is_set { url } else { url.as_required() }];
    if kind == ChannelKind::Http {
        fields.push(
            Field::new("signing_secret", "Signing secret", secret).with_help(
                "Signs each message as Standard Webhooks says. Empty: it is not signed.",
            ),
        );
    }
    fields
}

fn timing_fieldset() -> Fieldset {
    let languages = [Locale::English, Locale::SimplifiedChinese]
        .map(|locale| Choice::new(locale.tag(), locale.own_name()));
    Fieldset {
        id: "timing",
        legend: "When and how",
        fields: vec![
            Field::new("gather_s", label("gather_s"), Widget::Number { min: 0, max: 3_600 })
                .with_help("What a rule finds until then is one message."),
            Field::new("interval_s", label("interval_s"), Widget::Number { min: 0, max: 86_400 })
                .with_help("Of one rule. What happens meanwhile is one message."),
            Field::text_field("quiet_hours", label("quiet_hours"))
                .with_help("Such as 22:00-07:00: messages wait until they are over. Empty: none."),
            Field::text_field("time_zone", "Time zone").with_help("Of the quiet hours."),
            Field::new("language", label("language"), Widget::Select(languages.into()))
                .with_help("In which messages are written."),
        ],
        ..Fieldset::default()
    }
}
