//! The connection on which a process sends to the broker.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// Messages on their way to the broker. They arrive in the order in which they were sent.
pub(crate) struct Uplink(mpsc::UnboundedSender<SentMessage>);

struct SentMessage {
    arrival: Instant,
    arrive: Box<dyn FnOnce() + Send>,
}

impl Uplink {
    /// An uplink that works until it is dropped and everything has arrived.
    pub fn new() -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel::<SentMessage>();
        tokio::spawn(async move {
            while let Some(message) = receiver.recv().await {
                sleep_until(message.arrival).await;
                (message.arrive)();
            }
        });
        Self(sender)
    }

    /// Calls `arrive` after this time, or later if an earlier message takes longer. Its result is
    /// received even if the uplink is dropped meanwhile.
    pub fn send<T: Send + 'static>(
        &self,
        latency: Duration,
        arrive: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (sender, arrived) = oneshot::channel();
        // The process may not wait for the result.
        let arrive = Box::new(move || drop(sender.send(arrive())));
        let sent = SentMessage { arrival: Instant::now() + latency, arrive };
        self.0.send(sent).ok();
        arrived
    }
}
