//! From the session to the peer.

use std::pin::pin;

use axum::body::Bytes;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures::SinkExt;
use futures::stream::SplitSink;
use sockbit_application::gateway::{CloseReason, Session, SessionOutput};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use crate::Settings;
use crate::connection_end::ConnectionEnd;

type Sink = SplitSink<WebSocket, Message>;

/// Writes what the session has until it ends or the peer does not take it.
pub(crate) async fn write(
    sink: &mut Sink,
    session: &Session,
    settings: &Settings,
) -> ConnectionEnd {
    let mut pings = interval_at(Instant::now() + settings.ping_every, settings.ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let written = match next(sink, session, settings, &mut pings).await {
            Some(SessionOutput::Messages(messages)) => tokio::select! {
                biased;
                written = send(sink, messages, settings) => written,
                () = session.closed_as_too_slow() => return ending(CloseReason::TooSlow),
            },
            Some(SessionOutput::Close(reason)) => return ending(reason),
            None => None,
        };
        if written.is_none() {
            return ConnectionEnd::Gone;
        }
    }
}

fn ending(reason: CloseReason) -> ConnectionEnd {
    ConnectionEnd::Close { code: reason.code(), reason: reason.reason() }
}

/// Waits for something to write, and pings meanwhile. `None` when the peer takes no ping.
///
/// The session's `next` runs to its end, however many pings go out before that.
async fn next(
    sink: &mut Sink,
    session: &Session,
    settings: &Settings,
    pings: &mut Interval,
) -> Option<SessionOutput> {
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
    timeout(settings.write_within, sink.send(ping)).await.ok()?.ok()
}

/// Everything that waits, in one write. `None` when the peer does not take it in time, or nothing of
/// it for so long that it does not read at all.
async fn send(sink: &mut Sink, messages: Vec<Bytes>, settings: &Settings) -> Option<()> {
    let deadline = settings.deadline(messages.iter().map(Bytes::len).sum());
    let writing = async {
        for message in messages {
            let patience = settings.deadline(message.len());
            timeout(patience, sink.feed(Message::Text(text(message)?))).await.ok()?.ok()?;
        }
        timeout(settings.write_within, sink.flush()).await.ok()?.ok()
    };
    timeout(deadline, writing).await.ok()?
}

/// What a gateway encodes is JSON, so this fails for nobody; and if it did, it would say so.
fn text(message: Bytes) -> Option<Utf8Bytes> {
    Utf8Bytes::try_from(message)
        .inspect_err(|error| tracing::error!(%error, "a message is not text"))
        .ok()
}
