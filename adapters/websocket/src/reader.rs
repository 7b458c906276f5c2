//! Reads messages from the peer into the session.

use sockbit_application::gateway::Session;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection::Connection;
use crate::connection_end::ConnectionEnd;
use crate::message_decoder::PeerMessage;

/// Reads until the peer closes the connection or violates the protocol.
pub(crate) async fn read<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &Connection<S>,
    session: &Session,
) -> ConnectionEnd {
    let mut pipeline = session.pipeline();
    loop {
        let received = tokio::select! {
            biased;
            received = connection.receive(), if !pipeline.is_full() => received,
            () = pipeline.complete_next() => continue,
        };
        match received {
            // Boxed, since the handling of a message is much larger than an idle connection.
            Ok(PeerMessage::Text(text)) => Box::pin(pipeline.receive(&text)).await,
            // A pong proves that the peer is alive.
            Ok(PeerMessage::Ping(_) | PeerMessage::Pong) => {}
            Ok(PeerMessage::Close(code)) => return ConnectionEnd::ClosedByPeer { code },
            Err(end) => return end,
        }
    }
}
