//! Writes of a connection, counted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

use super::*;
use crate::connection::Connection;
use crate::message_decoder::PeerMessage;

/// Counts the writes to a stream.
struct CountingStream {
    stream: DuplexStream,
    writes: usize,
}

impl AsyncRead for CountingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for CountingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes += 1;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

fn connected(buffer_bytes: usize) -> (Connection<CountingStream>, DuplexStream) {
    let (stream, peer) = duplex(buffer_bytes);
    (Connection::new(CountingStream { stream, writes: 0 }, 1_000), peer)
}

#[tokio::test]
async fn messages_that_are_queued_together_are_one_write() {
    let (connection, _peer) = connected(64 * 1024);
    connection.queue_texts(vec![Bytes::from_static(b"event"); 100]);
    connection.try_flush().await.expect("all is written").expect("it is open");
    assert_eq!(connection.into_stream().writes, 1);
}

#[tokio::test]
async fn a_connection_without_anything_queued_writes_nothing() {
    let (connection, mut peer) = connected(1_024);
    peer.write_all(&masked(TEXT, true, b"hello")).await.expect("sent");
    assert_eq!(connection.receive().await, Ok(PeerMessage::Text("hello".to_owned())));
    connection.try_flush().await.expect("nothing is left").expect("it is open");
    assert_eq!(connection.into_stream().writes, 0);
}

#[tokio::test]
async fn a_flood_of_pings_of_a_peer_that_does_not_read_queues_one_pong() {
    let (connection, mut peer) = connected(64);
    connection.queue_texts(vec![Bytes::from(vec![b'x'; 100])]);
    assert!(connection.try_flush().await.is_none(), "the peer reads nothing");
    for _ in 0..1_000 {
        peer.write_all(&masked(PING, true, b"p")).await.expect("sent");
        assert_eq!(connection.receive().await, Ok(PeerMessage::Ping("p".into())));
    }
    let (bytes, _) = connection.queued_bytes();
    assert_eq!(bytes, 102 - 64 + 3, "the rest of the message and one pong");
}
