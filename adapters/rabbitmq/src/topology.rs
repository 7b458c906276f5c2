//! The queues and exchanges: their arguments, declarations and bindings.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel, ExchangeKind};

use crate::settings::Settings;

/// Deliveries after which the broker itself dead-letters a message. Without a limit, a message that
/// crashes workers would do so for ever.
const DELIVERIES_MAX: i32 = 20;
const WORK_BYTES_MAX: i64 = 256 * 1024 * 1024;
/// More dead letters than an operator can inspect. The oldest are dropped first.
const DEAD_LETTERS_MAX: i32 = 100_000;
/// RabbitMQ 4 drops a message after 20 deliveries by default, and inspecting counts as one.
const DEAD_LETTER_DELIVERIES_MAX: i32 = 1_000_000_000;
const GATEWAY_MESSAGES_MAX: i32 = 20_000;
const GATEWAY_BYTES_MAX: i64 = 64 * 1024 * 1024;
const QUERIES_MAX: i32 = 10_000;
const HEARTBEATS_MAX: i32 = 1_000;
const PRESENCE_MESSAGES_MAX: i32 = 1_000;
const PRESENCE_BYTES_MAX: i64 = 8 * 1024 * 1024;
/// Older presence updates are outdated or have been repeated.
const PRESENCE_TTL_MILLISECONDS: i32 = 5_000;
const INTAKE_MESSAGES_MAX: i32 = 10_000;
const INTAKE_BYTES_MAX: i64 = 64 * 1024 * 1024;
const INTAKE_TTL_MILLISECONDS: i32 = 60_000;
/// The deadline of a query, and so the time to live of its message.
pub(crate) const QUERY_TIMEOUT: Duration = Duration::from_secs(5);

/// Declares everything that outlives a process. It fails if another process declared it with other
/// settings.
pub(crate) async fn declare(channel: &Channel, settings: &Settings) -> lapin::Result<()> {
    let names = &settings.names;
    exchange(channel, names.announce(), ExchangeKind::Topic).await?;
    exchange(channel, names.presence(), ExchangeKind::Topic).await?;
    exchange(channel, names.dead_letter_exchange(), ExchangeKind::Fanout).await?;
    queue(channel, names.dead_letters(), DURABLE, dead_letters()).await?;
    bind(channel, &names.dead_letters(), names.dead_letter_exchange(), String::new()).await?;
    queue(channel, names.queries(), DURABLE, queries()).await?;
    queue(channel, names.query_batches(), DURABLE, queries()).await?;
    queue(channel, names.intake(), DURABLE, intake()).await?;
    for number in 0..settings.work_queues {
        declare_work_queue(channel, settings, number).await?;
    }
    Ok(())
}

/// Declares one work queue.
pub(crate) async fn declare_work_queue(
    channel: &Channel,
    settings: &Settings,
    number: u16,
) -> lapin::Result<()> {
    queue(channel, settings.names.work(number), DURABLE, work(settings)).await
}

/// Declares a gateway's own queue.
///
/// It is exclusive, so it ends with its connection and no process leaves one behind. Each
/// connection uses a new name: the broker may not have noticed yet that the last connection is
/// lost, or the node of the old queue may be down. The messages in it are lost with it; the gateway
/// is notified and compares the heads.
pub(crate) async fn declare_gateway_queue(channel: &Channel, name: &str) -> lapin::Result<()> {
    // What overflows is detected by sequence number or by the next comparison of heads.
    let mut arguments = classic(GATEWAY_MESSAGES_MAX);
    put(&mut arguments, "x-max-length-bytes", GATEWAY_BYTES_MAX.into());
    queue(channel, name.to_owned(), EXCLUSIVE, arguments).await
}

/// Declares a worker's own queue, in which it receives heartbeats.
pub(crate) async fn declare_worker_queue(channel: &Channel, name: &str) -> lapin::Result<()> {
    queue(channel, name.to_owned(), EXCLUSIVE, classic(HEARTBEATS_MAX)).await
}

/// Declares a gateway's own queue of presence updates. The oldest are dropped first.
pub(crate) async fn declare_presence_queue(channel: &Channel, name: &str) -> lapin::Result<()> {
    let mut arguments = classic(PRESENCE_MESSAGES_MAX);
    put(&mut arguments, "x-max-length-bytes", PRESENCE_BYTES_MAX.into());
    put(&mut arguments, "x-message-ttl", PRESENCE_TTL_MILLISECONDS.into());
    queue(channel, name.to_owned(), EXCLUSIVE, arguments).await
}

pub(crate) async fn bind(
    channel: &Channel,
    queue: &str,
    exchange: String,
    key: String,
) -> lapin::Result<()> {
    let options = QueueBindOptions::default();
    channel
        .queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default())
        .await
}

pub(crate) async fn unbind(
    channel: &Channel,
    queue: &str,
    exchange: String,
    key: String,
) -> lapin::Result<()> {
    channel.queue_unbind(queue.into(), exchange.into(), key.into(), FieldTable::default()).await
}

const DURABLE: QueueDeclareOptions = QueueDeclareOptions {
    passive: false,
    durable: true,
    exclusive: false,
    auto_delete: false,
    nowait: false,
};

const EXCLUSIVE: QueueDeclareOptions = QueueDeclareOptions {
    passive: false,
    durable: false,
    exclusive: true,
    auto_delete: false,
    nowait: false,
};

/// Replicated, consumed by one worker at a time; a full queue refuses messages.
fn work(settings: &Settings) -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-queue-type", text("quorum"));
    put(&mut arguments, "x-single-active-consumer", true.into());
    put(&mut arguments, "x-delivery-limit", DELIVERIES_MAX.into());
    put(&mut arguments, "x-dead-letter-exchange", text(&settings.names.dead_letter_exchange()));
    put(&mut arguments, "x-dead-letter-strategy", text("at-least-once"));
    put(&mut arguments, "x-max-length", i64::from(settings.work_messages_max).into());
    put(&mut arguments, "x-max-length-bytes", WORK_BYTES_MAX.into());
    put(&mut arguments, "x-overflow", text("reject-publish"));
    arguments
}

fn dead_letters() -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-queue-type", text("quorum"));
    put(&mut arguments, "x-delivery-limit", DEAD_LETTER_DELIVERIES_MAX.into());
    put(&mut arguments, "x-max-length", DEAD_LETTERS_MAX.into());
    put(&mut arguments, "x-overflow", text("drop-head"));
    arguments
}

/// Durable, because RabbitMQ 4 deprecates transient queues that are not exclusive. The messages are
/// transient and expire with their deadline.
fn queries() -> FieldTable {
    let mut arguments = classic(QUERIES_MAX);
    let milliseconds = i64::try_from(QUERY_TIMEOUT.as_millis()).unwrap_or(i64::MAX);
    put(&mut arguments, "x-message-ttl", milliseconds.into());
    arguments
}

/// Not replicated: the messages carry tokens, which must not be stored on disk, and the programs
/// resend them until they have an outcome. A message expires after a minute.
fn intake() -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-queue-type", text("classic"));
    put(&mut arguments, "x-message-ttl", INTAKE_TTL_MILLISECONDS.into());
    put(&mut arguments, "x-max-length", INTAKE_MESSAGES_MAX.into());
    put(&mut arguments, "x-max-length-bytes", INTAKE_BYTES_MAX.into());
    put(&mut arguments, "x-overflow", text("reject-publish"));
    arguments
}

fn classic(messages_max: i32) -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-queue-type", text("classic"));
    put(&mut arguments, "x-max-length", messages_max.into());
    put(&mut arguments, "x-overflow", text("drop-head"));
    arguments
}

async fn exchange(channel: &Channel, name: String, kind: ExchangeKind) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
}

async fn queue(
    channel: &Channel,
    name: String,
    options: QueueDeclareOptions,
    arguments: FieldTable,
) -> lapin::Result<()> {
    channel.queue_declare(name.into(), options, arguments).await.map(drop)
}

fn put(arguments: &mut FieldTable, name: &str, value: AMQPValue) {
    arguments.insert(ShortString::from(name), value);
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
}
