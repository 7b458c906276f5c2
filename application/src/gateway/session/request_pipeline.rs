//! A client's messages one after the other, with the answers beside them.

use std::collections::VecDeque;

use futures::future::BoxFuture;

use super::Session;

/// What may wait for its answer before the client is read no further: a join for each of its boards.
const ASKED_MAX: usize = 64;

/// Reads a client for a transport. What has to be asked of the core may take as long as a query may take, and the
/// commands behind it do not wait for that; questions are answered in their order.
pub struct RequestPipeline<'a> {
    session: &'a Session,
    asked: VecDeque<BoxFuture<'a, ()>>,
}

impl<'a> RequestPipeline<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        Self { session, asked: VecDeque::new() }
    }

    /// Takes one message from the client; see [`Session::receive`].
    pub async fn receive(&mut self, json: &str) {
        let session = self.session;
        let mut taking = std::pin::pin!(session.take(json));
        let asked = loop {
            tokio::select! {
                biased;
                asked = &mut taking => break asked,
                () = self.complete_next() => {}
            }
        };
        self.asked.extend(asked);
    }

    /// Whether so much waits for an answer that the client should not be read meanwhile.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.asked.len() >= ASKED_MAX
    }

    /// Waits until the next answer is given; for ever where nothing was asked. Whoever gives up waiting takes nothing away.
    pub async fn complete_next(&mut self) {
        match self.asked.front_mut() {
            Some(oldest) => oldest.await,
            None => std::future::pending().await,
        }
        self.asked.pop_front();
    }
}
