//! Entries, their parameters and what a program gets of them.

mod kinds;

use super::*;
use proptest::prelude::*;

const DEPLOY: &str = r#"
description = "Pull and restart"
command = ["/opt/deploy.sh", "--", "{branch}", "{param.target}", "{param.count}"]
cwd = "/srv"
env = ["SSH_AUTH_SOCK", "LANG"]
timeout_s = 60
retry_on_failure = true

[parameters.target]
type = "string"
pattern = "[a-z]+|x-.*"
max_length = 8
help = "The host"

[parameters.count]
type = "integer"
min = 1
max = 5
default = 2

[parameters.mode]
type = "enum"
values = ["fast", "slow"]
required = false

[parameters.dry]
type = "boolean"
"#;

fn spec(text: &str) -> ActionSpec {
    ActionSpec::from_toml("deploy", text).unwrap()
}

fn faults(text: &str) -> Vec<String> {
    let faults = ActionSpec::from_toml("deploy", text).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

fn command(spec: &ActionSpec) -> &Command {
    let ActionKind::Command(command) = &spec.kind else { panic!("it is another kind") };
    command
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn facts() -> EventFacts {
    EventFacts {
        event: "Push Hook".into(),
        kind: "push".into(),
        git_ref: "refs/heads/main".into(),
        sha: "da1560886d4f".into(),
        project_id: Some(15),
        project_path: "mike/diaspora".into(),
        repo_url: "git@example.com:mike/diaspora.git".into(),
        user_name: "John Smith".into(),
        delivery: "01D".into(),
        job: "01J".into(),
        attempt: 1,
    }
}

#[test]
fn an_entry_is_read_with_its_defaults() {
    let deploy = spec(DEPLOY);
    assert_eq!((deploy.timeout_s, deploy.retry_on_failure), (60, true));
    assert_eq!(command(&deploy).cwd, PathBuf::from("/srv"));
    let required: Vec<_> = deploy.parameters.iter().map(|p| (&*p.name, p.required)).collect();
    assert_eq!(required, [("count", false), ("dry", false), ("mode", false), ("target", true)]);
    let least = spec("command = ['./x']");
    assert_eq!((least.timeout_s, least.retry_on_failure), (DEFAULT_TIMEOUT_S, false));
    assert_eq!(command(&least).cwd, PathBuf::from("/"));
}

#[test]
fn every_fault_is_named_at_once_with_its_line() {
    let text = r#"
colour = "red"
timeout_s = 0
retry_on_failure = "yes"
env = ["SIGNALBOX_REF", "A=B"]
command = ["deploy.sh", "--ref={ref}", "{nonsense}", "{param.gone}", "-c", "{sha}"]
cwd = "srv"
[parameters.Bad-Name]
type = "text"
[parameters.p]
type = "string"
pattern = "("
default = "-x"
"#;
    assert_eq!(
        faults(text),
        [
            "line 2: colour is not a key that is known here",
            "line 3: timeout_s: write a whole number from 1 to 86400",
            "line 4: retry_on_failure: write true or false; this is of the type string",
            "line 5: env: \"SIGNALBOX_REF\" is not the name of a variable to pass on",
            "line 5: env: \"A=B\" is not the name of a variable to pass on",
            "line 6: command: \"deploy.sh\" is not a path: write it from / on, or ./ for a file beside this one",
            "line 6: command: \"--ref={ref}\" mixes text with {ref}: a placeholder is an element of its own",
            "line 6: command: \"{nonsense}\" is unknown: there are event, kind, ref, branch, tag, sha, project_id, project_path, repo_url, user_name, delivery, job, attempt and param.NAME",
            "line 6: command: \"{param.gone}\": no [parameters.gone] is declared",
            "line 6: command: \"{sha}\" follows \"-c\": it would be run as code",
            "line 7: cwd = \"srv\": write an absolute path",
            "line 8: the parameter \"Bad-Name\": a name is a lower-case letter, then letters, digits and _, at most 32",
            "line 9: parameters.Bad-Name.type: \"text\" is unknown: write string, enum, integer, boolean, git-ref, git-sha or project-path",
            "line 12: parameters.p.pattern: error: unclosed group",
            "line 13: parameters.p.default = \"-x\": It may not start with “-”, which a program would read as an option.",
        ]
    );
}

#[test]
fn what_is_no_entry_at_all_says_so() {
    assert_eq!(faults(""), ["command is missing: write command = [\"/path/of/program\", …]"]);
    assert_eq!(
        faults("command = []"),
        ["line 1: command is empty: write the program's path first"]
    );
    assert!(faults("kind = 'shell'")[0].contains("kind = \"shell\" is unknown"));
    assert!(faults("a = 1\nb = = 2\n")[0].starts_with("line 2: "));
    let name = ActionSpec::from_toml("../x", "command = ['/x']").unwrap_err();
    assert!(name[0].reason.to_string().contains("file's name"));
}

#[test]
fn a_shells_own_braces_are_text() {
    let text = r#"command = ["/bin/sh", "-c", "echo ${ref} {} {x}", "{ref}"]"#;
    let arguments = command(&spec(text)).args.clone();
    assert_eq!(arguments[1], Argument::Literal("echo ${ref} {} {x}".into()));
    assert_eq!(arguments[2], Argument::Fact(Fact::Ref));
}

#[test]
fn an_argument_needs_a_parameter_that_always_has_a_value() {
    let text = "command = ['/x', '{param.p}']\n[parameters.p]\ntype = 'string'\nrequired = false";
    assert!(faults(text)[0].contains("cannot be left out"));
}

#[test]
fn parameters_are_checked_all_at_once_and_completed() {
    let deploy = spec(DEPLOY);
    let values = deploy.resolve_values(&given(&[("target", "web"), ("mode", "")])).unwrap();
    assert_eq!((values.get("count"), values.get("dry")), (Some("2"), Some("false")));
    assert_eq!(values.get("mode"), None);
    let wrong = [("target", "web\n"), ("count", "07"), ("mode", "odd"), ("dry", "on"), ("x", "1")];
    let faults = deploy.check_params(&given(&wrong)).unwrap_err();
    let names: Vec<_> = faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["count", "dry", "mode", "target", "x"]);
    for target in ["", "-rf", "WEB", "webx1", "webwebweb", "a\0", "x-\u{7f}"] {
        assert!(deploy.check_params(&given(&[("target", target)])).is_err(), "{target:?}");
    }
}

#[test]
fn arguments_are_whole_values() {
    let deploy = spec(DEPLOY);
    let values = deploy.resolve_values(&given(&[("target", "x-y z")])).unwrap();
    let argv = command(&deploy).build_argv(&values, &facts()).unwrap();
    assert_eq!(argv, ["--", "main", "x-y z", "2"]);
    for (git_ref, why) in [
        ("refs/heads/--upload-pack=evil", "as an option"),
        ("refs/heads/a\nb", "control characters"),
        ("refs/heads/a\0", "control characters"),
        ("", "no such value"),
        ("refs/tags/v1", "no such value"),
        ("refs/merge-requests/1/merge", "no such value"),
        (&"x".repeat(MAX_VALUE_BYTES + 1), "longer than 8 KiB"),
    ] {
        let facts = EventFacts { git_ref: git_ref.into(), ..facts() };
        let refused =
            command(&deploy).build_argv(&values, &facts).unwrap_err().sentence().to_string();
        assert!(
            refused.starts_with("the argument {branch} ") && refused.contains(why),
            "{refused}"
        );
    }
}

#[test]
fn the_environment_is_exactly_the_contracts() {
    let deploy = spec(DEPLOY);
    let values = deploy.resolve_values(&given(&[("target", "web")])).unwrap();
    let ours = |name: &str| match name {
        "HOME" => Some("/home/us".to_owned()),
        "LANG" => Some("zh_CN.UTF-8".to_owned()),
        "SSH_AUTH_SOCK" | "DATABASE_URL" => Some("of ours".to_owned()),
        _ => None,
    };
    let mut secrets = Secrets::default();
    secrets.insert("DEPLOY_TOKEN", "hush");
    let mut environment =
        command(&deploy).build_environment(&deploy, (&values, &secrets), &facts(), ours).unwrap();
    environment.sort();
    let lines: Vec<String> = environment.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(
        lines,
        [
            "DEPLOY_TOKEN=hush",
            "HOME=/home/us",
            "LANG=zh_CN.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SIGNALBOX_ATTEMPT=1",
            "SIGNALBOX_BRANCH=main",
            "SIGNALBOX_DELIVERY=01D",
            "SIGNALBOX_EVENT=Push Hook",
            "SIGNALBOX_JOB=01J",
            "SIGNALBOX_KIND=push",
            "SIGNALBOX_PARAM_COUNT=2",
            "SIGNALBOX_PARAM_DRY=false",
            "SIGNALBOX_PARAM_TARGET=web",
            "SIGNALBOX_PROJECT_ID=15",
            "SIGNALBOX_PROJECT_PATH=mike/diaspora",
            "SIGNALBOX_REF=refs/heads/main",
            "SIGNALBOX_REPO_URL=git@example.com:mike/diaspora.git",
            "SIGNALBOX_SHA=da1560886d4f",
            "SIGNALBOX_TAG=",
            "SIGNALBOX_USER_NAME=John Smith",
            "SSH_AUTH_SOCK=of ours",
        ]
    );
    let nul = EventFacts { user_name: "a\0b".into(), ..facts() };
    let refused =
        command(&deploy).build_environment(&deploy, (&values, &secrets), &nul, ours).unwrap_err();
    assert_eq!(
        refused.sentence().to_string(),
        "the variable SIGNALBOX_USER_NAME has a NUL byte, which no environment can hold"
    );
}

/// Text as a hostile event or person would send it.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[-;$`|&<>(){}'\" \t\n\0=A-Za-z/.]{0,24}",
        Just("{param.target}".to_owned()),
        Just("PATH=/evil".to_owned()),
    ]
}

proptest! {
    /// No value ever becomes an option, another element, or the name of a variable.
    #[test]
    fn a_value_stays_a_value(
        texts in prop::collection::vec(hostile(), 8),
        target in hostile(),
    ) {
        let text = r#"command = ["/x", "{event}", "fixed", "{kind}", "{ref}", "{branch}", "{tag}",
            "{sha}", "{project_path}", "{repo_url}", "{user_name}", "{param.target}"]
            [parameters.target]
            type = "string"
        "#;
        let spec = spec(text);
        let [event, kind, git_ref, sha, project_path, repo_url, user_name, job] =
            <[String; 8]>::try_from(texts).unwrap();
        let facts = EventFacts {
            event, kind, git_ref: git_ref.as_str().into(), sha, project_path, repo_url, user_name,
            job, delivery: String::new(), project_id: None, attempt: 1,
        };
        let Ok(values) = spec.resolve_values(&given(&[("target", &target)])) else { return Ok(()) };
        if let Ok(argv) = command(&spec).build_argv(&values, &facts) {
            prop_assert_eq!(argv.len(), command(&spec).args.len());
            for (argument, filled) in command(&spec).args.iter().zip(&argv) {
                let expected = match argument {
                    Argument::Literal(text) => text.clone(),
                    Argument::Fact(fact) => fact.value_for(&facts).into_owned(),
                    Argument::Parameter(_) => target.clone(),
                };
                prop_assert_eq!(filled, &expected);
                prop_assert!(!filled.starts_with('-') && !filled.contains(['\0', '\n']));
            }
        }
        if let Ok(environment) = command(&spec).build_environment(&spec, (&values, &Secrets::default()), &facts, |_| None) {
            let fixed = Fact::ALL.iter().map(|fact| fact.variable());
            let mut expected: Vec<&str> =
                ["PATH", "HOME", "LANG"].into_iter().chain(fixed).collect();
            expected.push("SIGNALBOX_PARAM_TARGET");
            let names: Vec<&str> = environment.iter().map(|(name, _)| name.as_str()).collect();
            prop_assert_eq!(names, expected);
            prop_assert!(environment.iter().all(|(_, value)| !value.contains('\0')));
        }
    }
}
