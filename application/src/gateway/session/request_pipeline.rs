//! Pipelines the requests of a client: later messages do not wait for earlier replies.

use std::collections::VecDeque;

use futures::future::BoxFuture;

use super::session::Session;

/// Pending requests after which a client is not read: a join for each of its boards.
const PENDING_MAX: usize = 64;

/// Handles the messages of a client in order.
///
/// Requests that wait for the core, such as queries and joins, are pending while later commands are
/// sent. They complete in their order, and only while the pipeline is polled.
pub struct RequestPipeline<'a> {
    session: &'a Session,
    pending: VecDeque<BoxFuture<'a, ()>>,
}

impl Session {
    /// A pipeline for the messages of this session's client.
    pub fn pipeline(&self) -> RequestPipeline<'_> {
        RequestPipeline { session: self, pending: VecDeque::new() }
    }
}

impl RequestPipeline<'_> {
    /// Handles one message. An invalid one is refused by a reply.
    ///
    /// A client that exceeds its rate delays this call, so that reading it costs at most twice its
    /// rate.
    pub async fn receive(&mut self, json: &str) {
        let session = self.session;
        let mut handling = std::pin::pin!(session.handle(json));
        let pending = loop {
            tokio::select! {
                biased;
                pending = &mut handling => break pending,
                () = self.complete_next() => {}
            }
        };
        self.pending.extend(pending);
    }

    /// Whether no request is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether so many requests are pending that the client should not be read.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.pending.len() >= PENDING_MAX
    }

    /// Waits until the oldest pending request has its reply; for ever while none is pending, so that
    /// a transport can select on it. Cancel safe.
    pub async fn complete_next(&mut self) {
        match self.pending.front_mut() {
            Some(oldest) => oldest.await,
            None => std::future::pending().await,
        }
        self.pending.pop_front();
    }
}
