//! A WebSocket connection over a byte stream. An idle one holds no buffer: all connections of a
//! thread are read and written through one.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::Control;

use crate::connection_end::ConnectionEnd;
use crate::frame_queue::FrameQueue;
use crate::message_decoder::{MessageDecoder, PeerMessage};

/// The most that one system call reads or writes.
const BUFFER_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER_BYTES].into());
}

/// A connection that several futures of one task use.
pub(crate) struct Connection<S> {
    /// Not locked while a future waits, so it is never contended.
    state: Mutex<State<S>>,
}

struct State<S> {
    stream: S,
    decoder: MessageDecoder,
    frames: FrameQueue,
    /// Since when [`Connection::receive`] waits for a message.
    waiting_since: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub fn new(stream: S, message_bytes_max: usize) -> Self {
        let decoder = MessageDecoder::new(message_bytes_max);
        let frames = FrameQueue::default();
        Self { state: Mutex::new(State { stream, decoder, frames, waiting_since: None }) }
    }

    /// Waits for a message. A ping is answered before it is returned. Cancel safe.
    pub async fn receive(&self) -> Result<PeerMessage, ConnectionEnd> {
        let waiting = Waiting { connection: self };
        let received = poll_fn(|cx| self.state().poll_receive(cx)).await;
        drop(waiting);
        received
    }

    /// Since when [`Self::receive`] waits for a message; `None` if it does not.
    pub fn waiting_since(&self) -> Option<Instant> {
        self.state().waiting_since
    }

    /// Queues text messages. [`Self::try_flush`] or [`Self::flush_first`] writes them.
    pub fn queue_texts(&self, messages: Vec<Bytes>) {
        self.state().frames.push_texts(messages);
    }

    /// Queues a ping.
    pub fn queue_ping(&self) {
        self.state().frames.push_control(Control::Ping, Bytes::new());
    }

    /// Discards messages that have not been started, and queues a close frame.
    pub fn queue_close(&self, code: Option<u16>, reason: &str) {
        self.state().frames.close(code, reason);
    }

    /// Writes queued frames without a wait. `None` if some are left.
    pub async fn try_flush(&self) -> Option<io::Result<()>> {
        poll_fn(|cx| match self.state().poll_flush(cx, 0) {
            Poll::Ready(flushed) => Poll::Ready(Some(flushed)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Writes all queued frames. Cancel safe.
    pub async fn flush(&self) -> io::Result<()> {
        poll_fn(|cx| self.state().poll_flush(cx, 0)).await
    }

    /// Writes the first of the queued frames. Cancel safe.
    pub async fn flush_first(&self) -> io::Result<()> {
        let left = self.state().frames.len().saturating_sub(1);
        poll_fn(|cx| self.state().poll_flush(cx, left)).await
    }

    /// The bytes of the queued frames, and those of the first one.
    pub fn queued_bytes(&self) -> (usize, usize) {
        let state = self.state();
        (state.frames.bytes(), state.frames.first_bytes())
    }

    #[cfg(test)]
    pub fn into_stream(self) -> S {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).stream
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the wait for a message, also if the wait is cancelled.
struct Waiting<'a, S: AsyncRead + AsyncWrite + Unpin> {
    connection: &'a Connection<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drop for Waiting<'_, S> {
    fn drop(&mut self) {
        self.connection.state().waiting_since = None;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> State<S> {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<PeerMessage, ConnectionEnd>> {
        // A pong that could not be written when it was queued.
        self.write_available(cx)?;
        let message = loop {
            if let Some(message) = self.decoder.next()? {
                break message;
            }
            let Poll::Ready(read) = self.poll_read(cx) else {
                self.waiting_since.get_or_insert_with(Instant::now);
                return Poll::Pending;
            };
            if !read.is_ok_and(|bytes| bytes > 0) {
                return Poll::Ready(Err(ConnectionEnd::Disconnected));
            }
        };
        if let PeerMessage::Ping(payload) = &message {
            self.frames.push_control(Control::Pong, payload.clone());
            self.write_available(cx)?;
        }
        Poll::Ready(Ok(message))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            self.decoder.receive(buffer.filled());
            Poll::Ready(Ok(buffer.filled().len()))
        })
    }

    /// Writes what the peer accepts now. The task is woken when it accepts more.
    fn write_available(&mut self, cx: &mut Context<'_>) -> Result<(), ConnectionEnd> {
        match self.poll_flush(cx, 0) {
            Poll::Ready(Err(_)) => Err(ConnectionEnd::Disconnected),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    /// Writes until only `left` frames are queued.
    fn poll_flush(&mut self, cx: &mut Context<'_>, left: usize) -> Poll<io::Result<()>> {
        while self.frames.len() > left {
            let written = BUFFER.with_borrow_mut(|buffer| {
                let bytes = self.frames.encode(buffer);
                let encoded = buffer.get(..bytes).unwrap_or_default();
                Pin::new(&mut self.stream).poll_write(cx, encoded)
            });
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => self.frames.advance(bytes),
            }
        }
        Poll::Ready(Ok(()))
    }
}
