//! What nobody types: control characters in addresses and forms, and requests made at random over the
//! whole route table. None of them is an error of ours.

use crate::support::app::{App, PASSWORD};
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::webhooks;
use signalbox::web::admin::routes;
use signalbox::web::urls;

#[tokio::test]
async fn a_control_character_in_an_address_is_refused_with_a_sentence() {
    let app = App::start().await;
    let panel = app.panel().await;
    for address in [
        "/admin/hooks/webhook/?q=%00",
        "/admin/hooks/delivery/?q=a%1Bb",
        "/admin/hooks/job/?state=%00",
        "/admin/log/?user=%7F",
        "/admin/search/?q=%00",
        "/admin/hooks/webhook/?q=%00&format=json",
        "/admin/hooks/delivery/replays/?of=q%3D%2500",
        "/admin/hooks/webhook/add/?repo_name=%00",
    ] {
        let page = panel.get(address).await;
        assert_eq!(page.status, 400, "{address}");
        assert!(page.html.contains("contains a control character"), "{address}: {}", page.html);
    }
    assert_eq!(panel.get("/admin/hooks/webhook/%00/change/").await.status, 404);
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    let form = form.fill(&webhooks::push()).set("notes", "line\r\nline\ttab");
    let page = panel.submit(form.clone().set("repo_name", "a\0b")).await;
    assert_eq!((page.status, app.database().count("webhooks").await), (400, 0), "{}", page.html);
    assert!(page.html.contains("“repo_name” contains a control character"), "{}", page.html);
    assert_eq!(panel.submit(form).await.status, 200);
    assert_eq!(app.database().count("webhooks").await, 1);
    let anonymous = Panel::anonymous(app.base());
    assert_eq!(anonymous.try_login("a\0", "b").await.status, 400);
}

/// Numbers that look random, and are the same each time.
struct Chance(u64);

impl Chance {
    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        choices[usize::try_from(self.0 >> 1).unwrap() % choices.len()]
    }
}

const NAMES: [&str; 38] = [
    "q",
    "o",
    "p",
    "all",
    "older",
    "newer",
    "format",
    "_changelist_filters",
    "of",
    "id",
    "webhook",
    "verdict",
    "state",
    "user",
    "verb",
    "received",
    "period",
    "after",
    "next",
    "part",
    "way",
    "find",
    "times",
    "repo_name",
    "repo_url",
    "object_kind",
    "project_id",
    "condition",
    "ref_filter",
    "version",
    "_was",
    "action",
    "_selected_action",
    "select_across",
    "_up_to",
    "role",
    "session",
    "pace",
];

const VALUES: [&str; 31] = [
    "%00",
    "%01",
    "%1B%5B2J",
    "%7F",
    "%C2%85",
    "%FF",
    "%E2%80%AE",
    "%F0%9F%92%A9",
    "-1",
    "0",
    "1",
    "99999999999999999999",
    "-9223372036854775808",
    "9223372036854775807",
    "1.2.3",
    "-",
    "a:b",
    "NaN",
    "2026-13-45",
    "0000-01-01",
    "9999-12-31",
    "%27",
    "%22%3E",
    "%5C",
    "%25",
    "_",
    "push",
    "matched",
    "json",
    "q%3D%2500",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
];

const IDS: [&str; 7] =
    ["1", "0", "-1", "99999999999999999999", "%00", "%E2%98%83", "01ARZ3NDEKTSV4RRFFQ69G5FAV"];

#[tokio::test]
async fn no_request_over_the_whole_route_table_is_an_error_of_ours() {
    let app = App::start().await;
    let [webhook, delivery, job] = webhooks::run_push(&app).await;
    let long = "x".repeat(5_000);
    let ids = [&IDS[..], &[&webhook, &delivery, &job]].concat();
    let values = [&VALUES[..], &[&long]].concat();
    let mut chance = Chance(0x5161_7fa1_1b0c_0de5);
    let (mut panel, mut answered) = (app.panel().await, 0);
    let mut token = token_of(&panel).await;
    for row in routes::route_rows() {
        // What signs the person out, or lasts, is looked at elsewhere.
        if row.address == urls::logout() || row.address.ends_with("/events/") {
            continue;
        }
        for _ in 0..6 {
            let path = row.address.replace(urls::ID, chance.of(&ids));
            let path = path.replace(urls::ENTRY, chance.of(&ids));
            let pairs: Vec<(&str, &str)> =
                (0..3).map(|_| (chance.of(&NAMES), chance.of(&values))).collect();
            let page = if row.method == "POST" {
                let decoded = |text: &str| {
                    let pair = format!("a={text}");
                    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
                    pairs.next().unwrap().1.into_owned()
                };
                let fields = pairs.iter().map(|(name, value)| ((*name).to_owned(), decoded(value)));
                let own = ("csrf_token".to_owned(), token.clone());
                panel.post(&path, &fields.chain([own]).collect::<Vec<_>>()).await
            } else {
                let query: Vec<_> =
                    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
                panel.get(&format!("{path}?{}", query.join("&"))).await
            };
            assert!(page.status < 500, "{} {path} {pairs:?}: {}", row.method, page.html);
            if panel.get("/admin/").await.address != "/admin/" {
                panel = Panel::login(app.base(), "ada", PASSWORD).await;
                token = token_of(&panel).await;
            }
            answered += 1;
        }
    }
    assert!(answered > 300, "{answered}");
    assert!(!app.log().contains("panicked"), "a handler panicked");
}

async fn token_of(panel: &Panel) -> String {
    let form = panel.open("/admin/password_change/").await.form_with("old_password");
    form.value("csrf_token").unwrap().to_owned()
}

/// Where nobody is signed in.
const PUBLIC: [&str; 10] = [
    "/",
    "/webhooks/gitlab",
    "/webhooks/gitlab/",
    "/webhooks/gitlab/register",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/none.css",
    "/admin/login/",
    "/admin/setup/",
];
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"];
const HEADERS: [&str; 20] = [
    "x-gitlab-event",
    "x-gitlab-token",
    "x-gitlab-instance",
    "x-gitlab-event-uuid",
    "idempotency-key",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "content-encoding",
    "accept",
    "accept-language",
    "authorization",
    "cookie",
    "x-forwarded-for",
    "x-forwarded-proto",
    "forwarded",
    "range",
    "if-none-match",
    "sec-fetch-site",
];
const HEADER_VALUES: [&[u8]; 16] = [
    b"",
    b" ",
    b"Push Hook",
    b"System Hook",
    b"application/json",
    b"application/json; charset=\xff",
    b"multipart/form-data",
    b"gzip",
    b"v1,",
    b"v1,AAAA v1a,=",
    b"-1",
    b"99999999999999999999",
    b"\xe2\x98\x83",
    b"__Host-signalbox=%00; a=b; ;=",
    b"for=\"[::1]:x\";proto=https, , 1.2.3.4",
    b"bytes=0-,5-1",
];

#[tokio::test]
async fn no_request_of_a_stranger_is_an_error_of_ours() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let client = client.unwrap();
    let whole = Delivery::push_2015().body;
    let mut chance = Chance(0x0bad_cafe_0dd5_eed5);
    for _ in 0..600 {
        let (method, path) = (chance.of(&METHODS), chance.of(&PUBLIC));
        let url = format!("{}{path}", app.base());
        let mut request = client.request(method.parse().unwrap(), url);
        let mut said = Vec::new();
        for _ in 0..4 {
            let (name, value) = (chance.of(&HEADERS), chance.of(&HEADER_VALUES));
            request =
                request.header(name, reqwest::header::HeaderValue::from_bytes(value).unwrap());
            said.push((name, String::from_utf8_lossy(value)));
        }
        let kept = whole.len() * chance.of(&[0, 1, 50, 99, 100]) / 100;
        let body =
            [&whole[..kept], chance.of(&[&b""[..], b"\0", b"\xff\xfe", b"}", b"[[[["])].concat();
        let status = request.body(body).send().await.unwrap().status();
        assert!(!status.is_server_error(), "{method} {path} {said:?}, {kept} bytes: {status}");
    }
    assert!(!app.log().contains("panicked"), "a handler panicked");
}
