//! Whether a process lives. One that died does nothing more, though tasks of it may be left.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::locked;

/// Where a worker can die: between any two of these something is lost or comes twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
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

impl Moment {
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
pub(crate) struct Life {
    is_over: AtomicBool,
    ended: Notify,
    last_moment: Mutex<Option<Moment>>,
}

impl Life {
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.ended.notify_waiters();
        self.ended.notify_one();
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Waits for the end. One caller at a time.
    pub async fn ended(&self) {
        if !self.is_over() {
            self.ended.notified().await;
        }
    }

    /// Goes on only where the process lives: a port of a dead one never answers.
    pub async fn lasts(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }

    /// The process will die when it comes to this moment.
    pub fn doom(&self, moment: Moment) {
        *locked(&self.last_moment) = Some(moment);
    }

    pub fn pardon(&self) {
        *locked(&self.last_moment) = None;
    }

    /// The process is at this moment, which may be its last.
    pub async fn comes_to(&self, moment: Moment) {
        let is_last = *locked(&self.last_moment) == Some(moment);
        if is_last {
            self.end();
        }
        self.lasts().await;
    }
}
