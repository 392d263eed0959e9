//! Strangers who take connections and announce bodies that never come: authentic deliveries go on as
//! if nobody were there.

use super::credentials::{KEY, now_s, signature, signed, signed_webhook};
use super::metrics::{BEARER, get, value};
use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::{wait, webhooks};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const MIB: usize = 1024 * 1024;

/// Opens a connection from a loopback address.
async fn connect(app: &App, from: Ipv4Addr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::V4(from), 0)).unwrap();
    socket.connect(address(app).parse().unwrap()).await.unwrap()
}

fn address(app: &App) -> &str {
    app.base().strip_prefix("http://").unwrap()
}

/// A connection over which the head of a delivery without credentials was sent. Without a length
/// the body is chunked.
async fn stranger(app: &App, from: Ipv4Addr, length: Option<usize>) -> TcpStream {
    let mut stream = connect(app, from).await;
    let length = length.map_or_else(
        || "Transfer-Encoding: chunked".to_owned(),
        |bytes| format!("Content-Length: {bytes}"),
    );
    let address = address(app);
    let head = format!(
        "POST /webhooks/gitlab HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         X-Gitlab-Event: Push Hook\r\n{length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// 200 connections: of three, one announces 25 MiB, one 6 MiB, and one is chunked. Each sends one byte.
async fn two_hundred(app: &App, from: impl Fn(u8) -> Ipv4Addr) -> Vec<TcpStream> {
    let before = open_files(app);
    let mut streams = Vec::new();
    for number in 0..200u8 {
        let (length, byte) = match number % 3 {
            0 => (Some(25 * MIB), "{"),
            1 => (Some(6 * MIB), "{"),
            _ => (None, "1\r\n{\r\n"),
        };
        let mut stream = stranger(app, from(number), length).await;
        stream.write_all(byte.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    wait::until("200 connections that the server holds", async || {
        (open_files(app) >= before + 200).then_some(())
    })
    .await;
    streams
}

fn open_files(app: &App) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", app.pid())).unwrap().count()
}

/// The p95 of so many authentic deliveries, one after another, none of which may be refused.
async fn p95(app: &App, deliveries: usize) -> Duration {
    let mut took = Vec::new();
    for _ in 0..deliveries {
        let started = Instant::now();
        let answer = app.send(&Delivery::push_2015().token(TOKEN).key(&unique())).await;
        took.push(started.elapsed());
        answer.expect(202, "matched");
    }
    took.sort_unstable();
    took[took.len() * 95 / 100]
}

fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("key {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// All that comes until the server ends the connection.
async fn ending(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset has ended, too.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

async fn authentic_deliveries_keep_their_latency(from: impl Fn(u8) -> Ipv4Addr) {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    p95(&app, 20).await;
    let alone = p95(&app, 100).await;
    let opened = Instant::now();
    let mut streams = two_hundred(&app, from).await;
    let beside = p95(&app, 100).await;
    eprintln!("p95 alone {alone:?}, beside 200 strangers {beside:?}");
    assert!(beside < alone * 4 + Duration::from_millis(30), "{beside:?} after {alone:?}");
    for stream in &mut streams {
        let answer = ending(stream).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("The body came too slowly"), "{answer}");
    }
    let held = opened.elapsed();
    assert!(held < Duration::from_secs(25), "{held:?} until the last of them was ended");
}

#[tokio::test]
async fn strangers_of_the_same_address_hold_no_delivery_up() {
    authentic_deliveries_keep_their_latency(|_| Ipv4Addr::LOCALHOST).await;
}

#[tokio::test]
async fn strangers_of_many_addresses_hold_no_delivery_up() {
    authentic_deliveries_keep_their_latency(|number| Ipv4Addr::new(127, 0, 1, number)).await;
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_keep_a_body_open() {
    let app = App::start().await;
    let mut stream = stranger(&app, Ipv4Addr::LOCALHOST, Some(MIB)).await;
    let opened = Instant::now();
    wait::until("the end of a body that trickles", async || {
        let mut answer = [0; 12];
        match tokio::time::timeout(Duration::from_millis(1), stream.read_exact(&mut answer)).await {
            Ok(read) => {
                read.unwrap();
                assert_eq!(&answer, b"HTTP/1.1 408");
                Some(())
            }
            Err(_) => stream.write_all(b" ").await.err().map(drop),
        }
    })
    .await;
    let held = opened.elapsed();
    assert!(held < Duration::from_secs(20), "{held:?} until it was ended");
}

/// Waits until the kernel holds nothing more of what was sent.
async fn all_was_read(stream: &TcpStream) {
    let port = format!(":{:04X}", stream.local_addr().unwrap().port());
    wait::until("a body that the server has read", async || {
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let mut ours = sockets.lines().filter(|line| line.contains(&port));
        ours.all(|line| line.contains(" 00000000:00000000 ")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn strangers_who_fill_their_share_leave_room_for_others() {
    let setup = Setup::new().await.setting("SIGNALBOX_METRICS_TOKEN", BEARER);
    let mut app = setup.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    app.add_webhook(&signed_webhook()).await;
    // From its start it knows the tokens.
    app.restart().await;
    let filling = async |from: u8, bytes: usize| {
        let mut stream = stranger(&app, Ipv4Addr::new(127, 0, 1, from), Some(25 * MIB)).await;
        // It may be refused before it has sent all.
        drop(stream.write_all(&vec![b' '; bytes]).await);
        stream
    };
    // Of one address, so much and no more, while others have room.
    let (mut of_one, mut of_another) = (0, 0);
    let held = wait::until("strangers that fill their share", async || {
        let held = [filling(1, 25 * MIB - 1).await, filling(2, 25 * MIB - 1).await];
        for stream in &held {
            all_was_read(stream).await;
        }
        let same = ending(&mut filling(1, 5 * MIB).await).await;
        let another = ending(&mut filling(3, 9 * MIB).await).await;
        let is_refused = |answer: &str, reason| {
            u32::from(answer.starts_with("HTTP/1.1 503") && answer.contains(reason))
        };
        of_one += is_refused(&same, "sender_limit");
        of_another += is_refused(&another, "overloaded");
        // What they hold is taken from them after ten seconds, which a busy machine may need.
        (of_one > 0 && of_another > 0).then_some(held)
    })
    .await;

    // Whose signature can be checked only at the end has the share of small bodies.
    let (now, body) = (now_s(), Delivery::push_2015().body);
    let small = signed("small", now, &signature(KEY, "small", now, &body));
    app.send(&small).await.expect(202, "matched");
    let push = Delivery::push_2015().token(TOKEN);
    let larger = [push.body.clone(), vec![b' '; 16 * MIB]].concat();
    app.send(&push.body(larger)).await.expect(202, "matched");

    let (_, text) = get(&format!("{}/metrics", app.base()), Some(BEARER)).await;
    for (reason, refused) in [("sender_limit", of_one), ("overloaded", of_another)] {
        let line = format!("signalbox_deliveries_not_stored_total{{reason=\"{reason}\"}}");
        assert!(
            (value(&text, &line) - f64::from(refused)).abs() < f64::EPSILON,
            "{reason}:\n{text}"
        );
    }
    drop(held);
}

#[tokio::test]
async fn connections_of_strangers_are_closed_when_there_are_too_many() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    let before = open_files(&app);
    // A head that never ends, after a request that was answered.
    let mut second = connect(&app, Ipv4Addr::LOCALHOST).await;
    second.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nG").await.unwrap();
    second.read_exact(&mut [0; 15]).await.unwrap();
    // A sender who is known keeps its connection, whoever comes after it.
    let mut known = connect(&app, Ipv4Addr::LOCALHOST).await;
    send_over(&app, &mut known).await;
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(connect(&app, Ipv4Addr::LOCALHOST).await);
    }
    send_over(&app, &mut known).await;
    ending(&mut second).await;
    assert_eq!(ending(&mut idle[0]).await, "", "the oldest go first");
    // A stranger's connection takes two files.
    wait::until("fewer open connections", async || {
        (open_files(&app) < before + 2 * 256 + 50).then_some(())
    })
    .await;
    p95(&app, 20).await;
}

/// Sends an authentic delivery over this connection, which stays open.
async fn send_over(app: &App, stream: &mut TcpStream) {
    let push = Delivery::push_2015().token(TOKEN).key(&unique());
    let mut head = format!("POST {} HTTP/1.1\r\nHost: {}\r\n", push.path, address(app));
    for (name, value) in &push.headers {
        writeln!(head, "{name}: {value}\r").unwrap();
    }
    write!(head, "Content-Length: {}\r\n\r\n", push.body.len()).unwrap();
    stream.write_all(&[head.as_bytes(), &push.body].concat()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it was closed");
    }
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}
