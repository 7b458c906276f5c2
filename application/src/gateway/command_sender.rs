//! Commands of all sessions, sent on in batches of what is waiting.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sockbit_domain::KeyHash;
use sockbit_domain::wire::SentCommand;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::Identity;
use crate::envelope::{Address, Answered, CommandEnvelope};
use crate::ports::{Commands, Ids, Unavailable};
use crate::trace::TraceId;

const WAITING_MAX: usize = 1_024;
/// Until the bus has them; so no batch has more bytes than a broker takes in one message.
const WAITING_BYTES_MAX: u32 = 8 * 1024 * 1024;
const BATCH_MAX: usize = 512;
const PLACE_WITHIN: Duration = Duration::from_secs(5);

/// Gathers what the connections gave in one turn into one bus message.
pub(super) struct CommandSender {
    entrance: mpsc::Sender<Waiting>,
    exit: Mutex<mpsc::Receiver<Waiting>>,
    room: Arc<Semaphore>,
}

/// A command, and the room that it takes until the bus has it.
type Waiting = (CommandEnvelope, OwnedSemaphorePermit);

impl CommandSender {
    pub fn new() -> Self {
        let (entrance, exit) = mpsc::channel(WAITING_MAX);
        let room = Arc::new(Semaphore::new(WAITING_BYTES_MAX as usize));
        Self { entrance, exit: Mutex::new(exit), room }
    }

    /// Queues one command; whoever finds the queue full waits, but not for ever.
    pub async fn send(&self, envelope: CommandEnvelope) -> Result<(), Unavailable> {
        metrics::counter!("sockbit_commands_total").increment(1);
        tracing::debug!(
            trace = %envelope.trace, board = %envelope.board, id = %envelope.message,
            actor = %envelope.actor.id, "command"
        );
        let placed = timeout(PLACE_WITHIN, self.place(envelope)).await;
        placed.ok().flatten().ok_or_else(|| Unavailable("the bus does not keep up".to_owned()))
    }

    async fn place(&self, envelope: CommandEnvelope) -> Option<()> {
        // One that is larger than all the room goes alone: a transport bounds its messages.
        let bytes = u32::try_from(envelope.bytes()).unwrap_or(u32::MAX).min(WAITING_BYTES_MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.ok()?;
        self.entrance.send((envelope, room)).await.ok()
    }

    /// Sends on until the gateway ends. What the bus does not take is handed back to its senders.
    pub async fn run(&self, commands: &dyn Commands, hand_back: impl Fn(Vec<Answered>)) {
        let mut exit = self.exit.lock().await;
        let mut waiting = Vec::with_capacity(BATCH_MAX);
        while exit.recv_many(&mut waiting, BATCH_MAX).await > 0 {
            let (batch, rooms): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
            let senders: Vec<Answered> = batch.iter().map(|it| it.answered(None)).collect();
            if let Err(error) = commands.send(batch).await {
                tracing::warn!(%error, commands = senders.len(), "commands have to be sent again");
                hand_back(senders);
            }
            drop(rooms);
        }
    }
}

/// The command as it travels: the key stays here, only its hash goes on.
pub(super) fn envelope(
    sent: SentCommand,
    identity: &Identity,
    reply_to: Address,
    ids: &dyn Ids,
) -> CommandEnvelope {
    CommandEnvelope {
        trace: TraceId(ids.mint()),
        reply_to,
        actor: identity.actor.clone(),
        client: identity.client,
        message: sent.id,
        board: sent.board,
        key: sent.key.map(|key| KeyHash(Sha256::digest(key.as_bytes()).into())),
        body: sent.body,
    }
}
