//! From the peer into the session.

use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use sockbit_application::gateway::Session;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use crate::Settings;
use crate::connection_end::ConnectionEnd;

/// Hands messages over until the peer ends, breaks a rule or falls silent.
pub(crate) async fn read(
    stream: &mut SplitStream<WebSocket>,
    session: &Session,
    settings: &Settings,
) -> ConnectionEnd {
    let mut pipeline = session.pipeline();
    loop {
        let heard = tokio::select! {
            biased;
            heard = timeout(settings.silence_max, stream.next()), if !pipeline.is_full() => heard,
            () = pipeline.complete_next() => continue,
        };
        let Ok(heard) = heard else { return ConnectionEnd::SILENT };
        match heard {
            None | Some(Ok(Message::Close(_))) => return ConnectionEnd::Gone,
            Some(Ok(Message::Text(text))) => pipeline.receive(text.as_str()).await,
            Some(Ok(Message::Binary(_))) => return ConnectionEnd::BINARY,
            // The library has answered pings already, and a pong need only have come.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Err(error)) => return fault(error),
        }
    }
}

/// Tells what the peer did wrong from what was wrong with the network.
fn fault(error: axum::Error) -> ConnectionEnd {
    use tungstenite::Error;
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => ConnectionEnd::TOO_BIG,
        Some(Error::Utf8(_)) => ConnectionEnd::NOT_UTF8,
        Some(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
            ConnectionEnd::Gone
        }
        Some(Error::Protocol(_)) => ConnectionEnd::PROTOCOL,
        _ => ConnectionEnd::Gone,
    }
}
