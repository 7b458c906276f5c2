//! How a connection ends.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::time::{sleep, timeout};

use crate::Settings;

/// Why nothing more is read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ConnectionEnd {
    /// The peer ended, or takes nothing any more.
    Gone,
    /// The session ended.
    Close { code: u16, reason: &'static str },
    /// The peer broke a rule.
    Fault { code: u16, reason: &'static str },
}

impl ConnectionEnd {
    pub const BINARY: Self =
        Self::Fault { code: close_code::UNSUPPORTED, reason: "only text is spoken here" };
    pub const NOT_UTF8: Self =
        Self::Fault { code: close_code::INVALID, reason: "a text must be UTF-8" };
    pub const PROTOCOL: Self =
        Self::Fault { code: close_code::PROTOCOL, reason: "not the WebSocket protocol" };
    pub const SILENT: Self =
        Self::Fault { code: close_code::POLICY, reason: "nothing heard for too long" };
    pub const TOO_BIG: Self =
        Self::Fault { code: close_code::SIZE, reason: "the message is too big" };
}

/// Says why, and gives the peer a moment to hear it.
///
/// After a fault there is unread data, and a socket that is dropped over unread data takes back
/// what was written last; so it is held open for that moment.
pub(crate) async fn close(
    sink: &mut SplitSink<WebSocket, Message>,
    stream: &mut SplitStream<WebSocket>,
    ending: ConnectionEnd,
    settings: &Settings,
) {
    let (code, reason) = match ending {
        ConnectionEnd::Gone => return,
        ConnectionEnd::Close { code, reason } | ConnectionEnd::Fault { code, reason } => {
            (code, reason)
        }
    };
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    let sending = sink.send(Message::Close(Some(frame)));
    if !matches!(timeout(settings.farewell, sending).await, Ok(Ok(()))) {
        return;
    }
    if let ConnectionEnd::Fault { .. } = ending {
        return sleep(settings.farewell).await;
    }
    let answer = async { while let Some(Ok(_)) = stream.next().await {} };
    timeout(settings.farewell, answer).await.ok();
}
