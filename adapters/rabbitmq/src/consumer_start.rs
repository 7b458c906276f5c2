//! Starts AMQP consumers with a prefetch limit.

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};

/// Starts a consumer. At most `prefetch` of its deliveries are unacknowledged.
pub(crate) async fn start_consumer(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
) -> lapin::Result<Consumer> {
    start_with(channel, queue, prefetch, BasicConsumeOptions::default()).await
}

/// Starts the only consumer of a queue.
pub(crate) async fn start_exclusive_consumer(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
) -> lapin::Result<Consumer> {
    let options = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
    start_with(channel, queue, prefetch, options).await
}

async fn start_with(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
    options: BasicConsumeOptions,
) -> lapin::Result<Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await
}
