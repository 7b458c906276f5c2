//! The queues and exchanges, by name, and how they are declared.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel, ExchangeKind};
use sockbit_application::slot::Slot;
use uuid::Uuid;

use crate::settings::Settings;

/// Attempts at a message after which the broker itself sets it aside. Without a limit, a message
/// that brings workers down would do so for ever.
const DELIVERIES_MAX: i32 = 20;
const WORK_BYTES_MAX: i64 = 256 * 1024 * 1024;
/// More dead letters than anybody will look at; the oldest make room.
const DEAD_LETTERS_MAX: i32 = 100_000;
/// Later brokers throw away by themselves what was looked at twenty times.
const LOOKED_AT_MAX: i32 = 1_000_000_000;
const NEWS_MAX: i32 = 20_000;
const NEWS_BYTES_MAX: i64 = 64 * 1024 * 1024;
const QUESTIONS_MAX: i32 = 10_000;
const SIGNS_MAX: i32 = 1_000;
const PEOPLE_MAX: i32 = 1_000;
const PEOPLE_BYTES_MAX: i64 = 8 * 1024 * 1024;
/// What waited longer is told anew, or not so any more.
const PEOPLE_MILLISECONDS_MAX: i32 = 5_000;
const INTAKE_MAX: i32 = 10_000;
const INTAKE_BYTES_MAX: i64 = 64 * 1024 * 1024;
const INTAKE_MILLISECONDS_MAX: i32 = 60_000;
/// After this nobody waits for the answer any more.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The names of all queues and exchanges of one installation.
#[derive(Clone, Debug)]
pub struct Names {
    namespace: String,
}

impl Names {
    pub(crate) fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned() }
    }

    /// The queue with this number, where commands wait.
    #[must_use]
    pub fn work(&self, queue: u16) -> String {
        self.name(&format!("work.{queue}"))
    }

    /// The exchange for all news. The routing key is the number of a slot for what happened there,
    /// `gateway.` with an id for outcomes and replies, and `workers` for their signs of life: one
    /// exchange, so that whoever hears these knows that nothing else passes it by.
    #[must_use]
    pub fn announce(&self) -> String {
        self.name("announce")
    }

    /// The exchange for what gateways tell each other of people, with slots as routing keys.
    #[must_use]
    pub fn presence(&self) -> String {
        self.name("presence")
    }

    /// The queue where questions wait.
    #[must_use]
    pub fn questions(&self) -> String {
        self.name("questions")
    }

    /// The queue where programs put commands.
    #[must_use]
    pub fn intake(&self) -> String {
        self.name("intake")
    }

    /// The exchange for what is set aside.
    #[must_use]
    pub fn dead(&self) -> String {
        self.name("dead")
    }

    /// The queue of what was set aside, for a person to look at.
    #[must_use]
    pub fn dead_letters(&self) -> String {
        self.name("dead-letters")
    }

    pub(crate) fn gateway(&self, id: Uuid, connection: u64) -> String {
        self.name(&format!("gateway.{id}.{connection}"))
    }

    pub(crate) fn presence_of(&self, gateway: Uuid, connection: u64) -> String {
        self.name(&format!("presence.{gateway}.{connection}"))
    }

    pub(crate) fn worker(&self, id: Uuid, connection: u64) -> String {
        self.name(&format!("worker.{id}.{connection}"))
    }

    /// Whether a queue with this name is one of this installation.
    pub(crate) fn owns(&self, queue: &str) -> bool {
        queue.strip_prefix(&self.namespace).is_some_and(|rest| rest.starts_with('.'))
    }

    fn name(&self, rest: &str) -> String {
        format!("{}.{rest}", self.namespace)
    }
}

/// The queue of a slot's commands.
pub(crate) fn queue_of(slot: Slot, work_queues: u16) -> u16 {
    u16::from(slot.0) % work_queues
}

pub(crate) fn slot_key(slot: Slot) -> String {
    slot.0.to_string()
}

pub(crate) fn gateway_key(gateway: Uuid) -> String {
    format!("gateway.{gateway}")
}

/// The routing key of workers' signs of life.
pub(crate) const WORKERS_KEY: &str = "workers";

/// Declares everything that outlives a process. Whoever comes first does it, and whoever comes
/// later finds out whether it was told the same.
pub(crate) async fn declare(channel: &Channel, settings: &Settings) -> lapin::Result<()> {
    let names = &settings.names;
    exchange(channel, names.announce(), ExchangeKind::Topic).await?;
    exchange(channel, names.presence(), ExchangeKind::Topic).await?;
    exchange(channel, names.dead(), ExchangeKind::Fanout).await?;
    queue(channel, names.dead_letters(), DURABLE, dead_letters()).await?;
    bind(channel, &names.dead_letters(), names.dead(), String::new()).await?;
    queue(channel, names.questions(), DURABLE, questions()).await?;
    queue(channel, names.intake(), DURABLE, intake()).await?;
    for number in 0..settings.work_queues {
        declare_work_queue(channel, settings, number).await?;
    }
    Ok(())
}

/// Declares one of the queues of commands.
pub(crate) async fn declare_work_queue(
    channel: &Channel,
    settings: &Settings,
    number: u16,
) -> lapin::Result<()> {
    queue(channel, settings.names.work(number), DURABLE, work(settings)).await
}

/// A gateway's own queue. It belongs to its connection and ends with it, so nothing is left behind
/// by a process that is gone; and each connection names another one, so that a broker that has not
/// yet noticed the end of the last connection, or a node that is down with it, is in nobody's way.
/// What was in it is lost with it: the gateway is told so, and asks for the heads.
pub(crate) async fn declare_gateway_queue(channel: &Channel, name: &str) -> lapin::Result<()> {
    // What does not fit is found missing by its number or by the next heads.
    let mut arguments = classic(NEWS_MAX);
    put(&mut arguments, "x-max-length-bytes", NEWS_BYTES_MAX.into());
    queue(channel, name.to_owned(), EXCLUSIVE, arguments).await
}

/// A worker's own queue, where it hears of the others.
pub(crate) async fn declare_worker_queue(channel: &Channel, name: &str) -> lapin::Result<()> {
    queue(channel, name.to_owned(), EXCLUSIVE, classic(SIGNS_MAX)).await
}

/// A gateway's own queue of what is told of people. What does not fit, or waits for long, is dropped.
pub(crate) async fn declare_people_queue(channel: &Channel, name: &str) -> lapin::Result<()> {
    let mut arguments = classic(PEOPLE_MAX);
    put(&mut arguments, "x-max-length-bytes", PEOPLE_BYTES_MAX.into());
    put(&mut arguments, "x-message-ttl", PEOPLE_MILLISECONDS_MAX.into());
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

/// Replicated, one worker at a time, and refusing what does not fit.
fn work(settings: &Settings) -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-queue-type", text("quorum"));
    put(&mut arguments, "x-single-active-consumer", true.into());
    put(&mut arguments, "x-delivery-limit", DELIVERIES_MAX.into());
    put(&mut arguments, "x-dead-letter-exchange", text(&settings.names.dead()));
    put(&mut arguments, "x-dead-letter-strategy", text("at-least-once"));
    put(&mut arguments, "x-max-length", i64::from(settings.work_messages_max).into());
    put(&mut arguments, "x-max-length-bytes", WORK_BYTES_MAX.into());
    put(&mut arguments, "x-overflow", text("reject-publish"));
    arguments
}

fn dead_letters() -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-queue-type", text("quorum"));
    put(&mut arguments, "x-delivery-limit", LOOKED_AT_MAX.into());
    put(&mut arguments, "x-max-length", DEAD_LETTERS_MAX.into());
    put(&mut arguments, "x-overflow", text("drop-head"));
    arguments
}

/// Durable, since later brokers take no other that several connections share; its messages are
/// not, and end when nobody waits for their answers any more.
fn questions() -> FieldTable {
    let mut arguments = classic(QUESTIONS_MAX);
    let milliseconds = i64::try_from(ANSWER_WITHIN.as_millis()).unwrap_or(i64::MAX);
    put(&mut arguments, "x-message-ttl", milliseconds.into());
    arguments
}

/// Not replicated: messages here carry tokens, which are not to be kept on disk, and their programs
/// keep them until they have an outcome. What nobody takes in for a minute is sent again by then.
fn intake() -> FieldTable {
    let mut arguments = FieldTable::default();
    put(&mut arguments, "x-queue-type", text("classic"));
    put(&mut arguments, "x-message-ttl", INTAKE_MILLISECONDS_MAX.into());
    put(&mut arguments, "x-max-length", INTAKE_MAX.into());
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
