//! How the server treats connections, from the first to the last.

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use sockbit_tests::system::{App, RawClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::visitor::Visitor;

async fn connect(app: &App) -> TcpStream {
    TcpStream::connect(app.url().trim_start_matches("http://")).await.expect("a connection")
}

/// Everything that comes until the server hangs up.
async fn rest(mut stream: TcpStream, within: Duration) -> String {
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    // A connection that is cut instead of closed has ended as well.
    timeout(within, reading).await.expect("the server hangs up").ok();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Long before the server loses its patience with somebody who says nothing.
async fn is_hung_up(mut stream: TcpStream) -> bool {
    timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await.is_ok()
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_half_a_request_is_closed() {
    let app = App::start().await;
    let silent = connect(&app).await;
    let mut slow = connect(&app).await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow:").await.expect("sent");
    let patience = Duration::from_secs(15);
    tokio::join!(rest(silent, patience), rest(slow, patience));
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let app = App::start().await;
    let mut stream = connect(&app).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.expect("sent");
    let line = format!("X-Padding: {}\r\n", "x".repeat(4_000));
    for _ in 0..20 {
        // The server may hang up before it has all of it.
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let answer = rest(stream, Duration::from_secs(5)).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let app = App::start().await;
    let mut stream = connect(&app).await;
    stream
        .write_all(
            b"POST /boards HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
              Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\ntitle=",
        )
        .await
        .expect("sent");
    let answer = rest(stream, Duration::from_secs(15)).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}

#[tokio::test]
async fn one_address_gets_only_its_share_of_connections() {
    let app = App::start_with(&["--sockets-per-address", "20"]).await;
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(connect(&app).await);
    }
    let beyond = join_all(held.split_off(20).into_iter().map(is_hung_up)).await;
    let hung_up = beyond.into_iter().filter(|is_hung_up| *is_hung_up).count();
    // Whoever asked before if the app is ready may have left their place to one of them.
    assert!(hung_up >= 19, "{hung_up} of twenty");
    drop(held);
    let mut visitor = Visitor::new(&app);
    sockbit_tests::system::eventually("the places are free again", async || {
        let request = visitor.request(reqwest::Method::GET, "/healthz");
        request.send().await.is_ok().then_some(())
    })
    .await;
    assert_eq!(visitor.get("/").await.status, 200);
}

#[tokio::test]
async fn a_server_that_is_told_to_end_says_goodbye_and_ends_well() {
    let mut app = App::start().await;
    let mut peer = RawClient::guest(&app).await;
    let goodbye = async {
        loop {
            match timeout(Duration::from_secs(10), peer.socket.next()).await.expect("in time") {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(_)) => {}
                other => panic!("expected a close frame, got {other:?}"),
            }
        }
    };
    let (ended_well, code) = tokio::join!(app.stop(), goodbye);
    assert!(ended_well);
    assert_eq!(code, 1001);
    assert!(
        !app.log().contains("panicked") && !app.log().contains("connections were cut"),
        "{}",
        app.log()
    );
}

#[tokio::test]
async fn at_start_it_says_where_it_is_and_where_its_data_are() {
    let app = App::start().await;
    let log = app.log();
    assert!(log.contains(&format!("SockBit: {}", app.url())), "{log}");
    assert!(log.contains(&format!("Boards: {}", app.database().display())), "{log}");
}
