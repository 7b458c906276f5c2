//! Connections: time-outs, limits, start and graceful shutdown.

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

/// Reads until the server closes the connection.
async fn read_to_close(mut stream: TcpStream, within: Duration) -> String {
    let mut response = Vec::new();
    let reading = stream.read_to_end(&mut response);
    // A reset counts as closed.
    timeout(within, reading).await.expect("the server closes the connection").ok();
    String::from_utf8_lossy(&response).into_owned()
}

/// Whether the server closes the connection, long before the time-out of an idle one.
async fn is_closed(mut stream: TcpStream) -> bool {
    timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await.is_ok()
}

#[tokio::test]
async fn an_idle_connection_and_an_incomplete_head_time_out() {
    let app = App::start().await;
    let silent = connect(&app).await;
    let mut slow = connect(&app).await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow:").await.expect("sent");
    let within = Duration::from_secs(15);
    tokio::join!(read_to_close(silent, within), read_to_close(slow, within));
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let app = App::start().await;
    let mut stream = connect(&app).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.expect("sent");
    let line = format!("X-Padding: {}\r\n", "x".repeat(4_000));
    for _ in 0..20 {
        // The server may close the connection before all of it is sent.
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let response = read_to_close(stream, Duration::from_secs(5)).await;
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 431"), "{response}");
}

#[tokio::test]
async fn an_incomplete_body_times_out() {
    let app = App::start().await;
    let mut stream = connect(&app).await;
    stream
        .write_all(
            b"POST /boards HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
              Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\ntitle=",
        )
        .await
        .expect("sent");
    let response = read_to_close(stream, Duration::from_secs(15)).await;
    assert!(response.starts_with("HTTP/1.1 503"), "{response}");
}

#[tokio::test]
async fn connections_of_one_address_are_limited() {
    let app = App::start_with(&["--sockets-per-address", "20"]).await;
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(connect(&app).await);
    }
    let beyond = join_all(held.split_off(20).into_iter().map(is_closed)).await;
    let closed = beyond.into_iter().filter(|is_closed| *is_closed).count();
    // The connection of the readiness check may have freed its permit for one of them.
    assert!(closed >= 19, "{closed} of twenty");
    drop(held);
    let mut visitor = Visitor::new(&app);
    sockbit_tests::system::eventually("connections are accepted again", async || {
        let request = visitor.request(reqwest::Method::GET, "/healthz");
        request.send().await.is_ok().then_some(())
    })
    .await;
    assert_eq!(visitor.get("/").await.status, 200);
}

#[tokio::test]
async fn a_graceful_shutdown_closes_live_connections_and_exits_with_success() {
    let mut app = App::start().await;
    let mut client = RawClient::guest(&app).await;
    let close_code = async {
        loop {
            match timeout(Duration::from_secs(10), client.socket.next()).await.expect("in time") {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(_)) => {}
                other => panic!("expected a close frame, got {other:?}"),
            }
        }
    };
    let (is_success, code) = tokio::join!(app.stop(), close_code);
    assert!(is_success);
    assert_eq!(code, 1001);
    assert!(
        !app.log().contains("panicked") && !app.log().contains("connections were cut"),
        "{}",
        app.log()
    );
}

#[tokio::test]
async fn the_start_message_names_the_address_and_the_database() {
    let app = App::start().await;
    let log = app.log();
    assert!(log.contains(&format!("SockBit: {}", app.url())), "{log}");
    assert!(log.contains(&format!("Boards: {}", app.database().display())), "{log}");
}
