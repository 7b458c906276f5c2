//! Commands of all sessions, sent on in batches of what is waiting.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sockbit_domain::KeyHash;
use sockbit_domain::wire::SentCommand;
use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Identity;
use crate::envelope::{Address, CommandEnvelope, OutcomeEnvelope};
use crate::ports::{Commands, Ids, Unavailable};
use crate::trace::TraceId;

const WAITING_MAX: usize = 1_024;
/// Until the bus has them; so no batch has more bytes than a broker takes in one message.
const WAITING_BYTES_MAX: u32 = 8 * 1024 * 1024;
const BATCH_MAX: usize = 512;
/// So long a sender waits to hear that the bus has its command. Then it hears `again`.
const AGAIN_WITHIN: Duration = Duration::from_millis(4_500);

/// Gathers what the connections gave in one turn into one bus message.
pub(super) struct CommandSender {
    entrance: mpsc::Sender<Waiting>,
    exit: Mutex<mpsc::Receiver<Waiting>>,
    room: Arc<Semaphore>,
}

/// A command that the bus does not have yet.
struct Waiting {
    envelope: CommandEnvelope,
    /// When its sender no longer wants to wait for that.
    again_at: Instant,
    /// What it takes of the room meanwhile.
    room: OwnedSemaphorePermit,
}

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
        let again_at = Instant::now() + AGAIN_WITHIN;
        let placed = timeout_at(again_at, self.place(envelope, again_at)).await;
        placed.ok().flatten().ok_or_else(|| Unavailable("the bus does not keep up".to_owned()))
    }

    async fn place(&self, envelope: CommandEnvelope, again_at: Instant) -> Option<()> {
        // One that is larger than all the room goes alone: a transport bounds its messages.
        let bytes = u32::try_from(envelope.bytes()).unwrap_or(u32::MAX).min(WAITING_BYTES_MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.ok()?;
        self.entrance.send(Waiting { envelope, again_at, room }).await.ok()
    }

    /// Sends on until the gateway ends. What the bus does not take, or not in time, is handed back
    /// to its senders.
    pub async fn run(&self, commands: &dyn Commands, hand_back: impl Fn(Vec<OutcomeEnvelope>)) {
        let mut queue = Queue { exit: self.exit.lock().await, behind: VecDeque::new() };
        while let Some(batch) = queue.next().await {
            let mut senders: VecDeque<_> =
                batch.iter().map(|it| (it.again_at, it.envelope.with_outcome(None))).collect();
            let (batch, rooms): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|it| (it.envelope, it.room)).unzip();
            let mut sending = commands.send(batch);
            let sent = loop {
                let patience = senders.front().map(|(at, _)| *at);
                tokio::select! {
                    biased;
                    sent = &mut sending => break sent,
                    overdue = queue.overdue(patience) => {
                        hand_back(overdue);
                        hand_back(pop_overdue(&mut senders, |(at, _)| *at).map(|it| it.1).collect());
                    }
                }
            };
            drop(rooms);
            if let Err(error) = sent {
                tracing::warn!(%error, commands = senders.len(), "commands have to be sent again");
                hand_back(senders.into_iter().map(|(_, sender)| sender).collect());
            }
        }
    }
}

/// What is to be sent after the batch that is on its way.
struct Queue<'a> {
    exit: MutexGuard<'a, mpsc::Receiver<Waiting>>,
    behind: VecDeque<Waiting>,
}

impl Queue<'_> {
    /// What waits, once there is something; `None` when the gateway ends.
    async fn next(&mut self) -> Option<Vec<Waiting>> {
        if self.behind.is_empty() {
            let first = self.exit.recv().await?;
            self.behind.push_back(first);
        }
        while self.behind.len() < BATCH_MAX
            && let Ok(next) = self.exit.try_recv()
        {
            self.behind.push_back(next);
        }
        Some(self.behind.drain(..).collect())
    }

    /// Takes in what comes, until somebody has waited long enough: here, or elsewhere at `patience`.
    /// Gives those who waited here.
    async fn overdue(&mut self, patience: Option<Instant>) -> Vec<OutcomeEnvelope> {
        loop {
            let first = self.behind.front().map(|it| it.again_at);
            let next_at = patience.into_iter().chain(first).min();
            tokio::select! {
                biased;
                () = until(next_at) => break,
                Some(next) = self.exit.recv(), if self.behind.len() < BATCH_MAX => {
                    self.behind.push_back(next);
                }
            }
        }
        let overdue = pop_overdue(&mut self.behind, |it| it.again_at);
        overdue.map(|it| it.envelope.with_outcome(None)).collect()
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Those at the front whose time has come.
fn pop_overdue<T>(
    queue: &mut VecDeque<T>,
    again_at: impl Fn(&T) -> Instant,
) -> impl Iterator<Item = T> {
    let now = Instant::now();
    std::iter::from_fn(move || queue.pop_front_if(|it| again_at(it) <= now))
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
