//! The questions of a gateway that wait for their answers.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sockbit_application::envelope::CoreReply;
use sockbit_application::mutex::locked;
use tokio::sync::oneshot;

/// Who asked what, by number. No number is given twice, so a late answer finds nobody.
#[derive(Default)]
pub(super) struct PendingQueries {
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<CoreReply>>>,
}

impl PendingQueries {
    /// A place for one answer, for as long as the asker holds on to it.
    pub fn begin(&self) -> PendingQuery<'_> {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        locked(&self.waiting).insert(number, sender);
        PendingQuery { waiting: self, number, answer }
    }

    pub fn answer(&self, number: u64, answer: CoreReply) {
        if let Some(asker) = locked(&self.waiting).remove(&number) {
            // Whoever asked may have given up meanwhile.
            asker.send(answer).ok();
        }
    }

    /// No answer will come any more to those who wait now.
    pub fn give_up(&self) {
        locked(&self.waiting).clear();
    }
}

/// Somebody waits for one answer, until this is dropped.
pub(super) struct PendingQuery<'a> {
    waiting: &'a PendingQueries,
    pub number: u64,
    answer: oneshot::Receiver<CoreReply>,
}

impl PendingQuery<'_> {
    /// The answer; `None` where none will come.
    pub async fn answer(&mut self) -> Option<CoreReply> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for PendingQuery<'_> {
    fn drop(&mut self) {
        locked(&self.waiting.waiting).remove(&self.number);
    }
}
