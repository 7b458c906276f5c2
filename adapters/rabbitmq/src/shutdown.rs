//! The shutdown of one endpoint: its phases, and the signal that announces them.

use std::sync::Arc;

use tokio::sync::watch;

/// How far an endpoint has shut down. A phase is never left for an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    /// It serves.
    Running,
    /// It accepts nothing new and finishes the work in progress.
    Draining,
    /// It stops at once.
    Aborted,
}

/// Announces the phase to all tasks of one endpoint.
#[derive(Clone)]
pub(crate) struct ShutdownSignal(Arc<watch::Sender<Phase>>);

impl ShutdownSignal {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Running)))
    }

    /// Enters a phase, unless a later one has begun.
    pub fn enter(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let is_later = phase > *current;
            *current = phase.max(*current);
            is_later
        });
    }

    pub fn has_begun(&self) -> bool {
        *self.0.borrow() > Phase::Running
    }

    /// The result of `operation`; `None` once the shutdown begins.
    pub async fn unless_begun<T>(&self, operation: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.reached(Phase::Draining) => None,
            result = operation => Some(result),
        }
    }

    /// Waits until this phase or a later one has begun.
    pub async fn reached(&self, phase: Phase) {
        // The sender lives in `self`, so waiting cannot fail.
        self.0.subscribe().wait_for(|current| *current >= phase).await.ok();
    }
}
