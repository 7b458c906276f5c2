//! Pings the peer, and detects that it is silent.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

use crate::Settings;
use crate::connection::Connection;
use crate::connection_end::ConnectionEnd;
use crate::writer::flush;

/// Pings until the peer is silent for too long or cannot be written to. An idle connection costs one
/// timer, which fires once for each ping.
pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &Connection<S>,
    settings: &Settings,
) -> ConnectionEnd {
    let mut ping_at = Instant::now() + settings.ping_interval;
    loop {
        let silent_at = || connection.waiting_since().map(|since| since + settings.silence_max);
        sleep_until(silent_at().map_or(ping_at, |at| at.min(ping_at))).await;
        let now = Instant::now();
        if silent_at().is_some_and(|at| at <= now) {
            return ConnectionEnd::SILENT;
        }
        if ping_at <= now {
            connection.queue_ping();
            if flush(connection, settings).await.is_none() {
                return ConnectionEnd::Disconnected;
            }
            ping_at = Instant::now() + settings.ping_interval;
        }
    }
}
