//! The catalogue as the panel shows it: every action with its limits and parameters, the webhooks
//! that use it, and what is wrong with the directory. Nothing here can be changed.

use super::context::AdminContext;
use super::kit::frame::Frame;
use super::webhooks::drift::{self, Drift};
use crate::web::filters;
use crate::web::human::{self, HumanError};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use signalbox_actions::{Catalogue, Fault};
use signalbox_core::action::{ActionKind, ActionSpec, Command, ResourceLimits};
use signalbox_core::ids::WebhookId;
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::webhook_actions;
use signalbox_store::webhooks::Row;
use std::collections::BTreeMap;

/// The most webhooks that are looked at.
const MOST_RECORDS: i64 = 1_000;

/// The page.
#[derive(Template)]
#[template(path = "admin/actions.html")]
pub struct ActionsPage {
    frame: Frame,
    entries: Vec<Entry>,
    missing: Vec<Missing>,
    faults: Vec<String>,
}

/// An action.
struct Entry {
    name: String,
    kind: &'static str,
    description: String,
    facts: Vec<(&'static str, String)>,
    parameters: Vec<ParameterView>,
    webhooks: Vec<User>,
}

struct ParameterView {
    name: String,
    takes: String,
    rule: String,
    help: String,
}

/// A webhook that uses an action.
struct User {
    label: String,
    href: String,
    drift: Option<Drift>,
}

/// An action that webhooks want and that is not there.
struct Missing {
    name: String,
    reason: String,
    webhooks: Vec<User>,
}

/// `GET /admin/hooks/action/`
///
/// # Errors
/// The database is away (503).
pub async fn show_actions(context: AdminContext) -> Result<HttpResponse, HumanError> {
    let catalogue = &context.deps().catalogue;
    let mut conn = context.get_conn().await?;
    let rows = webhook_actions::webhooks_by_action(&mut conn, MOST_RECORDS).await?;
    let drifts = drift::find_drifts(&mut conn, catalogue, &rows).await?;
    drop(conn);
    human::render_page(&draw_actions(context.new_frame(t("Actions")), catalogue, &rows, &drifts))
}

fn draw_actions(
    frame: Frame,
    catalogue: &Catalogue,
    rows: &[Row],
    drifts: &BTreeMap<i64, Drift>,
) -> ActionsPage {
    let users = |action: &str| -> Vec<User> {
        let uses = rows.iter().filter(|row| row.action == action);
        let by = |row: &Row| User {
            label: row.label(),
            href: urls::webhook(WebhookId(row.id)),
            drift: drifts.get(&row.id).cloned(),
        };
        uses.map(by).collect()
    };
    let mut missing: Vec<Missing> = Vec::new();
    for row in rows {
        let is_new = missing.last().is_none_or(|last| last.name != row.action);
        if catalogue.get(&row.action).is_none() && is_new {
            missing.push(Missing {
                name: row.action.clone(),
                reason: i18n::say(&catalogue.why_missing(&row.action).sentence()),
                webhooks: users(&row.action),
            });
        }
    }
    ActionsPage {
        frame,
        entries: catalogue.entries().map(|spec| draw_entry(&spec, users(&spec.name))).collect(),
        missing,
        faults: catalogue.faults().iter().map(fault_text).collect(),
    }
}

fn fault_text(fault: &Fault) -> String {
    i18n::say(&fault.sentence())
}

fn draw_entry(spec: &ActionSpec, webhooks: Vec<User>) -> Entry {
    let mut facts = Vec::new();
    match &spec.kind {
        ActionKind::Command(command) => command_facts(command, &mut facts),
        ActionKind::Http(http) => {
            // Only where to: the rest of an address may be meant for nobody's eyes.
            let url = http.url.as_written();
            let host: String = url.split('/').take(3).collect::<Vec<_>>().join("/");
            facts.push(("Calls", format!("{} {host}", http.method.as_str())));
            let reach = if http.allow_private_network { "yes" } else { "no" };
            facts.push(("Private networks", reach.to_owned()));
            if let Some(file) = &http.ca_file {
                facts.push(("Trusted CA", file.display().to_string()));
            }
        }
        ActionKind::Container(container) => {
            facts.push(("Container", container.name.clone()));
            facts.push(("Operation", container.operation.as_str().to_owned()));
            if let Some(registry) = &container.registry {
                facts.push(("Registry", registry.server.clone()));
            }
        }
    }
    facts.push(("Timeout", say!("{n} s", n = spec.timeout_s)));
    let retried = if spec.retry_on_failure { "yes" } else { "temporary failures only" };
    facts.push(("Retry on failure", retried.to_owned()));
    facts.push(("Backoff", i18n::say(&spec.retry.in_words())));
    if let Some(lane) = &spec.lane {
        facts.push(("Lane", lane.clone()));
    }
    if !spec.secrets.is_empty() {
        let names: Vec<&str> = spec.secrets.iter().map(|secret| secret.name.as_str()).collect();
        facts.push(("Secrets", names.join(", ")));
    }
    let parameters = spec.parameters.iter().map(|parameter| ParameterView {
        name: parameter.name.clone(),
        takes: i18n::say(&parameter.kind.in_words()),
        rule: match (&parameter.default, parameter.required) {
            (Some(default), _) => say!("default: {value}", value = default),
            (None, true) => "required".to_owned(),
            (None, false) => "optional".to_owned(),
        },
        help: parameter.help.clone(),
    });
    Entry {
        name: spec.name.clone(),
        kind: spec.kind.as_str(),
        description: spec.description.clone(),
        facts,
        parameters: parameters.collect(),
        webhooks,
    }
}

fn command_facts(command: &Command, facts: &mut Vec<(&'static str, String)>) {
    facts.push(("Program", command.program.display().to_string()));
    if let Some(user) = &command.user {
        facts.push(("Runs as", user.clone()));
    }
    let ResourceLimits { cpu_s, memory_mib, open_files, processes } = command.limits;
    for (name, limit, unit) in [
        ("CPU time", cpu_s, " s"),
        ("Memory", memory_mib, " MiB"),
        ("Open files", open_files, ""),
        ("Processes", processes, ""),
    ] {
        if let Some(limit) = limit {
            facts.push((name, format!("{limit}{unit}")));
        }
    }
    if command.may_leave_processes {
        facts.push(("May leave processes running", "yes".to_owned()));
    }
    if command.separate_stderr {
        facts.push(("Standard error", "kept apart from the output".to_owned()));
    }
    if command.allow_new_privileges {
        facts.push(("May gain privileges", "yes, for example by sudo".to_owned()));
    }
}

impl ActionsPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let (catalogue, _) = Catalogue::load_directory(None);
        let plain = || {
            draw_actions(
                crate::web::admin::context::sample_frame("Actions"),
                &catalogue,
                &[],
                &BTreeMap::new(),
            )
        };
        let user = |drift| User { label: "<b>x</b>".to_owned(), href: "/x".to_owned(), drift };
        let text = "command = ['/bin/true']\nuser = 'www'\nlane = 'host'\nallow_new_privileges = true\nseparate_stderr = true\nlimits = { cpu_s = 1 }\nsecrets = { T = { env = 'T' } }\n[parameters.a]\ntype = 'git-ref'\nhelp = '<i>'\n[parameters.b]\ntype = 'integer'\ndefault = 3\n[parameters.c]\ntype = 'string'\nrequired = false";
        let full = ActionSpec::from_toml("full", text).ok();
        let http = ActionSpec::from_toml("call", "kind = 'http'\nurl = 'https://a/b'").ok();
        let container = "kind = 'container'\ncontainer = 'web'\noperation = 'restart'";
        let container = ActionSpec::from_toml("renew", container).ok();
        let entries = [full, http, container].into_iter().flatten();
        vec![
            plain(),
            Self {
                entries: entries
                    .map(|spec| draw_entry(&spec, vec![user(None), user(Some(Drift::Changed))]))
                    .collect(),
                missing: vec![Missing {
                    name: "gone".to_owned(),
                    reason: "It is not there.".to_owned(),
                    webhooks: vec![user(Some(Drift::Gone("".into())))],
                }],
                faults: vec!["/srv/actions/x.toml:3: <b>colour</b> is not known".to_owned()],
                ..plain()
            },
        ]
    }
}
