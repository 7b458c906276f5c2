//! The WebSocket transport: translates JSON text frames to and from a gateway session.
//!
//! The close frame says why a connection ended:
//!
//! | code | the connection ended because |
//! |---|---|
//! | 1001 | the server shuts down; connect to another one |
//! | 1002 | the peer violated the WebSocket protocol |
//! | 1003 | a binary frame was received; only text frames are accepted |
//! | 1007 | a text frame was not UTF-8 |
//! | 1008 | nothing was received for too long, not even a pong |
//! | 1009 | a message was larger than the limit |
//! | 4001 | the peer did not read what was sent to it |
//! | 4002 | the store has another history; pull the boards again |

mod closing_handshake;
mod connection;
mod connection_end;
mod frame_queue;
mod handshake;
mod heartbeat;
mod message_decoder;
mod reader;
mod settings;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use axum::response::Response;
use hyper_util::rt::TokioIo;
use sockbit_application::gateway::Session;
use tokio::io::{AsyncRead, AsyncWrite};

use connection::Connection;

pub use handshake::{UpgradeRejection, WebSocketUpgrade};
pub use settings::Settings;

/// Accepts a WebSocket upgrade and serves the session over it.
///
/// `permit` is dropped once the connection has ended, for example to release a connection limit.
pub fn upgrade(
    upgrade: WebSocketUpgrade,
    session: Session,
    settings: Arc<Settings>,
    permit: impl Send + 'static,
) -> Response {
    let (response, upgraded) = upgrade.accept();
    tokio::spawn(async move {
        match upgraded.await {
            Ok(stream) => serve(TokioIo::new(stream), session, &settings).await,
            Err(error) => tracing::debug!(%error, "a connection ended before its upgrade"),
        }
        drop(permit);
    });
    response
}

/// Serves a session until either side ends it.
///
/// Reading and writing are concurrent: a peer that sends and does not read fills only its own
/// queue.
pub async fn serve<S>(stream: S, session: Session, settings: &Settings)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connection = Connection::new(stream, settings.message_bytes_max);
    let end = tokio::select! {
        biased;
        end = reader::read(&connection, &session) => end,
        end = writer::write(&connection, &session, settings) => end,
        end = heartbeat::run(&connection, settings) => end,
    };
    // Before the close handshake, so that the session's limits are released at once.
    drop(session);
    Box::pin(closing_handshake::close(&connection, end, settings)).await;
}
