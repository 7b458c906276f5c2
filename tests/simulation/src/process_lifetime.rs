//! Whether a process lives. One that died does nothing more, though tasks of it may be left.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::locked;

/// Where a worker can die: between any two of these something is lost or comes twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CrashPoint {
    /// It has taken commands off the bus.
    Received,
    /// It has decided and is about to commit.
    BeforeCommit,
    /// The store has committed and it does not know yet.
    Committed,
    /// It has announced.
    Announced,
    /// It has answered.
    Answered,
    /// It has acknowledged.
    Acknowledged,
}

impl CrashPoint {
    pub const ALL: [Self; 6] = [
        Self::Received,
        Self::BeforeCommit,
        Self::Committed,
        Self::Announced,
        Self::Answered,
        Self::Acknowledged,
    ];
}

/// One life of a process, from its start to its crash.
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

    /// Goes on only where the process lives: a port of a dead one never answers.
    pub async fn halt_if_ended(&self) {
        if self.has_ended() {
            std::future::pending::<()>().await;
        }
    }

    /// The process will die when it comes to this moment.
    pub fn crash_at(&self, crash_point: CrashPoint) {
        *locked(&self.crash_at) = Some(crash_point);
    }

    pub fn cancel_crash(&self) {
        *locked(&self.crash_at) = None;
    }

    /// The process is at this moment, which may be its last.
    pub async fn pass(&self, crash_point: CrashPoint) {
        let is_last = *locked(&self.crash_at) == Some(crash_point);
        if is_last {
            self.end();
        }
        self.halt_if_ended().await;
    }
}
