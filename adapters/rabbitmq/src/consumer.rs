//! How a queue is consumed.

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};

/// Begins to consume it, with at most so many messages on their way to us.
pub(crate) async fn consume(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
) -> lapin::Result<Consumer> {
    consume_as(channel, queue, prefetch, BasicConsumeOptions::default()).await
}

/// The same, as the only one who does.
pub(crate) async fn consume_alone(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
) -> lapin::Result<Consumer> {
    let alone = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
    consume_as(channel, queue, prefetch, alone).await
}

async fn consume_as(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
    options: BasicConsumeOptions,
) -> lapin::Result<Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await
}
