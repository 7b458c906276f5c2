//! Where a person looks at what was set aside, and decides what becomes of it.

use std::sync::Arc;

use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions};
use lapin::types::AMQPValue;
use sha2::{Digest, Sha256};
use sockbit_application::envelope::CommandEnvelope;
use sockbit_application::hex;
use sockbit_application::seal::MessageKind;
use sockbit_application::slot::Slot;
use sockbit_domain::MessageId;
use tokio::sync::Mutex;
use uuid::{Builder, Uuid};

use super::{INTERNAL, ORIGIN, OUTCOME, REASON};
use crate::confirm_channel::{ConfirmChannel, Renewal};
use crate::connect_error::ConnectError;
use crate::connection::{BrokerConnection, BrokerError};
use crate::publisher::{CONFIRMED_WITHIN, OutgoingMessage, PublishResult};
use crate::settings::Settings;
use crate::topology::{self, queue_of};

/// What the broker itself tells of a message that it gave up.
const BROKERS_ORIGIN: &str = "x-first-death-queue";
const BROKERS_REASON: &str = "x-first-death-reason";
/// Half of a line; nobody has so many that two are alike.
const ID_BYTES: usize = 6;

/// All dead letters, for as long as this is open: nobody else sees them meanwhile, and those that
/// are left return to their places.
pub struct DeadLetterAdmin {
    settings: Settings,
    open: Arc<BrokerConnection>,
    channel: Channel,
    confirming: Mutex<ConfirmChannel>,
}

/// Something that could not be dealt with.
pub struct DeadLetter {
    /// What a person calls it: digits of its hash, so the same thing twice has one name.
    pub id: String,
    /// The queue that it was in.
    pub origin: String,
    /// Why it was set aside.
    pub reason: String,
    /// When, in seconds since 1970, where that is known.
    pub seconds: Option<u64>,
    /// The commands in it, or why they cannot be read.
    pub commands: Result<Vec<CommandEnvelope>, String>,
    /// As it lies there.
    pub bytes: Vec<u8>,
    /// Whether its command has an outcome already, by which every repeat under its id is answered.
    has_failed: bool,
    tag: u64,
}

/// What a person wanted could not be done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeadLetterAdminError {
    /// There is no such letter.
    #[error("there is no dead letter {0}")]
    Missing(String),
    /// It holds no commands.
    #[error("it cannot be replayed: {0}")]
    Unreadable(String),
    /// The broker did not do it.
    #[error("RabbitMQ does not obey: {0}")]
    Broker(String),
}

impl DeadLetterAdmin {
    /// Takes a place at it.
    pub async fn open(settings: Settings) -> Result<Self, ConnectError> {
        let sit_down = async {
            let open =
                Arc::new(BrokerConnection::connect(&settings, "sockbit dead letters").await?);
            let channel = open.channel().await?;
            topology::declare(&channel, &settings).await?;
            let confirming = Mutex::new(ConfirmChannel::on(&open, Renewal::Wanted).await?);
            Ok::<_, BrokerError>((open, channel, confirming))
        };
        match sit_down.await {
            Ok((open, channel, confirming)) => Ok(Self { settings, open, channel, confirming }),
            Err(fault) => Err(ConnectError::new(&settings, &fault)),
        }
    }

    /// All letters that nobody looked at since this was opened, the oldest first.
    pub async fn letters(&self) -> Result<Vec<DeadLetter>, DeadLetterAdminError> {
        let queue = self.settings.names.dead_letters();
        let mut letters = Vec::new();
        loop {
            let getting =
                self.channel.basic_get(queue.as_str().into(), BasicGetOptions::default()).await;
            match getting.map_err(broker)? {
                Some(message) => letters.push(self.letter(message.delivery)),
                None => return Ok(letters),
            }
        }
    }

    /// The oldest letter with this id.
    pub async fn letter_with(&self, id: &str) -> Result<DeadLetter, DeadLetterAdminError> {
        let found = self.letters().await?.into_iter().find(|letter| letter.id == id);
        found.ok_or_else(|| DeadLetterAdminError::Missing(id.to_owned()))
    }

    /// Puts the commands of a letter into their work queues again, and tells under which ids. Where deciding failed, which
    /// is an outcome, that is a new one, the same for all letters of a command; else its own, since its sender may
    /// have repeated it meanwhile. So whatever is replayed, and however often, nothing is done twice.
    pub async fn replay(&self, letter: DeadLetter) -> Result<Vec<MessageId>, DeadLetterAdminError> {
        let mut commands = letter.commands.map_err(DeadLetterAdminError::Unreadable)?;
        if letter.has_failed {
            for command in &mut commands {
                command.message = renewed(command);
            }
        }
        let ids = commands.iter().map(|command| command.message).collect();
        let parcels = commands.iter().map(|command| self.parcel(command)).collect::<Result<_, _>>();
        let verdicts = self.confirming.lock().await.publish(parcels?, CONFIRMED_WITHIN).await;
        verdicts
            .into_iter()
            .try_for_each(PublishResult::taken)
            .map_err(DeadLetterAdminError::Broker)?;
        self.let_go(letter.tag).await?;
        Ok(ids)
    }

    /// Throws a letter away for good.
    pub async fn drop_letter(&self, letter: DeadLetter) -> Result<(), DeadLetterAdminError> {
        self.let_go(letter.tag).await
    }

    /// Leaves it. What is left is there for the next one.
    pub async fn close(self) {
        self.open.close().await;
    }

    fn letter(&self, delivery: Delivery) -> DeadLetter {
        let header = |name: &str| {
            let headers = delivery.properties.headers().as_ref()?;
            match headers.inner().get(name)? {
                AMQPValue::LongString(text) => Some(text.to_string()),
                _ => None,
            }
        };
        let unknown = || "unknown".to_owned();
        DeadLetter {
            id: id(&delivery.data),
            origin: header(ORIGIN).or_else(|| header(BROKERS_ORIGIN)).unwrap_or_else(unknown),
            reason: header(REASON)
                .or_else(|| header(BROKERS_REASON).map(|it| format!("given up by RabbitMQ: {it}")))
                .unwrap_or_else(unknown),
            seconds: *delivery.properties.timestamp(),
            commands: self.commands(&delivery.data),
            has_failed: header(OUTCOME).as_deref() == Some(INTERNAL),
            tag: delivery.delivery_tag,
            bytes: delivery.data,
        }
    }

    fn commands(&self, bytes: &[u8]) -> Result<Vec<CommandEnvelope>, String> {
        let commands = self.settings.keys.open_commands(bytes).map_err(|it| it.to_string())?;
        commands.into_iter().map(|it| it.map_err(|(_, reason)| reason)).collect()
    }

    fn parcel(&self, command: &CommandEnvelope) -> Result<OutgoingMessage, DeadLetterAdminError> {
        let sealed = self.settings.keys.seal(MessageKind::Commands, &[command]);
        let body = sealed.map_err(|error| DeadLetterAdminError::Unreadable(error.to_string()))?;
        let queue = queue_of(Slot::of(command.board), self.settings.work_queues);
        Ok(OutgoingMessage::kept(
            self.settings.names.work(queue),
            MessageKind::Commands.name(),
            body,
        ))
    }

    async fn let_go(&self, tag: u64) -> Result<(), DeadLetterAdminError> {
        self.channel.basic_ack(tag, BasicAckOptions::default()).await.map_err(broker)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn broker(error: lapin::Error) -> DeadLetterAdminError {
    DeadLetterAdminError::Broker(error.to_string())
}

fn id(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    hex::encode(&digest[..ID_BYTES])
}

/// The id under which a command that failed is tried again, whatever else is in its letter.
fn renewed(command: &CommandEnvelope) -> MessageId {
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
    use sockbit_application::envelope::Address;
    use sockbit_application::trace::TraceId;
    use sockbit_domain::{Actor, ActorId, BoardId, ClientId};

    use super::*;

    fn command(numbers: [u128; 4], body: &str) -> CommandEnvelope {
        let [trace, board, client, message] = numbers.map(Uuid::from_u128);
        CommandEnvelope {
            trace: TraceId(trace),
            reply_to: Address { gateway: Uuid::nil(), session: 1 },
            actor: Actor { id: ActorId(Uuid::nil()), name: "Ada".to_owned(), colour: 0 },
            client: ClientId(client),
            message: MessageId(message),
            board: BoardId(board),
            key: None,
            body: RawValue::from_string(body.to_owned()).expect("it is JSON"),
        }
    }

    #[test]
    fn a_command_that_failed_has_one_other_id_however_often_it_was_sent() {
        let first = command([1, 2, 3, 4], "7");
        let new = renewed(&first);
        assert_ne!(new, first.message);
        assert_eq!(renewed(&command([9, 2, 3, 4], "7")), new, "on another way");
        for other in [[1, 9, 3, 4], [1, 2, 9, 4], [1, 2, 3, 9]] {
            assert_ne!(renewed(&command(other, "7")), new, "{other:?}");
        }
        assert_ne!(renewed(&command([1, 2, 3, 4], "8")), new);
    }

    #[test]
    fn a_letter_is_called_by_its_hash() {
        assert_eq!(id(b"abc"), "ba7816bf8f01");
    }
}
