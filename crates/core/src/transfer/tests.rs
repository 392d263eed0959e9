//! Files read, written, paired and compared.

use super::*;
use proptest::prelude::*;

fn sample_webhook(name: &str, action: &str) -> PortableWebhook {
    let text = "object_kind: push\nhttp_x_gitlab_event: Push Hook\naction: x\n\
                repo_name: web\nrepo_url: https://gitlab.example.com/a/web.git\n";
    let webhook: PortableWebhook = serde_saphyr::from_str(text).unwrap();
    PortableWebhook { name: name.to_owned(), action: action.to_owned(), ..webhook }
}

#[test]
fn a_short_webhook_has_the_forms_defaults() {
    let webhook = sample_webhook("", "print");
    assert_eq!((webhook.project_id, webhook.enabled, webhook.max_attempts), (-1, true, 3));
    assert_eq!(webhook.concurrency, "parallel");
}

#[test]
fn the_address_of_a_page_is_the_repositorys_so_that_a_second_import_finds_it() {
    let page = write_document(vec![sample_webhook("", "print")])
        .unwrap()
        .replace("web.git", "web/-/tree/main");
    let file = read_document(&page).unwrap().webhooks;
    assert_eq!(file[0].repo_url, "https://gitlab.example.com/a/web");
    let again = pair_webhooks(&read_document(&page).unwrap().webhooks, &file);
    assert_eq!(again, [Some(0)]);
}

#[test]
fn what_was_written_is_read_back() {
    let secret = || Some(Reference { env: String::new() });
    let odd = "- a: \"b\"\n# no comment\n  {x}\n'\u{e9}数据 \n".to_owned();
    let webhooks = vec![
        PortableWebhook {
            secret_token: secret(),
            signing_token: secret(),
            ..sample_webhook("Web & co", "print")
        },
        PortableWebhook {
            secret_token: secret(),
            notes: odd.clone(),
            ref_filter: "main\n!release/*".to_owned(),
            action_params: [("branch".to_owned(), "yes".to_owned())].into(),
            timeout_s: Some(30),
            ..sample_webhook("Web + co", "no")
        },
    ];
    let text = write_document(webhooks.clone()).unwrap();
    let back = read_document(&text).unwrap().webhooks;
    assert_eq!(back[1].notes, odd, "{text}");
    let names =
        |webhook: &PortableWebhook| webhook.secret_token.as_ref().map(|secret| secret.env.clone());
    assert_eq!(names(&back[0]).unwrap(), "SIGNALBOX_TOKEN_WEB___CO");
    assert_eq!(names(&back[1]).unwrap(), "SIGNALBOX_TOKEN_WEB___CO_2");
    for (one, other) in webhooks.iter().zip(&back) {
        assert_eq!(find_differences(one, other), []);
    }
}

#[test]
fn faults_say_what_and_where() {
    let fault = |text: &str| read_document(text).unwrap_err().to_string();
    assert!(fault("signalbox: 2\nwebhooks: []\n").contains("version 2"));
    let unknown = fault("signalbox: 1\nwebhooks:\n- object_kind: push\n  colour: red\n");
    assert!(unknown.contains("colour") && unknown.contains('4'), "{unknown}");
    assert!(fault("signalbox: 1\nwebhooks: [").contains("line"));
    let with_secret = write_document(vec![sample_webhook("Web", "print")]).unwrap()
        + "  secret_token: {env: \"glpat-an actual secret\"}\n";
    assert!(fault(&with_secret).contains("Web"), "{with_secret}");
    assert!(fault("signalbox: 1\nwebhooks:\n- secret_token: hunter2\n").contains("secret_token"));
}

#[test]
fn webhooks_are_found_again_by_events_then_name_then_action() {
    let here =
        [sample_webhook("a", "one"), sample_webhook("b", "two"), sample_webhook("", "three")];
    let file = [
        sample_webhook("b", "changed"),
        sample_webhook("renamed", "three"),
        sample_webhook("a", "one"),
    ];
    assert_eq!(pair_webhooks(&file, &here), [Some(1), Some(2), Some(0)]);
    let ssh = PortableWebhook {
        repo_url: "git@gitlab.example.com:a/web.git".to_owned(),
        ..sample_webhook("a", "one")
    };
    let tag = PortableWebhook { object_kind: "tag_push".to_owned(), ..sample_webhook("a", "one") };
    assert_eq!(pair_webhooks(&[tag, ssh], &here), [None, Some(0)]);
}

#[test]
fn a_file_does_not_undo_a_registration() {
    let here = PortableWebhook { project_id: 15, ..sample_webhook("a", "one") };
    assert_eq!(find_differences(&here, &sample_webhook("a", "one")), []);
    let other = PortableWebhook { project_id: 16, ..sample_webhook("a", "one") };
    assert_eq!(find_differences(&here, &other).len(), 1);
}

proptest! {
    #[test]
    fn any_text_survives_the_file(name in ".{0,40}", notes in "(?s).{0,80}", filter in "[ -~\n]{0,40}") {
        let written = PortableWebhook { notes, ref_filter: filter, ..sample_webhook(&name, "print") };
        let text = write_document(vec![written.clone()]).unwrap();
        prop_assert_eq!(read_document(&text).unwrap().webhooks, vec![written], "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}") {
        drop(read_document(&text));
    }
}

#[test]
fn no_file_takes_more_than_it_is_worth() {
    let laughs = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        let before = vec![format!("*a{}", n - 1); 9].join(", ");
        text + &format!("a{n}: &a{n} [{before}]\n")
    });
    let in_a_webhook = |value: &str| {
        format!(
            "signalbox: 1\nwebhooks:\n- object_kind: push\n  http_x_gitlab_event: Push Hook\n  \
             action: print\n  action_params: {value}\n"
        )
    };
    // A long text in a thousand webhooks.
    let notes = |text: &str| in_a_webhook("{}") + &format!("  notes: {text}\n");
    let again = notes("*long").replace("signalbox: 1\nwebhooks:\n", "");
    let echoes = notes(&format!("&long {}", "long ".repeat(20_000))) + &again.repeat(1_000);
    read_document(&(notes("&long text") + &again)).unwrap();
    let blocks = (0..1_000).fold(String::new(), |text, n| text + &" ".repeat(n) + "a:\n");
    let bombs = [
        "[".repeat(500_000),
        "{a: ".repeat(200_000),
        "- ".repeat(250_000),
        "? ".repeat(250_000),
        blocks,
        echoes,
        laughs.clone(),
        in_a_webhook(&"[".repeat(500_000)),
        in_a_webhook(&"{a: ".repeat(200_000)),
        format!("{laughs}{}", in_a_webhook("{a: *a29}")),
        format!("signalbox: 1\nwebhooks: {}", "[".repeat(500_000)),
    ];
    for bomb in bombs {
        let started = std::time::Instant::now();
        let error = read_document(&bomb).unwrap_err().to_string();
        assert!(error.len() < 10_000, "{} bytes of an error", error.len());
        assert!(started.elapsed().as_secs() < 10, "{error}");
    }
}
