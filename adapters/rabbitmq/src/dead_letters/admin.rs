//! Lists, replays and discards dead letters.

use std::sync::Arc;

use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions};
use lapin::types::AMQPValue;
use sha2::{Digest, Sha256};
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::hex;
use sockbit_application::slot::Slot;
use sockbit_domain::MessageId;
use tokio::sync::Mutex;
use uuid::{Builder, Uuid};

use super::headers::{BROKER_ORIGIN, BROKER_REASON, INTERNAL_OUTCOME, ORIGIN, OUTCOME, REASON};
use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::confirm_channel::ConfirmChannel;
use crate::connect_error::ConnectError;
use crate::names::work_queue_of;
use crate::outgoing_message::{OutgoingMessage, PublishResult};
use crate::settings::Settings;
use crate::topology;

/// Short enough to type, long enough to be unique among the dead letters.
const ID_BYTES: usize = 6;

/// Access to the dead letters.
///
/// The dead letters that it has listed are invisible to others until it is closed. Then those that
/// were neither replayed nor discarded return to the queue.
pub struct DeadLetterAdmin {
    settings: Settings,
    connection: Arc<BrokerConnection>,
    channel: Channel,
    publishing: Mutex<ConfirmChannel<()>>,
}

/// A message that could not be processed.
pub struct DeadLetter {
    /// The first digits of the body's hash, so equal messages have the same id.
    pub id: String,
    /// The queue from which it was taken.
    pub origin: String,
    /// Why it was dead-lettered.
    pub reason: String,
    /// When, in seconds since 1970, if that is known.
    pub seconds: Option<u64>,
    /// The commands in it, or why they cannot be read.
    pub commands: Result<Vec<CommandEnvelope>, String>,
    /// The body.
    pub bytes: Vec<u8>,
    /// Whether its command has an outcome, which every repeat under the same id gets.
    has_outcome: bool,
    delivery_tag: u64,
}

/// Why an operation on dead letters failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeadLetterAdminError {
    /// There is no dead letter with this id.
    #[error("there is no dead letter {0}")]
    Missing(String),
    /// It does not contain commands.
    #[error("it cannot be replayed: {0}")]
    Unreadable(String),
    /// The broker reported an error.
    #[error("RabbitMQ reported an error: {0}")]
    Broker(String),
}

impl DeadLetterAdmin {
    /// Connects to the broker.
    pub async fn open(settings: Settings) -> Result<Self, ConnectError> {
        let opening = async {
            let name = "sockbit dead letters";
            let connection = Arc::new(BrokerConnection::open(&settings, name).await?);
            let channel = connection.open_channel().await?;
            topology::declare(&channel, &settings).await?;
            let publishing = ConfirmChannel::open(&connection).await?;
            Ok::<_, BrokerError>((connection, channel, Mutex::new(publishing)))
        };
        match opening.await {
            Ok((connection, channel, publishing)) => {
                Ok(Self { settings, connection, channel, publishing })
            }
            Err(error) => Err(ConnectError::new(&settings, &error)),
        }
    }

    /// All dead letters that were not listed since this was opened, the oldest first.
    pub async fn list(&self) -> Result<Vec<DeadLetter>, DeadLetterAdminError> {
        let queue = self.settings.names.dead_letters();
        let mut dead_letters = Vec::new();
        loop {
            let options = BasicGetOptions::default();
            let message = self.channel.basic_get(queue.as_str().into(), options).await;
            match message.map_err(broker_error)? {
                Some(message) => dead_letters.push(self.dead_letter(message.delivery)),
                None => return Ok(dead_letters),
            }
        }
    }

    /// The oldest dead letter with this id.
    pub async fn find(&self, id: &str) -> Result<DeadLetter, DeadLetterAdminError> {
        let found = self.list().await?.into_iter().find(|dead_letter| dead_letter.id == id);
        found.ok_or_else(|| DeadLetterAdminError::Missing(id.to_owned()))
    }

    /// Publishes the commands of a dead letter to their work queues again. Returns their message
    /// ids.
    ///
    /// A command on which deciding failed has an outcome, so it gets a new id: the same for every
    /// dead letter of that command. All others keep their ids, since their senders may have resent
    /// them meanwhile. So no command takes effect twice, however often it is replayed.
    pub async fn replay(
        &self,
        dead_letter: DeadLetter,
    ) -> Result<Vec<MessageId>, DeadLetterAdminError> {
        let mut commands = dead_letter.commands.map_err(DeadLetterAdminError::Unreadable)?;
        if dead_letter.has_outcome {
            for command in &mut commands {
                command.message = replay_id(command);
            }
        }
        let ids = commands.iter().map(|command| command.message).collect();
        let messages = commands.iter().map(|it| self.message(it)).collect::<Result<_, _>>();
        let results = self.publishing.lock().await.publish(messages?).await;
        let published = results.into_iter().try_for_each(PublishResult::into_result);
        published.map_err(DeadLetterAdminError::Broker)?;
        self.acknowledge(dead_letter.delivery_tag).await?;
        Ok(ids)
    }

    /// Deletes a dead letter.
    pub async fn discard(&self, dead_letter: DeadLetter) -> Result<(), DeadLetterAdminError> {
        self.acknowledge(dead_letter.delivery_tag).await
    }

    /// Disconnects. The remaining dead letters return to the queue.
    pub async fn close(self) {
        self.connection.close().await;
    }

    fn dead_letter(&self, delivery: Delivery) -> DeadLetter {
        let header = |name: &str| {
            let headers = delivery.properties.headers().as_ref()?;
            match headers.inner().get(name)? {
                AMQPValue::LongString(text) => Some(text.to_string()),
                _ => None,
            }
        };
        let by_broker =
            || header(BROKER_REASON).map(|it| format!("dead-lettered by RabbitMQ: {it}"));
        let unknown = || "unknown".to_owned();
        DeadLetter {
            id: id(&delivery.data),
            origin: header(ORIGIN).or_else(|| header(BROKER_ORIGIN)).unwrap_or_else(unknown),
            reason: header(REASON).or_else(by_broker).unwrap_or_else(unknown),
            seconds: *delivery.properties.timestamp(),
            commands: self.commands(&delivery.data),
            has_outcome: header(OUTCOME).as_deref() == Some(INTERNAL_OUTCOME),
            delivery_tag: delivery.delivery_tag,
            bytes: delivery.data,
        }
    }

    fn commands(&self, bytes: &[u8]) -> Result<Vec<CommandEnvelope>, String> {
        let commands = self.settings.keys.verify_commands(bytes).map_err(|it| it.to_string())?;
        commands.into_iter().map(|it| it.map_err(|(_, reason)| reason)).collect()
    }

    fn message(&self, command: &CommandEnvelope) -> Result<OutgoingMessage, DeadLetterAdminError> {
        let kind = MessageKind::Commands;
        let signed = self.settings.sign(kind, &[command]);
        let body = signed.map_err(DeadLetterAdminError::Unreadable)?;
        let queue = work_queue_of(Slot::of(command.board), self.settings.work_queues);
        let queue = self.settings.names.work(queue);
        Ok(OutgoingMessage::persistent_to_queue(queue, kind.name(), body))
    }

    async fn acknowledge(&self, delivery_tag: u64) -> Result<(), DeadLetterAdminError> {
        let options = BasicAckOptions::default();
        self.channel.basic_ack(delivery_tag, options).await.map_err(broker_error)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of an error mapping")]
fn broker_error(error: lapin::Error) -> DeadLetterAdminError {
    DeadLetterAdminError::Broker(error.to_string())
}

fn id(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes).get(..ID_BYTES).unwrap_or_default())
}

/// The id under which a failed command is tried again. It depends on the command alone.
fn replay_id(command: &CommandEnvelope) -> MessageId {
    let CommandEnvelope { board, client, message, body, .. } = command;
    let ids = [board.0, client.0, message.0].map(Uuid::into_bytes);
    let digest = Sha256::new().chain_update(ids.concat()).chain_update(body.get()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    MessageId(Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use sockbit_application::bus_messages::Address;
    use sockbit_application::trace_id::TraceId;
    use sockbit_domain::{Actor, ActorId, BoardId, ClientId};

    use super::*;

    fn command(numbers: [u128; 4], body: &str) -> CommandEnvelope {
        let [trace, board, client, message] = numbers.map(Uuid::from_u128);
        CommandEnvelope {
            trace: TraceId(trace),
            reply_to: Address::new(Uuid::nil(), 1),
            actor: Actor { id: ActorId(Uuid::nil()), name: "Ada".to_owned(), colour: 0 },
            client: ClientId(client),
            message: MessageId(message),
            board: BoardId(board),
            key: None,
            body: RawValue::from_string(body.to_owned()).expect("valid JSON"),
        }
    }

    #[test]
    fn a_failed_command_has_one_replay_id_however_often_it_was_sent() {
        let first = command([1, 2, 3, 4], "7");
        let new = replay_id(&first);
        assert_ne!(new, first.message);
        assert_eq!(replay_id(&command([9, 2, 3, 4], "7")), new, "with another trace");
        for other in [[1, 9, 3, 4], [1, 2, 9, 4], [1, 2, 3, 9]] {
            assert_ne!(replay_id(&command(other, "7")), new, "{other:?}");
        }
        assert_ne!(replay_id(&command([1, 2, 3, 4], "8")), new);
    }

    #[test]
    fn the_id_of_a_dead_letter_is_the_start_of_its_hash() {
        assert_eq!(id(b"abc"), "ba7816bf8f01");
    }
}
