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

mod connection_end;
mod reader;
mod settings;
mod writer;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures::StreamExt;
use sockbit_application::gateway::Session;

pub use settings::Settings;

/// Accepts a WebSocket upgrade and serves the session over it.
///
/// `permit` is dropped once the connection has ended, for example to release a connection limit.
pub fn upgrade(
    upgrade: WebSocketUpgrade,
    session: Session,
    settings: Settings,
    permit: impl Send + 'static,
) -> Response {
    settings.limit(upgrade).on_upgrade(async move |socket| {
        serve(socket, session, &settings).await;
        drop(permit);
    })
}

/// Serves a session until either side ends it.
///
/// Reading and writing are concurrent: a peer that sends and does not read fills only its own
/// queue.
pub async fn serve(socket: WebSocket, session: Session, settings: &Settings) {
    let (mut sink, mut stream) = socket.split();
    let end = tokio::select! {
        end = reader::read(&mut stream, &session, settings) => end,
        end = writer::write(&mut sink, &session, settings) => end,
    };
    // Before the close handshake, so that the session's limits are released at once.
    drop(session);
    connection_end::close(&mut sink, &mut stream, end, settings).await;
}
