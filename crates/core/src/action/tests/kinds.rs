//! Entries of the kinds `http` and `container`, secrets and limits.

use super::{facts, faults, given, spec};
use crate::action::*;
use serde_json::json;

const NOTIFY: &str = r#"
kind = "http"
url = "https://chat.example.com/hooks/{secret.HOOK}"
headers = { Authorization = "Bearer {secret.TOKEN}", X-Fixed = "{not a word}" }
[body]
text = "Deployed {branch} of {project_path} by {user_name}"
project = "{project_id}"
attempt = "{attempt}"
loud = "{param.loud}"
count = "{param.count}"
left_out = "{param.note}"
nested = { list = [1, 2.5, true, "{ref}"] }
[secrets]
HOOK = { env = "CHAT_HOOK" }
TOKEN = { file = "/etc/signalbox/token" }
[parameters.loud]
type = "boolean"
[parameters.count]
type = "integer"
default = 3
[parameters.note]
type = "string"
required = false
"#;

fn http(spec: &ActionSpec) -> &Http {
    let ActionKind::Http(http) = &spec.kind else { panic!("it is another kind") };
    http
}

#[test]
fn values_keep_their_type_and_their_place() {
    let spec = spec(NOTIFY);
    let mut secrets = Secrets::default();
    secrets.insert("HOOK", "a/b?c");
    secrets.insert("TOKEN", "hush");
    let values = spec.resolve_values(&given(&[("loud", "true")])).unwrap();
    let facts = EventFacts { user_name: "\", \"admin\": true, \"x\": \"".into(), ..facts() };
    let source =
        Source { values: &values, facts: &facts, secrets: &secrets, parameters: &spec.parameters };
    let http = http(&spec);
    assert_eq!(http.url.fill_text(source), "https://chat.example.com/hooks/a/b?c");
    assert_eq!(http.url.as_written(), "https://chat.example.com/hooks/{secret.HOOK}");
    let headers: Vec<_> =
        http.headers.iter().map(|(n, t)| (n.as_str(), t.fill_text(source))).collect();
    assert_eq!(
        headers,
        [("Authorization", "Bearer hush".into()), ("X-Fixed", "{not a word}".into())]
    );
    let Body::Json(template) = &http.body else { panic!() };
    assert_eq!(
        template.fill_template(source),
        json!({
            "text": format!("Deployed main of mike/diaspora by {}", facts.user_name),
            "project": 15, "attempt": 1, "loud": true, "count": 3, "left_out": null,
            "nested": { "list": [1, 2.5, true, "refs/heads/main"] },
        })
    );
    assert_eq!((http.method, http.allow_private_network), (Method::Post, false));
    let named = format!("{secrets:?}");
    assert!(named.contains("HOOK") && !named.contains("hush"), "{named}");
}

#[test]
fn every_fault_of_a_request_is_named() {
    let text = r#"kind = "http"
url = "ftp://example.com/{branch}"
method = "get"
headers = { Host = "x", "a b" = "y", X = "{sha}", Y = "{secret.GONE}" }
body = { text = "{brnach} {param.gone}", at = 2026-01-01 }
colour = 1
[secrets]
A-B = { env = "X" }
PATH = { env = "X" }
C = { env = "X", file = "/x" }
D = { file = "relative" }
"#;
    assert_eq!(
        faults(text),
        [
            "line 2: url: {branch} has no place here: only the operator says where a request goes, so only {secret.NAME} is put in",
            "line 3: method = \"get\" is unknown: write one of GET, POST, PUT, PATCH, DELETE",
            "line 4: headers.Host: this one is Signalbox's to set",
            "line 4: headers.X: {sha} has no place here: only the operator says where a request goes, so only {secret.NAME} is put in",
            "line 4: headers.Y: {secret.GONE}: no GONE is declared under [secrets]",
            "line 4: headers: \"a b\" is not the name of a header",
            "line 5: body: JSON has no dates: put it into quotes",
            "line 5: body: {brnach} is unknown: there are event, kind, ref, branch, tag, sha, project_id, project_path, repo_url, user_name, delivery, job, attempt and param.NAME",
            "line 6: colour is not a key that is known here",
            "line 8: the secret \"A-B\": its name cannot be that of a variable",
            "line 9: the secret \"PATH\": its name cannot be that of a variable",
            "line 10: secrets.C: write either env = \"VARIABLE\" or file = \"/absolute/path\"",
            "line 11: secrets.D: write either env = \"VARIABLE\" or file = \"/absolute/path\"",
        ]
    );
    assert_eq!(faults("kind = 'http'"), ["url is missing: write url = \"https://…\""]);
    for (url, why) in [
        ("file:///etc/passwd", "neither https:// nor http://"),
        ("https://user:pw@example.com/", "a user or a password"),
        ("example.com", "no address"),
    ] {
        let faults = faults(&format!("kind = 'http'\nurl = '{url}'"));
        assert!(faults.len() == 1 && faults[0].contains(why), "{faults:?}");
    }
}

#[test]
fn a_container_needs_a_name_and_a_known_operation() {
    let text = "kind = 'container'\ncontainer = 'web'\noperation = 'recreate'\nstop_timeout_s = 5";
    let spec = spec(text);
    let ActionKind::Container(container) = &spec.kind else { panic!() };
    assert_eq!(container.socket, PathBuf::from("/var/run/docker.sock"));
    assert_eq!((container.operation, container.stop_timeout_s), (Operation::Recreate, Some(5)));
    assert_eq!(
        faults(
            "kind = 'container'\ncontainer = '../x'\noperation = 'kill'\nsocket = 'x'\ncommand = ['/x']"
        ),
        [
            "line 2: container = \"../x\" is not the name of a container",
            "line 3: operation = \"kill\" is unknown: write restart or recreate",
            "line 4: socket = \"x\": write an absolute path",
            "line 5: command is not a key that is known here",
        ]
    );
    // No placeholder: which container is the operator's to say alone.
    assert!(faults("kind = 'container'\ncontainer = '{branch}'\noperation = 'restart'").len() == 1);
}

#[test]
fn rights_and_limits_are_read() {
    let text = "command = ['/x']\nuser = 'deploy'\ngroup = 33\numask = '027'\nallow_new_privileges = true\nseparate_stderr = true\n[limits]\ncpu_s = 60\nmemory_mib = 512\nopen_files = 64\nprocesses = 20";
    let spec = spec(text);
    let command = super::command(&spec);
    assert_eq!((command.user.as_deref(), command.group.as_deref()), (Some("deploy"), Some("33")));
    assert_eq!((command.umask, command.allow_new_privileges), (Some(0o027), true));
    assert!(
        command.separate_stderr
            && !super::command(&super::spec("command = ['/x']")).separate_stderr
    );
    let limits = ResourceLimits {
        cpu_s: Some(60),
        memory_mib: Some(512),
        open_files: Some(64),
        processes: Some(20),
    };
    assert_eq!(command.limits, limits);
    assert_eq!(
        faults(
            "command = ['/x']\ngroup = 'x'\numask = '999'\nuser = '-x'\nenv = ['T']\n[secrets]\nT = { env = 'T' }\n[limits]\ncpu_s = 0\nspeed = 1"
        ),
        [
            "line 3: umask = \"999\": write it as \"022\" or \"077\"",
            "line 4: user = \"-x\": write a name or a number",
            "line 5: env: T is declared under [secrets] already",
            "line 9: limits.cpu_s: write a whole number from 1 to 86400",
            "line 10: limits.speed is not a key that is known here",
        ]
    );
    assert_eq!(faults("command = ['/x']\ngroup = 'x'"), ["line 2: group: name the user too"]);
}

#[test]
fn refs_commits_and_projects_are_types() {
    let text = "command = ['/x', '{param.r}']\n[parameters.r]\ntype = 'git-ref'\ndefault = 'main'\n[parameters.s]\ntype = 'git-sha'\n[parameters.p]\ntype = 'project-path'";
    let spec = spec(text);
    let sha = "0a".repeat(20);
    let good = given(&[("r", "refs/tags/v1"), ("s", &sha), ("p", "mike/diaspora")]);
    assert!(spec.resolve_values(&good).is_ok());
    for (name, value) in
        [("r", "a..b"), ("r", "-x"), ("s", "HEAD"), ("p", "diaspora"), ("p", "../x/y")]
    {
        let mut bad = good.clone();
        bad.insert(name.to_owned(), value.to_owned());
        let faults = spec.resolve_values(&bad).unwrap_err();
        assert_eq!(faults[0].name, name, "{value}");
    }
}

#[test]
fn the_waits_between_tries_are_the_entrys() {
    let policy = |text: &str| {
        let spec = spec(&format!("command = ['/bin/true']\n[retry]\n{text}"));
        spec.retry.in_words().to_string()
    };
    assert_eq!(policy(""), "1 s, 5 s, 30 s, 2 min, then every 10 min; up to 20 % longer");
    assert_eq!(policy("delays_s = [2, 60]\njitter = 0"), "2 s, then every 1 min");
    let growing = policy("first_s = 10\nfactor = 3\nmax_s = 300\njitter = 0.5");
    assert_eq!(growing, "10 s, 30 s, 90 s, 270 s, then every 5 min; up to 50 % longer");
    assert_eq!(policy("first_s = 600\njitter = 0"), "every 10 min");
}

#[test]
fn every_fault_of_the_waits_is_named() {
    let text = "command = ['/bin/true']\n[retry]\ndelays_s = [1, -1, 'x']\nfirst_s = 0\n\
                factor = 0.5\njitter = 2\ntries = 3\n";
    let lines = |text: &str| -> Vec<_> {
        faults(text).into_iter().map(|fault| fault.split_once(": ").unwrap().0.to_owned()).collect()
    };
    let found = lines(text);
    for line in [3, 4, 5, 6, 7] {
        assert!(found.contains(&format!("line {line}")), "line {line}: {:#?}", faults(text));
    }
    for (text, why) in [
        ("factor = 2", "retry.first_s is missing"),
        ("first_s = 60\nmax_s = 5", "retry.max_s: is less than first_s"),
        ("delays_s = []", "retry.delays_s: list 1 to 50 waits"),
        ("delays_s = 5", "retry.delays_s: write a list of whole numbers"),
    ] {
        let found = faults(&format!("command = ['/bin/true']\n[retry]\n{text}"));
        assert!(found.iter().any(|fault| fault.contains(why)), "{text}: {found:#?}");
    }
}

#[test]
fn a_login_is_whole_and_its_password_a_secret() {
    let entry = |registry: &str| {
        format!(
            "kind = 'container'\ncontainer = 'web'\noperation = 'recreate'\n\
             registry = {{ {registry} }}\nsecrets = {{ P = {{ env = 'P' }} }}"
        )
    };
    let sound = "server = 'r.example.com', username = 'robot', password = '{secret.P}'";
    assert!(ActionSpec::from_toml("deploy", &entry(sound)).is_ok());
    for (registry, why) in [
        ("server = 'r'", "line 4: registry.username is missing"),
        ("server = 'https://r', username = 'x', password = '{secret.P}'", "registry.server: write"),
        ("server = 'r', username = 'x', password = 'hunter2'", "registry.password: write"),
        ("server = 'r', username = 'x', password = '{secret.Q}'", "registry.password: "),
        ("server = 'r', username = 'x', password = '{secret.P}', port = 1", "registry.port"),
    ] {
        let found = faults(&entry(registry));
        assert!(found.iter().any(|fault| fault.contains(why)), "{registry}: {found:#?}");
    }
    let restart = entry(sound).replace("'recreate'", "'restart'");
    assert_eq!(faults(&restart), ["line 4: registry: a restart pulls nothing"]);
    let plain = "kind = 'http'\nurl = 'http://a.example.com'\nca_file = 'x.pem'";
    let found = faults(plain);
    assert_eq!(found.len(), 2, "{found:#?}");
}
