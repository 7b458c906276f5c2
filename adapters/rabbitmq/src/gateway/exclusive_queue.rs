//! An exclusive queue of a gateway: its bindings and its consumer.

use std::sync::Mutex;

use futures::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::{Channel, Consumer};
use sockbit_application::mutex::locked;

use crate::consumer_start::start_exclusive_consumer;
use crate::topology;

const UNACKNOWLEDGED_MAX: u64 = 32;

/// A declared queue, and the channel on which it is consumed.
pub(super) struct ExclusiveQueue {
    pub channel: Channel,
    name: String,
    /// The consumer between [`Self::start_consumer`] and [`Self::consume`].
    consumer: Mutex<Option<Consumer>>,
}

impl ExclusiveQueue {
    /// A declared queue without a consumer.
    pub fn new(channel: Channel, name: String) -> Self {
        Self { channel, name, consumer: Mutex::default() }
    }

    pub async fn bind(&self, exchange: String, key: String) -> lapin::Result<()> {
        topology::bind(&self.channel, &self.name, exchange, key).await
    }

    pub async fn unbind(&self, exchange: String, key: String) -> lapin::Result<()> {
        topology::unbind(&self.channel, &self.name, exchange, key).await
    }

    /// Starts the consumer. [`Self::consume`] receives its deliveries.
    pub async fn start_consumer(&self, prefetch: u16) -> lapin::Result<()> {
        let consumer = start_exclusive_consumer(&self.channel, &self.name, prefetch).await?;
        *locked(&self.consumer) = Some(consumer);
        Ok(())
    }

    /// Passes each delivery to `receive`. Deliveries that arrive together are acknowledged together.
    /// Returns why the queue cannot be consumed any longer.
    pub async fn consume(&self, receive: impl Fn(&Delivery)) -> String {
        let Some(mut consumer) = locked(&self.consumer).take() else {
            return format!("the queue {} has no consumer", self.name);
        };
        while let Some(delivery) = consumer.next().await {
            let mut last = match delivery {
                Ok(delivery) => delivery,
                Err(error) => return error.to_string(),
            };
            receive(&last);
            let mut unacknowledged = 1;
            while unacknowledged < UNACKNOWLEDGED_MAX
                && let Some(Some(Ok(next))) = consumer.next().now_or_never()
            {
                receive(&next);
                unacknowledged += 1;
                last = next;
            }
            let all = BasicAckOptions { multiple: true };
            if let Err(error) = self.channel.basic_ack(last.delivery_tag, all).await {
                return error.to_string();
            }
        }
        format!("the queue {} was deleted", self.name)
    }
}
