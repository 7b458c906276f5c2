//! What a gateway heard and has not looked at yet.

use std::collections::VecDeque;
use std::sync::Mutex;

use sockbit_application::mutex::locked;
use sockbit_application::ports::Incoming;
use tokio::sync::Notify;

const NEWS_MAX: usize = 4_096;
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// A bounded queue. Whoever does not look in time loses the oldest, and is told so.
#[derive(Default)]
pub(super) struct BoundedInbox {
    inside: Mutex<Inside>,
    arrived: Notify,
}

#[derive(Default)]
struct Inside {
    waiting: VecDeque<(Incoming, usize)>,
    bytes: usize,
    /// Whether something was lost before the first that waits.
    lost: bool,
}

impl BoundedInbox {
    /// Puts in what took so many bytes on the bus.
    pub fn put(&self, news: Incoming, bytes: usize) {
        let mut inside = locked(&self.inside);
        inside.waiting.push_back((news, bytes));
        inside.bytes += bytes;
        while inside.waiting.len() > NEWS_MAX
            || (inside.bytes > BYTES_MAX && inside.waiting.len() > 1)
        {
            let Some((_, bytes)) = inside.waiting.pop_front() else { break };
            inside.bytes -= bytes;
            inside.lost = true;
        }
        drop(inside);
        self.arrived.notify_one();
    }

    /// Waits for the next. Whoever gives up waiting takes nothing away.
    pub async fn next(&self) -> Incoming {
        loop {
            if let Some(news) = self.take() {
                return news;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Incoming> {
        let mut inside = locked(&self.inside);
        if std::mem::take(&mut inside.lost) {
            return Some(Incoming::Interrupted);
        }
        let (news, bytes) = inside.waiting.pop_front()?;
        inside.bytes -= bytes;
        Some(news)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use sockbit_application::envelope::Announcement;
    use sockbit_application::slot::Slot;

    use super::*;

    fn news(slot: u8) -> Incoming {
        Incoming::Announcement(Announcement { slot: Slot(slot), events: Vec::new() })
    }

    const LOST: i32 = -1;

    /// The slot of what comes next, or that something is said to be lost.
    fn next(inbox: &BoundedInbox) -> Option<i32> {
        inbox.next().now_or_never().map(|news| match news {
            Incoming::Announcement(it) => it.slot.0.into(),
            Incoming::Interrupted => LOST,
            Incoming::Outcomes(_) => panic!("nobody answered"),
        })
    }

    #[test]
    fn news_come_out_in_order() {
        let inbox = BoundedInbox::default();
        inbox.put(news(1), 10);
        inbox.put(Incoming::Interrupted, 0);
        inbox.put(news(2), 10);
        let all: Vec<_> = std::iter::from_fn(|| next(&inbox)).collect();
        assert_eq!(all, [1, LOST, 2]);
    }

    #[test]
    fn what_is_too_many_makes_room_and_that_is_said_once() {
        let inbox = BoundedInbox::default();
        for n in 0..=NEWS_MAX {
            inbox.put(news(u8::try_from(n % 256).expect("it fits")), 1);
        }
        assert_eq!(next(&inbox), Some(LOST));
        let rest: Vec<_> = std::iter::from_fn(|| next(&inbox)).collect();
        assert_eq!((rest.len(), rest.first()), (NEWS_MAX, Some(&1)));
    }

    #[test]
    fn what_is_too_large_makes_room_but_for_the_last() {
        let inbox = BoundedInbox::default();
        inbox.put(news(1), BYTES_MAX / 2);
        inbox.put(news(2), BYTES_MAX / 2 + 1);
        inbox.put(news(3), 2 * BYTES_MAX);
        let all: Vec<_> = std::iter::from_fn(|| next(&inbox)).collect();
        assert_eq!(all, [LOST, 3]);
        inbox.put(news(4), 1);
        assert_eq!(next(&inbox), Some(4), "there is room again");
    }
}
