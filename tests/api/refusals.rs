//! What is refused, with which answer, and what is kept of it.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::{Answer, Delivery};
use crate::support::webhooks::{self, with};
use std::io::{Read, Write};
use std::net::TcpStream;

#[tokio::test]
async fn other_methods_are_told_to_post() {
    let app = App::start().await;
    for path in ["/webhooks/gitlab", "/webhooks/gitlab/", "/webhooks/gitlab/register"] {
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let url = format!("{}{path}", app.base());
            let method = method.parse().unwrap();
            let response = reqwest::Client::new().request(method, url).send().await.unwrap();
            let answer = Answer::of(response).await;
            assert_eq!(answer.status, 405, "{path}: {}", answer.text);
            assert_eq!(answer.header("Allow"), "POST");
            assert!(answer.text.contains("POST"), "{}", answer.text);
        }
    }
    assert_eq!(app.database().count("deliveries").await, 0);
}

#[tokio::test]
async fn a_slash_at_the_end_is_tolerated() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let mut delivery = Delivery::push_2015().token(TOKEN);
    delivery.path = "/webhooks/gitlab/";
    app.send(&delivery).await.expect(202, "matched");
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let push = || Delivery::push_2015().token(TOKEN);
    for other in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let answer = app.send(&push().header("Content-Type", other)).await;
        assert_eq!(answer.status, 415, "{other}: {}", answer.text);
    }
    assert_eq!(app.send(&push().without("Content-Type")).await.status, 415);
    assert_eq!(app.send(&push().header("Content-Encoding", "gzip")).await.status, 415);
    let utf8 = push().header("Content-Type", "application/json; charset=utf-8");
    app.send(&utf8).await.expect(202, "matched");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_while_it_comes() {
    let app = Setup::new().await.setting("SIGNALBOX_MAX_BODY", "2000").start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&Delivery::push_2015().token(TOKEN).body(vec![b' '; 2001]))
        .await
        .expect(413, "rejected");
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");

    // Without a length it must be counted; what is not read must not hang.
    let address = app.base().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /webhooks/gitlab HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         X-Gitlab-Event: Push Hook\r\nX-Gitlab-Token: {TOKEN}\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n"
    )
    .unwrap();
    for _ in 0..5 {
        // The server may close as soon as it has seen enough.
        let chunk = format!("{:x}\r\n{}\r\n", 1000, " ".repeat(1000));
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    drop(stream.write_all(b"0\r\n\r\n"));
    let mut answer = String::new();
    drop(stream.read_to_string(&mut answer));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn headers_of_gitlabs_must_be_there_once_and_short() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let push = || Delivery::push_2015().token(TOKEN);
    let without_event = app.send(&push().without("X-Gitlab-Event")).await;
    assert_eq!(without_event.status, 400, "{}", without_event.text);
    assert!(without_event.text.contains("X-Gitlab-Event"), "{}", without_event.text);
    let twice = app.send(&push().also("X-Gitlab-Event", "Push Hook")).await;
    assert_eq!(twice.status, 400, "{}", twice.text);
    let two_tokens = app.send(&push().also("X-Gitlab-Token", TOKEN)).await;
    assert!([400, 401].contains(&two_tokens.status), "{}", two_tokens.text);
    let long = app.send(&push().header("X-Gitlab-Token", &"x".repeat(5000))).await;
    assert!([400, 401, 431].contains(&long.status), "{}", long.text);
    assert_eq!(app.database().count("jobs").await, 0);
}

#[tokio::test]
async fn f30_what_is_not_json_is_listed_with_its_cause() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    for body in ["", "not json", "{\"object_kind\":", "[1, 2]", "\u{feff}"] {
        let answer = app.send(&Delivery::push_2015().token(TOKEN).body(body)).await;
        answer.expect(400, "rejected");
        assert!(!answer.field("reason").is_empty());
    }
    // Bytes that are no text, and depth that would end a careless reader.
    app.send(&Delivery::push_2015().token(TOKEN).body(vec![0xff, 0xfe]))
        .await
        .expect(400, "rejected");
    let deep = "[".repeat(100_000);
    app.send(&Delivery::push_2015().token(TOKEN).body(deep)).await.expect(400, "rejected");
    assert!(app.database().count("deliveries WHERE verdict = 'rejected'").await >= 7);
    let list = app.panel().await.open("/admin/hooks/delivery/").await;
    assert!(list.states("main").contains(&"rejected".to_owned()), "{}", list.main());
}

#[tokio::test]
async fn f73_a_stranger_learns_nothing_and_leaves_little() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let spaces = " ".repeat(10_000);
    let body = String::from_utf8(Delivery::push_2015().body).unwrap() + &spaces;
    let wrong = Delivery::push_2015().token("wrong").body(body);
    let answer = app.send(&wrong).await;
    answer.expect(401, "rejected");
    let absent = app.send(&wrong.clone().without("X-Gitlab-Token")).await;
    absent.expect(401, "rejected");
    for answer in [&answer, &absent] {
        // An id may hold any digits.
        let told = answer.text.replace(&answer.field("delivery"), "");
        assert!(!told.contains("Diaspora") && !told.contains("15"), "{told}");
        // What GitLab shows of the answer: which delivery, and that it was rejected; no more.
        let (id, verdict) = (answer.header("X-Delivery-Id"), answer.header("X-Match"));
        assert_eq!((id, verdict), (answer.field("delivery").as_str(), "rejected"));
        assert!(!format!("{:?}", answer.headers).contains("Diaspora"), "{:?}", answer.headers);
    }
    let size = wrong.body.len();
    let begun =
        format!("deliveries WHERE length(body) BETWEEN 2000 AND 4096 AND body_size = {size}");
    assert_eq!(app.database().count(&begun).await, 2);
    assert_eq!(app.database().count("jobs").await, 0);
}

/// The bytes of the largest delivery, its values written out.
const LARGEST: &str = "SELECT max(length(body) + length(body_sha256) + octet_length(concat(id, endpoint, \
     verdict, summary, reason, event, object_kind, repo_name, repo_url, ref, sha, user_name, user_email, \
     headers, idempotency_key, remote_addr)))::text FROM deliveries";

#[tokio::test]
async fn the_longest_values_are_stored_and_a_rejected_row_costs_4_kib_as_a_whole() {
    let app = App::start().await;
    for number in 0..10 {
        app.add_webhook(&with(
            webhooks::push(),
            &[("name", &format!("{number}{}", "n".repeat(50)))],
        ))
        .await;
    }
    // Four bytes each, and not compressible.
    let long = |seed: u32, length: u32| -> String {
        (0..length)
            .map(|n| char::from_u32(0x20000 + (n * 7919 + seed * 104_729) % 40_000).unwrap())
            .collect()
    };
    let push = || {
        let mut push = Delivery::push_2015();
        let fields =
            ["/repository/name", "/user_name", "/user_email", "/ref", "/after", "/repository/url"];
        for (seed, field) in (0..).zip(fields) {
            push = push.with(field, long(seed, 2_000));
        }
        push.header("X-Gitlab-Instance", &"i".repeat(490)).header("User-Agent", &"u".repeat(490))
    };
    for (token, verdict) in [("wrong", "rejected"), (TOKEN, "unmatched")] {
        for length in [700, 2_000] {
            for field in ["/repository/name", "/object_kind"] {
                let name = long(1, length);
                let status = if verdict == "rejected" { 401 } else { 200 };
                app.send(&push().token(token).with(field, name)).await.expect(status, verdict);
            }
        }
        if token == "wrong" {
            let largest: usize = app.database().value(LARGEST).await.parse().unwrap();
            assert!(largest <= 4_096, "{largest}");
        }
    }
    assert_eq!(app.database().count("deliveries").await, 8);
}

#[tokio::test]
async fn without_any_webhook_everything_is_rejected() {
    let app = App::start().await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(401, "rejected");
    app.send(&Delivery::push_2015()).await.expect(401, "rejected");
    app.send(&Delivery::push_2015().header("X-Gitlab-Token", "")).await.expect(401, "rejected");
}

#[tokio::test]
async fn strangers_cannot_fill_the_disk() {
    let app = App::start().await;
    for number in 0..300 {
        let answer = app.send(&Delivery::push_2015().token(&format!("guess {number}"))).await;
        assert_eq!(answer.status, 401, "{}", answer.text);
    }
    let stored = app.database().count("deliveries").await;
    assert!(stored < 200, "{stored} of 300 refused deliveries of one address were stored");
}

#[tokio::test]
async fn a_database_that_is_away_is_said_with_503() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let gone = "ALTER TABLE deliveries RENAME TO gone";
    app.database().execute(gone).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN).key("once")).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(!answer.header("Retry-After").is_empty());
    assert!(!answer.text.contains("relation"), "{}", answer.text);
    app.database().execute("ALTER TABLE gone RENAME TO deliveries").await;
    // Nothing was stored, so the repeat is no duplicate.
    app.send(&Delivery::push_2015().token(TOKEN).key("once")).await.expect(202, "matched");
}

#[tokio::test]
async fn a_body_whose_chunks_are_broken_is_a_bad_request() {
    let app = App::start().await;
    let address = app.base().strip_prefix("http://").unwrap();
    for body in
        ["zz\r\n{}\r\n0\r\n\r\n", "5\r\n{}\r\n0\r\n\r\n", "-1\r\n", "ffffffffffffffffff\r\n{}"]
    {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /webhooks/gitlab HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: application/json\r\nX-Gitlab-Event: Push Hook\r\n\
             Transfer-Encoding: chunked\r\n\r\n{body}"
        )
        .unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        assert!(answer.starts_with("HTTP/1.1 400"), "{body:?}: {answer}");
    }
    assert_eq!(app.database().count("deliveries").await, 0);
}
