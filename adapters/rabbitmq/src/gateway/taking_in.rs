//! What programs put into the intake queue, and the way back for their answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::types::{AMQPValue, ShortString};
use lapin::{BasicProperties, Channel, Consumer};
use sockbit_application::envelope::Encoded;
use sockbit_application::ports::Submission;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::connection::{Fault, Open};
use crate::consuming::consume;
use crate::link::{Closing, Purpose, Stage, locked};
use crate::publishing::{Parcel, Publisher};
use crate::settings::Settings;
use crate::topology;

/// Messages that the broker sends ahead, and so the most that wait for their outcomes here.
const PREFETCH: u16 = 64;
/// The header that tells who sends.
const TOKEN: &str = "token";
/// What the answer to a program is called.
const KIND: &str = "answer";

/// Takes in for one gateway.
pub(super) struct TakingIn {
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    waiting: Mutex<VecDeque<Submission>>,
    arrived: Notify,
}

pub(super) struct Session {
    channel: Channel,
    consumer: Mutex<Option<Consumer>>,
}

impl TakingIn {
    pub fn new(settings: Arc<Settings>, publisher: Publisher) -> Self {
        Self { settings, publisher, waiting: Mutex::default(), arrived: Notify::new() }
    }

    pub async fn next(&self) -> Submission {
        loop {
            let waiting = locked(&self.waiting).pop_front();
            match waiting {
                Some(submission) => return submission,
                None => self.arrived.notified().await,
            }
        }
    }

    fn put(&self, channel: &Channel, delivery: Delivery) {
        let way = Way {
            publisher: self.publisher.clone(),
            channel: channel.clone(),
            tag: delivery.delivery_tag,
            back: self.way_back(&delivery.properties),
        };
        locked(&self.waiting).push_back(Submission {
            token: token(&delivery.properties),
            message: delivery.data,
            reply: Box::new(move |answer| way.reply(&answer)),
        });
        self.arrived.notify_one();
    }

    /// The queue that an answer goes to, and what the program knows it by.
    fn way_back(&self, properties: &BasicProperties) -> Option<(String, Option<ShortString>)> {
        let queue = properties.reply_to().as_ref()?.as_str();
        // Answers among our own messages would be taken for damaged ones.
        let is_ours = self.settings.names.owns(queue);
        (!is_ours).then(|| (queue.to_owned(), properties.correlation_id().clone()))
    }
}

fn token(properties: &BasicProperties) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(TOKEN)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

/// The way back of one answer.
struct Way {
    publisher: Publisher,
    channel: Channel,
    tag: u64,
    back: Option<(String, Option<ShortString>)>,
}

impl Way {
    /// A message whose answer could not be sent is not let go of: it comes again, and so does the
    /// same answer.
    fn reply(self, answer: &Encoded) {
        let Ok(runtime) = Handle::try_current() else { return };
        let answer = answer.to_vec();
        runtime.spawn(async move {
            match self.post(answer).await {
                // Where the channel is gone, the message went to another gateway.
                Ok(()) => self.channel.basic_ack(self.tag, BasicAckOptions::default()).await.ok(),
                Err(error) => {
                    tracing::warn!(error, "a program could not be answered");
                    None
                }
            }
        });
    }

    async fn post(&self, answer: Vec<u8>) -> Result<(), String> {
        let Some((queue, correlation)) = &self.back else { return Ok(()) };
        let parcel = Parcel::news(String::new(), queue.clone(), KIND, answer).with(|it| {
            let it = it.with_content_type("application/json".into());
            match correlation {
                Some(id) => it.with_correlation_id(id.clone()),
                None => it,
            }
        });
        self.publisher.post(parcel).await
    }
}

#[async_trait]
impl Purpose for TakingIn {
    type Session = Session;

    fn name(&self) -> &'static str {
        "intake"
    }

    async fn begin(&self, open: &Arc<Open>, _: u64) -> Result<Session, Fault> {
        let channel = open.channel().await?;
        topology::declare(&channel, &self.settings).await?;
        let consumer = consume(&channel, &self.settings.names.intake(), PREFETCH).await?;
        let consumer = Mutex::new(Some(consumer));
        Ok(Session { channel, consumer })
    }

    async fn carry_on(&self, session: &Session, closing: &Closing) -> String {
        let Some(mut consumer) = locked(&session.consumer).take() else { return String::new() };
        loop {
            let delivery = tokio::select! {
                delivery = consumer.next() => delivery,
                () = closing.reached(Stage::Finishing) => return String::new(),
            };
            match delivery {
                Some(Ok(delivery)) => self.put(&session.channel, delivery),
                Some(Err(error)) => return error.to_string(),
                None => return "the intake queue is gone".to_owned(),
            }
        }
    }

    fn lost(&self, _: &Session) {
        // It comes again to whoever consumes the queue then.
        locked(&self.waiting).clear();
    }
}
