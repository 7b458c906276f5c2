//! The end of a connection: the reason, and the close frame that names it.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::time::{sleep, timeout};

use crate::Settings;

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ConnectionEnd {
    /// The peer closed the connection, or cannot be reached.
    Disconnected,
    /// The session ended.
    SessionClosed { code: u16, reason: &'static str },
    /// The peer violated the protocol or a limit.
    PeerError { code: u16, reason: &'static str },
}

impl ConnectionEnd {
    pub const BINARY: Self =
        Self::PeerError { code: close_code::UNSUPPORTED, reason: "only text frames are accepted" };
    pub const NOT_UTF8: Self =
        Self::PeerError { code: close_code::INVALID, reason: "a text frame must be UTF-8" };
    pub const PROTOCOL: Self =
        Self::PeerError { code: close_code::PROTOCOL, reason: "WebSocket protocol error" };
    pub const SILENT: Self =
        Self::PeerError { code: close_code::POLICY, reason: "nothing received for too long" };
    pub const TOO_LARGE: Self =
        Self::PeerError { code: close_code::SIZE, reason: "the message is too large" };
}

/// Sends the close frame and gives the peer time to receive it.
///
/// After an error of the peer there is unread data. A socket that is dropped with unread data is
/// reset, and the reset discards the close frame; so the socket stays open for that time.
pub(crate) async fn close(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    end: ConnectionEnd,
    settings: &Settings,
) {
    let (code, reason) = match end {
        ConnectionEnd::Disconnected => return,
        ConnectionEnd::SessionClosed { code, reason }
        | ConnectionEnd::PeerError { code, reason } => (code, reason),
    };
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    let sending = sink.send(Message::Close(Some(frame)));
    if !matches!(timeout(settings.close_timeout, sending).await, Ok(Ok(()))) {
        return;
    }
    if let ConnectionEnd::PeerError { .. } = end {
        return sleep(settings.close_timeout).await;
    }
    let closing = async { while let Some(Ok(_)) = stream.next().await {} };
    timeout(settings.close_timeout, closing).await.ok();
}
