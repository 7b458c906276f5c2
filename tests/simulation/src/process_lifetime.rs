//! Whether a process runs. After its end its remaining tasks have no more effect.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use sockbit_application::mutex::locked;
use tokio::sync::Notify;

/// Where a worker can crash: between any two of these a message is lost or repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CrashPoint {
    /// After taking commands off the bus.
    Received,
    /// After deciding, before the commit.
    BeforeCommit,
    /// After the store has committed, before the worker knows it.
    Committed,
    /// After announcing the events.
    Announced,
    /// After sending the outcomes.
    OutcomesSent,
    /// After acknowledging the delivery.
    Acknowledged,
}

impl CrashPoint {
    pub const ALL: [Self; 6] = [
        Self::Received,
        Self::BeforeCommit,
        Self::Committed,
        Self::Announced,
        Self::OutcomesSent,
        Self::Acknowledged,
    ];
}

/// One lifetime of a process, from its start to its crash.
#[derive(Default)]
pub(crate) struct Lifetime {
    has_ended: AtomicBool,
    ended: Notify,
    crash_at: Mutex<Option<CrashPoint>>,
}

impl Lifetime {
    pub fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
        self.ended.notify_waiters();
        self.ended.notify_one();
    }

    pub fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// Waits for the end. One caller at a time.
    pub async fn ended(&self) {
        if !self.has_ended() {
            self.ended.notified().await;
        }
    }

    /// Returns only while the process runs: a port of an ended process never completes.
    pub async fn halt_if_ended(&self) {
        if self.has_ended() {
            std::future::pending::<()>().await;
        }
    }

    /// The process will crash when it reaches this point.
    pub fn crash_at(&self, crash_point: CrashPoint) {
        *locked(&self.crash_at) = Some(crash_point);
    }

    pub fn cancel_crash(&self) {
        *locked(&self.crash_at) = None;
    }

    /// The process reaches this point, and crashes if that is planned.
    pub async fn pass(&self, crash_point: CrashPoint) {
        let is_last = *locked(&self.crash_at) == Some(crash_point);
        if is_last {
            self.end();
        }
        self.halt_if_ended().await;
    }
}
