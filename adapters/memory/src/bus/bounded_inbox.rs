//! What waits for one gateway to hear it: the latest, bounded in number and bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use sockbit_application::envelope::{Announcement, OutcomeEnvelope};
use sockbit_application::json_size::json_bytes;
use sockbit_application::mutex::locked;
use sockbit_application::ports::Incoming;
use tokio::sync::Notify;

const NEWS_MAX: usize = 4_096;
const NEWS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One gateway's share of the news. Where it does not keep up the oldest give way, and it is told.
#[derive(Default)]
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Default)]
struct Waiting {
    news: VecDeque<(Heard, usize)>,
    bytes: usize,
    is_interrupted: bool,
}

/// Incoming as they wait: announcements are shared with the other gateways.
pub(super) enum Heard {
    Announced(Arc<Announcement>),
    OutcomeEnvelope(Vec<OutcomeEnvelope>),
}

impl Heard {
    fn into_news(self) -> Incoming {
        match self {
            Self::Announced(announcement) => {
                Incoming::Announcement(Arc::unwrap_or_clone(announcement))
            }
            Self::OutcomeEnvelope(answers) => Incoming::Outcomes(answers),
        }
    }
}

impl Inbox {
    /// Takes an announcement of so many bytes in.
    pub fn announced(&self, announcement: &Arc<Announcement>, bytes: usize) {
        self.put(Heard::Announced(Arc::clone(announcement)), bytes);
    }

    /// Takes answers in that are for this gateway.
    pub fn answered(&self, answers: Vec<OutcomeEnvelope>) {
        let bytes = json_bytes(&answers);
        self.put(Heard::OutcomeEnvelope(answers), bytes);
    }

    fn put(&self, heard: Heard, bytes: usize) {
        let mut waiting = locked(&self.waiting);
        waiting.news.push_back((heard, bytes));
        waiting.bytes += bytes;
        waiting.drop_what_is_too_much();
        drop(waiting);
        self.came.notify_one();
    }

    /// Waits for the next news.
    pub async fn next(&self) -> Incoming {
        loop {
            if let Some(news) = locked(&self.waiting).take() {
                return news;
            }
            self.came.notified().await;
        }
    }
}

impl Waiting {
    fn take(&mut self) -> Option<Incoming> {
        if std::mem::take(&mut self.is_interrupted) {
            return Some(Incoming::Interrupted);
        }
        let (heard, bytes) = self.news.pop_front()?;
        self.bytes -= bytes;
        Some(heard.into_news())
    }

    /// The latest alone always fits: it is bounded where it is made.
    fn drop_what_is_too_much(&mut self) {
        while self.news.len() > 1 && (self.news.len() > NEWS_MAX || self.bytes > NEWS_BYTES_MAX) {
            let Some((_, bytes)) = self.news.pop_front() else { return };
            self.bytes -= bytes;
            self.is_interrupted = true;
        }
    }
}
