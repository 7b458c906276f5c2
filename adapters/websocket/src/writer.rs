//! Writes messages of the session to the peer.

use std::pin::pin;

use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures::SinkExt;
use futures::stream::SplitSink;
use sockbit_application::gateway::{CloseReason, Session, TransportOutput};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use crate::Settings;
use crate::connection_end::ConnectionEnd;

type Sink = SplitSink<WebSocket, Message>;

/// Writes until the session ends or the peer does not read in time.
pub(crate) async fn write(
    sink: &mut Sink,
    session: &Session,
    settings: &Settings,
) -> ConnectionEnd {
    let mut pings = interval_at(Instant::now() + settings.ping_interval, settings.ping_interval);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let written = match next(sink, session, settings, &mut pings).await {
            Some(TransportOutput::Messages(messages)) => tokio::select! {
                biased;
                written = send(sink, messages, settings) => written,
                () = session.closed_as_too_slow() => return session_end(CloseReason::TooSlow),
            },
            Some(TransportOutput::Close(reason)) => return session_end(reason),
            None => None,
        };
        if written.is_none() {
            return ConnectionEnd::Disconnected;
        }
    }
}

fn session_end(reason: CloseReason) -> ConnectionEnd {
    ConnectionEnd::SessionClosed { code: reason.code(), reason: reason.reason() }
}

/// Waits for messages and sends pings meanwhile. `None` if a ping cannot be written.
///
/// The session's `next` is never cancelled, however many pings are sent before it returns.
async fn next(
    sink: &mut Sink,
    session: &Session,
    settings: &Settings,
    pings: &mut Interval,
) -> Option<TransportOutput> {
    let mut next = pin!(session.next());
    loop {
        tokio::select! {
            biased;
            delivered = &mut next => return Some(delivered),
            _ = pings.tick() => ping(sink, settings).await?,
        }
    }
}

async fn ping(sink: &mut Sink, settings: &Settings) -> Option<()> {
    let ping = Message::Ping(Bytes::new());
    timeout(settings.write_timeout, sink.send(ping)).await.ok()?.ok()
}

/// Writes all messages and flushes once. `None` if the peer does not read all of it, or one message
/// of it, in time.
async fn send(sink: &mut Sink, messages: Vec<Bytes>, settings: &Settings) -> Option<()> {
    let deadline = settings.write_timeout_for(messages.iter().map(Bytes::len).sum());
    let writing = async {
        for message in messages {
            let timeout_of_one = settings.write_timeout_for(message.len());
            timeout(timeout_of_one, sink.feed(Message::Text(text(message)?))).await.ok()?.ok()?;
        }
        timeout(settings.write_timeout, sink.flush()).await.ok()?.ok()
    };
    timeout(deadline, writing).await.ok()?
}

/// Fails only for a message that is not UTF-8, which a gateway never encodes.
fn text(message: Bytes) -> Option<Utf8Bytes> {
    Utf8Bytes::try_from(message)
        .inspect_err(|error| tracing::error!(%error, "a message is not text"))
        .ok()
}
