//! Starts an AMQP consumer with a prefetch limit.

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};

/// Starts to consume a queue, with at most `prefetch` deliveries that are not acknowledged.
pub(crate) async fn consume(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
) -> lapin::Result<Consumer> {
    consume_with(channel, queue, prefetch, BasicConsumeOptions::default()).await
}

/// Starts to consume a queue as its only consumer.
pub(crate) async fn consume_exclusively(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
) -> lapin::Result<Consumer> {
    let options = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
    consume_with(channel, queue, prefetch, options).await
}

async fn consume_with(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
    options: BasicConsumeOptions,
) -> lapin::Result<Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await
}
