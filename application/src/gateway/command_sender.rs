//! Commands of all sessions, sent on in batches of what is waiting.

use std::time::Duration;

use sha2::{Digest, Sha256};
use sockbit_domain::KeyHash;
use sockbit_domain::wire::SentCommand;
use tokio::sync::{Mutex, mpsc};

use super::Identity;
use crate::envelope::{Address, Answered, CommandEnvelope};
use crate::ports::{Commands, Ids, Unavailable};
use crate::trace::TraceId;

/// Bounds the bytes too: no command is larger than a transport's message.
const WAITING_MAX: usize = 1_024;
const BATCH_MAX: usize = 512;
const PLACE_WITHIN: Duration = Duration::from_secs(5);

/// Gathers what the connections gave in one turn into one bus message.
pub(super) struct CommandSender {
    entrance: mpsc::Sender<CommandEnvelope>,
    exit: Mutex<mpsc::Receiver<CommandEnvelope>>,
}

impl CommandSender {
    pub fn new() -> Self {
        let (entrance, exit) = mpsc::channel(WAITING_MAX);
        Self { entrance, exit: Mutex::new(exit) }
    }

    /// Queues one command; whoever finds the queue full waits, but not for ever.
    pub async fn send(&self, envelope: CommandEnvelope) -> Result<(), Unavailable> {
        metrics::counter!("sockbit_commands_total").increment(1);
        tracing::debug!(
            trace = %envelope.trace, board = %envelope.board, message = %envelope.message,
            actor = %envelope.actor.id, "command"
        );
        self.entrance
            .send_timeout(envelope, PLACE_WITHIN)
            .await
            .map_err(|_| Unavailable("the bus does not keep up".to_owned()))
    }

    /// Sends on until the gateway ends. What the bus does not take is handed back to its senders.
    pub async fn run(&self, commands: &dyn Commands, hand_back: impl Fn(Vec<Answered>)) {
        let mut exit = self.exit.lock().await;
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while exit.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let senders: Vec<Answered> = batch.iter().map(|it| it.answered(None)).collect();
            if let Err(error) = commands.send(std::mem::take(&mut batch)).await {
                tracing::warn!(%error, commands = senders.len(), "commands have to be sent again");
                hand_back(senders);
            }
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
