//! The WebSocket transport: JSON text frames in and out of a gateway session, and no rule of its own.
//!
//! How a connection ends is said in its close frame:
//!
//! | code | the connection ended because |
//! |---|---|
//! | 1001 | the server goes away; another one serves |
//! | 1002 | the peer broke the WebSocket protocol |
//! | 1003 | a binary frame came; only text is spoken |
//! | 1007 | a text frame was no UTF-8 |
//! | 1008 | the peer said nothing for too long, not even a pong |
//! | 1009 | a message was over the limit |
//! | 4001 | the peer did not take what was sent to it |
//! | 4002 | the store has another history; pull the boards anew |

mod connection_end;
mod reader;
mod settings;
mod writer;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures::StreamExt;
use sockbit_application::gateway::Session;

pub use settings::Settings;

/// Answers a request that asks for a WebSocket, and serves the session over it.
///
/// `held` is kept until the connection has ended, as the place that it takes at the server.
pub fn upgrade(
    upgrade: WebSocketUpgrade,
    session: Session,
    settings: Settings,
    held: impl Send + 'static,
) -> Response {
    settings.limit(upgrade).on_upgrade(async move |socket| {
        serve(socket, session, &settings).await;
        drop(held);
    })
}

/// Serves a session until either side ends it.
///
/// Reading and writing run side by side: a peer that sends and does not read fills its own queue,
/// and nobody else's.
pub async fn serve(socket: WebSocket, session: Session, settings: &Settings) {
    let (mut sink, mut stream) = socket.split();
    let ending = tokio::select! {
        ending = reader::read(&mut stream, &session, settings) => ending,
        ending = writer::write(&mut sink, &session, settings) => ending,
    };
    // The person's place is free before the farewell, so that they can come back at once.
    drop(session);
    connection_end::close(&mut sink, &mut stream, ending, settings).await;
}
