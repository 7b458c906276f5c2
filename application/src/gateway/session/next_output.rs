//! What a transport writes: queued messages first, then missing events.

use tokio::time::timeout_at;

use super::catch_up::CatchUpStep;
use super::session::Session;
use crate::gateway::transport_output::TransportOutput;

impl Session {
    /// Waits for the next output. The call confirms that the previous output has been written. Only
    /// one task may call it.
    pub async fn next(&self) -> TransportOutput {
        let has_written = self.outgoing.complete_write();
        if has_written && let Some(output) = self.catch_up_now() {
            return output;
        }
        loop {
            if let Some(output) = self.outgoing.take() {
                return output;
            }
            match self.catch_up() {
                CatchUpStep::Idle => self.outgoing.changed().await,
                CatchUpStep::Repeat => {}
                // Boxed, like the timeout, since an idle session does neither.
                CatchUpStep::FetchPage(board, state) => {
                    if let Some(output) = Box::pin(self.fetch_page(board, state)).await {
                        return output;
                    }
                }
                // Any message to write ends the wait.
                CatchUpStep::WaitUntil(deadline) => {
                    Box::pin(timeout_at(deadline, self.outgoing.changed())).await.ok();
                }
            }
        }
    }

    /// Waits until the gateway has closed this session as too slow. For use during a write, which
    /// does not complete if the client reads nothing.
    pub async fn closed_as_too_slow(&self) {
        self.outgoing.closed_as_too_slow().await;
    }
}
