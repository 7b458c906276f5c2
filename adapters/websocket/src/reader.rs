//! Reads messages from the peer into the session.

use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use sockbit_application::gateway::Session;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use crate::Settings;
use crate::connection_end::ConnectionEnd;

/// Reads until the peer closes the connection, violates the protocol or is silent for too long.
pub(crate) async fn read(
    stream: &mut SplitStream<WebSocket>,
    session: &Session,
    settings: &Settings,
) -> ConnectionEnd {
    let mut pipeline = session.pipeline();
    loop {
        let received = tokio::select! {
            biased;
            received = timeout(settings.silence_max, stream.next()), if !pipeline.is_full() => received,
            () = pipeline.complete_next() => continue,
        };
        let Ok(received) = received else { return ConnectionEnd::SILENT };
        match received {
            None | Some(Ok(Message::Close(_))) => return ConnectionEnd::Disconnected,
            Some(Ok(Message::Text(text))) => pipeline.receive(text.as_str()).await,
            Some(Ok(Message::Binary(_))) => return ConnectionEnd::BINARY,
            // The library answers pings, and a pong only proves that the peer is alive.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Err(error)) => return end_of(error),
        }
    }
}

/// Distinguishes errors of the peer from errors of the network.
fn end_of(error: axum::Error) -> ConnectionEnd {
    use tungstenite::Error;
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => ConnectionEnd::TOO_LARGE,
        Some(Error::Utf8(_)) => ConnectionEnd::NOT_UTF8,
        Some(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
            ConnectionEnd::Disconnected
        }
        Some(Error::Protocol(_)) => ConnectionEnd::PROTOCOL,
        _ => ConnectionEnd::Disconnected,
    }
}
