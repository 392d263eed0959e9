//! What each fuzz target does with its input: calls what strangers and people reach, and asserts what
//! must hold of the answer. `fuzz_targets/` feeds it random bytes; a test of the usual run
//! (`tests/fuzz.rs`) feeds it the fixtures and every input that was ever a fault (`kept/`).

use chrono::{DateTime, TimeDelta};
use signalbox::web::admin::deliveries::{Deliveries, body, tree};
use signalbox::web::admin::jobs::Jobs;
use signalbox::web::admin::kit::query;
use signalbox::web::admin::kit::resource::Resource;
use signalbox::web::admin::webhooks::Webhooks;
use signalbox_core::action::{ActionKind, ActionSpec, EventFacts};
use signalbox_core::credential::{
    Presented, Required, Signed, SigningKey, check_credential, token_digest,
};
use signalbox_core::event::Event;
use signalbox_core::event::repository::{RepositoryUrl, same_repository, without_page};
use signalbox_core::idempotency::{self, KeyHeaders};
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::filters::{FilterTexts, Filters};
use signalbox_core::matching::{Question, decide_delivery};
use signalbox_core::output::{page_lines, page_text};
use signalbox_core::transfer;
use signalbox_core::verdict::Endpoint;
use signalbox_core::webhook::{Concurrency, ProjectId, Webhook};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a target does with an input; it panics where something does not hold.
pub type Target = fn(&[u8]);

/// Every target with its body, in the order of their names.
pub const TARGETS: [(&str, Target); 8] = [
    ("address", address),
    ("argv", argv),
    ("body", print_body),
    ("event", event),
    ("headers", headers),
    ("list", list),
    ("matching", matching),
    ("yaml", yaml),
];

/// The first line, and what follows it.
fn first_line(data: &[u8]) -> (String, &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (line, rest) = data.split_at(end);
    (String::from_utf8_lossy(line).into_owned(), rest.get(1..).unwrap_or_default())
}

/// A header and a body, as GitLab sends them.
pub fn event(data: &[u8]) {
    let (header, body) = first_line(data);
    let Ok(event) = Event::from_body(&header, body) else { return };
    // White space behind a body changes nothing.
    assert_eq!(Event::from_body(&header, &[body, b" \n"].concat()).ok(), Some(event));
}

/// Filters in three lines, then an event: who has no secret runs nothing.
pub fn matching(data: &[u8]) {
    let (refs, rest) = first_line(data);
    let (paths, rest) = first_line(rest);
    let (condition, rest) = first_line(rest);
    let (header, body) = first_line(rest);
    let Ok(event) = Event::from_body(&header, body) else { return };
    let filters = Filters::from_texts(FilterTexts { refs, paths, condition, obey_skip: true });
    let key = [1; 32];
    // It equals the event in all five values.
    let webhook = Webhook {
        id: WebhookId(1),
        name: String::new(),
        repo_name: event.repo_name.clone(),
        repo_url: event.repo_url.clone(),
        object_kind: event.object_kind.clone(),
        project_id: ProjectId::from_raw(event.project_id.unwrap_or(-1)),
        http_x_gitlab_event: event.header.clone(),
        enabled: true,
        secret_digest: Some(token_digest(&key, b"secret").to_vec()),
        signing_key: None,
        previous_secret: None,
        previous_signing: None,
        require_signature: false,
        filters: Arc::new(filters),
        register_on_first_event: true,
        action: "print".to_owned(),
        action_params: serde_json::Value::Null,
        concurrency: Concurrency::Parallel,
        debounce_s: 0,
        cancel_running: false,
        max_concurrent_jobs: None,
        max_attempts: 3,
        timeout_s: None,
    };
    let asked = |presented: &Presented| {
        let question = Question {
            endpoint: Endpoint::Main,
            event: &event,
            presented,
            body,
            token_is_known: false,
            allow_no_secret: false,
            now: DateTime::UNIX_EPOCH,
        };
        decide_delivery(question, std::slice::from_ref(&webhook))
    };
    let wrong = Presented { token: Some(token_digest(&key, b"guess")), signed: None };
    for refused in [asked(&wrong), asked(&Presented::default())] {
        assert!(!refused.did_something() && refused.status == 401, "{refused:?}");
    }
    let right = Presented { token: Some(token_digest(&key, b"secret")), signed: None };
    let decision = asked(&right);
    assert!(decision.status < 300, "{decision:?}");
    let _ = decision.reason.to_string();
}

/// Two addresses, one a line.
pub fn address(data: &[u8]) {
    let (left, rest) = first_line(data);
    let right = String::from_utf8_lossy(rest);
    assert_eq!(same_repository(&left, &right), same_repository(&right, &left));
    let url = RepositoryUrl::parse(&left);
    assert!(url.find_fault().is_some() || url.same_as(&url), "{left:?} is not itself");
    let _ = url.path();
    let cut = without_page(&left);
    assert_eq!(without_page(cut), cut);
}

/// The headers that prove a delivery and name its repeats, one a line, then the body.
pub fn headers(data: &[u8]) {
    let (id, rest) = first_line(data);
    let (timestamp, rest) = first_line(rest);
    let (signatures, rest) = first_line(rest);
    let (idempotency_key, body) = first_line(rest);
    let key = SigningKey::from_shown("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
    let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
    let signs = key.as_ref().map(|key| key.sign_message(&id, &timestamp, body));
    let is_right = signs.is_some_and(|right| signatures.split(' ').any(|one| one == right));
    let signed = Some(Signed { id: id.clone(), timestamp, signatures });
    let presented = Presented { token: None, signed };
    let required = Required { signing: key.as_ref(), ..Required::default() };
    let checked = check_credential(&presented, required, body, now);
    assert!(is_right || !checked.is_accepted(false), "{checked:?}");
    let sent = KeyHeaders { idempotency_key: Some(&idempotency_key), webhook_id: Some(&id) };
    let found = idempotency::derive_key(sent, "Push Hook", body, now, TimeDelta::zero());
    assert!(found.is_none_or(|key| key.value == idempotency_key || key.value == id));
}

/// A parameter in the first line, then an event: what is handed to a program.
pub fn argv(data: &[u8]) {
    const ENTRY: &str = "command = ['/bin/x', '{ref}', '{branch}', '{sha}', '{repo_url}', \
                         '{project_path}', '{user_name}', '{param.text}']\n\
                         [parameters.text]\ntype = 'string'\ndefault = 'x'";
    let (text, rest) = first_line(data);
    let (header, body) = first_line(rest);
    let spec = ActionSpec::from_toml("x", ENTRY).unwrap_or_else(|faults| panic!("{faults:?}"));
    let given = BTreeMap::from([("text".to_owned(), text)]);
    let (Ok(event), Ok(values)) = (Event::from_body(&header, body), spec.resolve_values(&given))
    else {
        return;
    };
    let facts = EventFacts::from_event(event, "git@example.com:a/b.git", "d", "j", 1);
    let ActionKind::Command(command) = &spec.kind else { return };
    let Ok(argv) = command.build_argv(&values, &facts) else { return };
    assert_eq!(argv.len(), command.args.len());
    for argument in &argv {
        let is_plain = !argument.starts_with('-') && !argument.chars().any(char::is_control);
        assert!(is_plain && !argument.is_empty(), "{argument:?}");
    }
}

/// The address of a list: what was usable of it stays so, and says the same.
pub fn list(data: &[u8]) {
    fn holds<R: Resource>(text: &str) {
        let asked = query::read_query("/", text, R::LISTING);
        let again = query::read_query("/", &asked.address.query(), R::LISTING);
        assert_eq!(again.address, asked.address, "of {text:?}");
        assert!(again.warnings.is_empty(), "of {text:?}: {:?}", again.warnings);
    }
    let text = String::from_utf8_lossy(data);
    holds::<Deliveries>(&text);
    holds::<Jobs>(&text);
    holds::<Webhooks>(&text);
}

/// A file of webhooks: what can be read can be written, and read again.
pub fn yaml(data: &[u8]) {
    let Ok(document) = transfer::read_document(&String::from_utf8_lossy(data)) else { return };
    let count = document.webhooks.len();
    let written =
        transfer::write_document(document.webhooks).unwrap_or_else(|error| panic!("{error}"));
    let again =
        transfer::read_document(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(again.webhooks.len(), count);
}

/// What shows a body, and what a program printed.
pub fn print_body(data: &[u8]) {
    let _ = (page_text(data), page_lines(data));
    let text = String::from_utf8_lossy(data);
    let _ = tree::read_tree(&text);
    let Some(pretty) = body::indent_json(&text) else { return };
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    assert_eq!(value(&pretty), value(&text));
}
