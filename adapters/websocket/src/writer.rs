//! Writes messages of the session to the peer.

use sockbit_application::gateway::{CloseReason, Session, TransportOutput};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::Settings;
use crate::connection::Connection;
use crate::connection_end::ConnectionEnd;

/// Writes until the session ends or the peer does not read in time.
pub(crate) async fn write<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &Connection<S>,
    session: &Session,
    settings: &Settings,
) -> ConnectionEnd {
    loop {
        match session.next().await {
            TransportOutput::Messages(messages) => connection.queue_texts(messages),
            TransportOutput::Close(reason) => return ConnectionEnd::SessionClosed(reason),
        }
        let flushed = if let Some(flushed) = connection.try_flush().await {
            flushed.ok()
        } else {
            tokio::select! {
                biased;
                flushed = flush_slowly(connection, settings) => flushed,
                () = session.closed_as_too_slow() => {
                    return ConnectionEnd::SessionClosed(CloseReason::TooSlow);
                }
            }
        };
        if flushed.is_none() {
            return ConnectionEnd::Disconnected;
        }
    }
}

/// Writes all queued frames. `None` if the peer does not read all of them, or one of them, in time.
pub(crate) async fn flush<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &Connection<S>,
    settings: &Settings,
) -> Option<()> {
    match connection.try_flush().await {
        Some(flushed) => flushed.ok(),
        None => Box::pin(flush_slowly(connection, settings)).await,
    }
}

async fn flush_slowly<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &Connection<S>,
    settings: &Settings,
) -> Option<()> {
    let flushing = async {
        loop {
            let (_, bytes_of_first) = connection.queued_bytes();
            if bytes_of_first == 0 {
                return Some(());
            }
            let timeout_of_first = settings.write_timeout_for(bytes_of_first);
            timeout(timeout_of_first, connection.flush_first()).await.ok()?.ok()?;
        }
    };
    let (bytes, _) = connection.queued_bytes();
    timeout(settings.write_timeout_for(bytes), flushing).await.ok()?
}
