//! Rules: what a channel tells of, for all webhooks or for one.

use super::words::{self, kind_words, number_text, number_words};
use super::{asked_by, number, wrong_fields};
use crate::notify::{self, RuleError};
use crate::web::admin::context::{AdminContext, Meta, Signalbox, Unsaved};
use crate::web::admin::kit::column::{Bit, Column, Width};
use crate::web::admin::kit::field::{Choice, Field, Fieldset, Widget};
use crate::web::admin::kit::filter::{BadChoice, Choices, FilterSpec, YES_NO, yes_no};
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::listing::{Empty, Listing, Paging, join_name, parse_number_place};
use crate::web::admin::kit::resource::{DeletePlan, Editable, Loaded, Resource, Saved};
use crate::web::admin::once::add_once;
use crate::web::admin::webhooks::badges::enabled_badge;
use crate::web::urls;
use signalbox_core::ids::WebhookId;
use signalbox_core::listing::{Counts, Direction, ListQuery, Page, group_thousands};
use signalbox_core::notify::rule::{Rule, RuleKind};
use signalbox_core::role::Permission;
use signalbox_i18n::{say, t};
use signalbox_store::notify::channels;
use signalbox_store::notify::rules::{self as store_rules, Filter, Row, Sort};
use signalbox_store::{self as store, Conn};

/// The resource.
pub struct Rules;

static META: Meta = Meta {
    edit: Some(Permission::ChangeWebhooks),
    log: words::LOG_WORDS,
    ..Meta::new("notify", "rule", ["rule", "rules", "Rules"], Permission::ChangeWebhooks)
};

static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    optional: &[],
    filters: FILTERS,
    search: "channels, webhooks and kinds of rules",
    paging: Paging::Numbered(100),
    default_order: &[(Sort::Channel, Direction::Ascending)],
    id: |row| row.id.to_string(),
    place: parse_number_place,
    name: |row| join_name(&[&row.channel, &rule_words(row), &row.webhook]),
    page: |row| urls::change("notify", "rule", row.id),
    group: None,
    empty: Empty {
        title: "No rules yet",
        steps: &["Add a channel.", "Add a rule: what it tells of."],
    },
};

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "rule",
        label: "Tells when",
        width: Width::Grow,
        cell: |row| {
            let number = row.typed().map(number_text).unwrap_or_default();
            Bit::from_text(rule_words(row)).stack_over(Bit::from_text(number))
        },
        sort: None,
    },
    Column {
        key: "channel",
        label: "Channel",
        width: Width::Fit,
        cell: |row| Bit::from_data(row.channel.clone()).into(),
        sort: Some(Sort::Channel),
    },
    Column {
        key: "webhook",
        label: "Webhook",
        width: Width::Plain,
        cell: |row| match row.webhook_id {
            Some(id) => {
                Bit::Link { text: row.webhook.clone(), href: urls::webhook(WebhookId(id)) }.into()
            }
            None => Bit::from_text(t("All")).into(),
        },
        sort: None,
    },
    Column {
        key: "enabled",
        label: "State",
        width: Width::Fit,
        cell: |row| Bit::Badge(enabled_badge(row.enabled)).into(),
        sort: None,
    },
];

const FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "enabled",
        label: "Enabled",
        choices: Choices::Fixed(YES_NO),
        apply: |filter, value| {
            filter.enabled = Some(yes_no(value)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "channel",
        label: "Channel",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.channel = Some(value.parse().map_err(|_| BadChoice)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "webhook",
        label: "Webhook",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.webhook = Some(value.parse().map_err(|_| BadChoice)?);
            Ok(())
        },
    },
];

fn rule_words(row: &Row) -> String {
    row.typed().map_or_else(|| row.rule.clone(), |rule| t(kind_words(rule.kind())).to_owned())
}

impl Resource for Rules {
    type Site = Signalbox;
    type Row = Row;
    type Sort = Sort;
    type Filter = Filter;

    const META: &'static Meta = &META;
    const LISTING: &'static Listing<Row, Sort, Filter> = &LISTING;

    async fn fetch_page(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
    ) -> store::Result<Page<Row>> {
        store_rules::list_rules(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<Sort, Filter>,
        _: bool,
    ) -> store::Result<Counts> {
        store_rules::count_rules(conn).await
    }
}

impl Editable for Rules {
    fn build_fieldsets(_: &AdminContext, values: &Values, _: Option<&Loaded>) -> Vec<Fieldset> {
        rule_fieldsets(values)
    }

    async fn blank_values(_: &AdminContext, conn: &mut Conn) -> store::Result<Values> {
        let mut values = Values::default();
        offer_channels(conn, &mut values).await?;
        values.set_field("kind", RuleKind::Failed.as_str());
        values.tick_box("enabled", true);
        Ok(values)
    }

    async fn load_object(_: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<Loaded> {
        let row = store_rules::find_rule(conn, number(id)?).await?;
        let mut values = Values::default();
        offer_channels(conn, &mut values).await?;
        values.set_field("channel", row.channel_id.to_string());
        if let Some(rule) = row.typed() {
            values.set_field("kind", rule.kind().as_str());
            let number = rule.number().map(|number| number.to_string());
            values.set_field("number", number.unwrap_or_default());
        }
        values.set_field(
            "webhook",
            row.webhook_id.map(|webhook| webhook.to_string()).unwrap_or_default(),
        );
        values.tick_box("enabled", row.enabled);
        Ok(Loaded {
            id: id.to_owned(),
            name: rule_words(&row),
            version: row.version,
            values,
            badges: vec![enabled_badge(row.enabled)],
            facts: [row.channel, row.webhook].into_iter().filter(|fact| !fact.is_empty()).collect(),
            ..Loaded::default()
        })
    }

    async fn save_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved> {
        let wanted = read_rule(values).map_err(|fault| wrong_fields(vec![fault]))?;
        let remote_addr = ctx.remote_addr();
        let by = asked_by(ctx, &remote_addr);
        let saved = |row: Row| Saved {
            id: row.id.to_string(),
            name: rule_words(&row),
            reveal: Vec::new(),
            next: None,
            hint: None,
            opens: false,
        };
        match object {
            None => {
                add_once(conn, values, async |conn: &mut Conn| {
                    notify::add_rule(conn, by, wanted).await.map(saved).map_err(to_unsaved)
                })
                .await
            }
            Some(object) => {
                let which = (number(&object.id)?, object.version);
                notify::change_rule(conn, by, which, wanted).await.map(saved).map_err(to_unsaved)
            }
        }
    }

    async fn plan_delete(_: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<DeletePlan> {
        let row = store_rules::find_rule(conn, number(id)?).await?;
        Ok(DeletePlan {
            goes: vec![say!("The rule of the channel {channel}.", channel = row.channel)],
            stays: vec!["Its messages.".to_owned()],
            refused: None,
            name: rule_words(&row),
        })
    }

    async fn delete_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        id: &str,
    ) -> Result<String, Unsaved> {
        let remote_addr = ctx.remote_addr();
        let row = notify::delete_rule(conn, asked_by(ctx, &remote_addr), number(id)?).await?;
        Ok(rule_words(&row))
    }
}

async fn offer_channels(conn: &mut Conn, values: &mut Values) -> store::Result<()> {
    let all = channels::all_channels(conn).await?;
    let choice = |channel: channels::Channel| Choice::new(channel.id.to_string(), channel.name);
    values.offer_choices("channel", all.into_iter().map(choice).collect());
    Ok(())
}

fn rule_fieldsets(values: &Values) -> Vec<Fieldset> {
    let kind = RuleKind::parse(values.get_trimmed("kind"));
    let kinds = RuleKind::ALL.map(|kind| Choice::new(kind.as_str(), t(kind_words(kind))));
    let first = Fieldset {
        id: "rule",
        legend: "Rule",
        fields: vec![
            Field::new("channel", "Channel", Widget::Select(values.offered("channel").to_vec()))
                .as_required(),
            Field::new(
                "kind",
                "Tells when",
                Widget::Choose {
                    options: kinds.into(),
                    refetches: "when",
                    button: "Show the fields of this kind",
                },
            ),
            Field::checkbox_field("enabled", "Enabled")
                .with_help("A disabled rule of one webhook turns the rule off for that webhook."),
        ],
        ..Fieldset::default()
    };
    let mut fields = Vec::new();
    if let Some((kind, limits)) = kind.and_then(|kind| Some((kind, kind.limits()?))) {
        let widget = Widget::Number { min: limits.least.into(), max: limits.most.into() };
        fields.push(Field::new("number", number_words(kind), widget).with_help(say!(
            "{least} to {most}. Empty: {usual}.",
            least = group_thousands(limits.least),
            most = group_thousands(limits.most),
            usual = group_thousands(limits.usual)
        )));
    }
    if kind.is_some_and(RuleKind::is_of_webhook) {
        fields.push(Field::text_field("webhook", "Webhook ID").with_help(
            "The number in the address of the webhook's page: the rule takes the place of the one \
             for all. Empty: all webhooks.",
        ));
    }
    vec![first, Fieldset { id: "when", legend: "When", fields, ..Fieldset::default() }]
}

fn read_rule(
    values: &Values,
) -> Result<store_rules::Values, (&'static str, signalbox_core::sentence::Sentence)> {
    let channel = values.get_trimmed("channel").parse();
    let channel = channel.map_err(|_| ("channel", "Choose a channel. Add one first.".into()))?;
    let kind = RuleKind::parse(values.get_trimmed("kind"))
        .ok_or_else(|| ("kind", "Choose one of these.".into()))?;
    let asked = match (kind.limits(), values.get_trimmed("number")) {
        (None, _) => None,
        (Some(limits), "") => Some(limits.usual),
        // No rule has 0.
        (Some(_), text) => Some(text.parse().unwrap_or(0)),
    };
    let rule: Rule = kind
        .with_number(asked)
        .ok_or_else(|| ("number", "Enter a whole number within these limits.".into()))?;
    let webhook = match values.get_trimmed("webhook") {
        _ if !kind.is_of_webhook() => None,
        "" => None,
        text => {
            let id = text.parse();
            Some(id.map_err(|_| ("webhook", "There is no webhook with this ID.".into()))?)
        }
    };
    Ok(store_rules::Values { channel, webhook, rule, enabled: values.is_on("enabled") })
}

fn to_unsaved(error: RuleError) -> Unsaved {
    match error {
        RuleError::Invalid(fault) => wrong_fields(vec![fault]),
        RuleError::Store(error) => Unsaved::Failed(error),
    }
}
