//! A message to publish, and the result of publishing it.

use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, PublisherConfirm};

/// The header with further routing keys, which the broker does not deliver.
const FURTHER_KEYS: &str = "BCC";
const TRANSIENT: u8 = 1;
const PERSISTENT: u8 = 2;
/// About the size of a message without its body.
const ENVELOPE_BYTES: usize = 256;

/// One message to publish.
pub(crate) struct OutgoingMessage {
    exchange: String,
    routing_key: String,
    body: Vec<u8>,
    properties: BasicProperties,
    /// Whether the broker returns the message if no queue receives it.
    is_mandatory: bool,
}

impl OutgoingMessage {
    /// A transient message to an exchange. It is dropped if no queue is bound.
    pub fn transient(
        exchange: String,
        routing_key: String,
        message_type: &str,
        body: Vec<u8>,
    ) -> Self {
        let properties =
            BasicProperties::default().with_type(message_type.into()).with_delivery_mode(TRANSIENT);
        Self { exchange, routing_key, body, properties, is_mandatory: false }
    }

    /// A transient message to one queue. It is dropped if the queue does not exist.
    pub fn transient_to_queue(queue: String, message_type: &str, body: Vec<u8>) -> Self {
        Self::transient(String::new(), queue, message_type, body)
    }

    /// A persistent message to an exchange. It is returned if no queue is bound.
    pub fn persistent(
        exchange: String,
        routing_key: String,
        message_type: &str,
        body: Vec<u8>,
    ) -> Self {
        let properties = BasicProperties::default()
            .with_type(message_type.into())
            .with_delivery_mode(PERSISTENT);
        Self { exchange, routing_key, body, properties, is_mandatory: true }
    }

    /// A persistent message to one queue. It is returned if the queue does not exist.
    pub fn persistent_to_queue(queue: String, message_type: &str, body: Vec<u8>) -> Self {
        Self::persistent(String::new(), queue, message_type, body)
    }

    /// Adds routing keys. A queue that several of the keys are bound to receives one copy
    /// (sender-selected distribution).
    pub fn with_further_keys(self, keys: impl Iterator<Item = String>) -> Self {
        let keys: Vec<AMQPValue> = keys.map(|it| AMQPValue::LongString(it.into())).collect();
        if keys.is_empty() {
            return self;
        }
        let mut headers = FieldTable::default();
        headers.insert(FURTHER_KEYS.into(), AMQPValue::FieldArray(keys.into()));
        self.with_properties(|it| it.with_headers(headers))
    }

    pub fn with_properties(
        mut self,
        change: impl FnOnce(BasicProperties) -> BasicProperties,
    ) -> Self {
        self.properties = change(self.properties);
        self
    }

    /// Its approximate size on the bus.
    pub fn bytes(&self) -> usize {
        ENVELOPE_BYTES + self.body.len()
    }

    /// Writes the message to a channel.
    pub async fn publish_on(&self, channel: &Channel) -> lapin::Result<PublisherConfirm> {
        let options = BasicPublishOptions { mandatory: self.is_mandatory, immediate: false };
        channel
            .basic_publish(
                self.exchange.as_str().into(),
                self.routing_key.as_str().into(),
                options,
                &self.body,
                self.properties.clone(),
            )
            .await
    }
}

/// The result of publishing a message on a confirm channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PublishResult {
    /// The broker has the message.
    Confirmed,
    /// The broker does not have the message.
    Refused(String),
    /// The broker does not have the message: no queue receives it.
    Unroutable(String),
    /// The broker may have the message.
    Unknown(String),
    /// The broker may have the message. It confirms others meanwhile, so the queue is the cause.
    QueueUnresponsive(String),
}

impl PublishResult {
    /// For callers that handle everything but a confirmation alike.
    pub fn into_result(self) -> Result<(), String> {
        match self {
            Self::Confirmed => Ok(()),
            Self::Refused(reason)
            | Self::Unroutable(reason)
            | Self::Unknown(reason)
            | Self::QueueUnresponsive(reason) => Err(reason),
        }
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Attributes an unknown result to the queue, if the broker confirms everything else.
    pub fn attributed_to_queue(self) -> Self {
        match self {
            Self::Unknown(reason) => Self::QueueUnresponsive(reason),
            known => known,
        }
    }
}
