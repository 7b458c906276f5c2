//! The end of a connection: the close frame that names the reason.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use crate::Settings;
use crate::connection::Connection;
use crate::connection_end::ConnectionEnd;
use crate::message_decoder::PeerMessage;

/// Sends the close frame and gives the peer time to receive it.
///
/// After an error of the peer there is unread data. A socket that is dropped with unread data is
/// reset, and the reset discards the close frame; so the socket stays open for that time.
pub(crate) async fn close<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &Connection<S>,
    end: ConnectionEnd,
    settings: &Settings,
) {
    match end {
        ConnectionEnd::Disconnected => return,
        ConnectionEnd::ClosedByPeer { code } => connection.queue_close(code, ""),
        ConnectionEnd::SessionClosed(reason) => {
            connection.queue_close(Some(reason.code()), reason.reason());
        }
        ConnectionEnd::PeerError { code, reason } => {
            connection.queue_close(Some(code.into()), reason);
        }
    }
    if !matches!(timeout(settings.close_timeout, connection.flush()).await, Ok(Ok(()))) {
        return;
    }
    match end {
        ConnectionEnd::Disconnected | ConnectionEnd::ClosedByPeer { .. } => {}
        ConnectionEnd::SessionClosed(_) => {
            timeout(settings.close_timeout, closed_by_peer(connection)).await.ok();
        }
        ConnectionEnd::PeerError { .. } => sleep(settings.close_timeout).await,
    }
}

async fn closed_by_peer<S: AsyncRead + AsyncWrite + Unpin>(connection: &Connection<S>) {
    while !matches!(connection.receive().await, Ok(PeerMessage::Close(_)) | Err(_)) {}
}
