//! Batches the commands of all sessions, and sends the batches to the core.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sockbit_domain::KeyHash;
use sockbit_domain::wire::SentCommand;
use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::identity::Identity;
use crate::bus_messages::{Address, CommandEnvelope, OutcomeEnvelope};
use crate::ports::{Commands, Ids, Unavailable};
use crate::trace_id::TraceId;

const QUEUED_MAX: usize = 1_024;
/// Until the bus has confirmed them. It also bounds a batch, which a broker takes as one message.
const QUEUED_BYTES_MAX: u32 = 8 * 1024 * 1024;
const BATCH_MAX: usize = 512;
/// A sender whose command the bus has not confirmed by then is sent `again`.
const AGAIN_WITHIN: Duration = Duration::from_millis(4_500);

/// Collects the commands of all connections, and sends those that are queued as one batch.
pub(super) struct CommandBatcher {
    sender: mpsc::Sender<QueuedCommand>,
    receiver: Mutex<mpsc::Receiver<QueuedCommand>>,
    byte_budget: Arc<Semaphore>,
}

/// A command that the bus has not confirmed yet.
struct QueuedCommand {
    envelope: CommandEnvelope,
    /// When its sender is sent `again` at the latest.
    again_at: Instant,
    /// Its bytes in the budget.
    permit: OwnedSemaphorePermit,
}

impl CommandBatcher {
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUED_MAX);
        let byte_budget = Arc::new(Semaphore::new(QUEUED_BYTES_MAX as usize));
        Self { sender, receiver: Mutex::new(receiver), byte_budget }
    }

    /// Queues a command. While the queue is full it waits, up to a deadline.
    pub async fn send(&self, envelope: CommandEnvelope) -> Result<(), Unavailable> {
        metrics::counter!("sockbit_commands_total").increment(1);
        tracing::debug!(
            trace = %envelope.trace, board = %envelope.board, id = %envelope.message,
            actor = %envelope.actor.id, "command"
        );
        let again_at = Instant::now() + AGAIN_WITHIN;
        let queued = timeout_at(again_at, self.enqueue(envelope, again_at)).await;
        queued.ok().flatten().ok_or_else(|| Unavailable("the bus does not keep up".to_owned()))
    }

    async fn enqueue(&self, envelope: CommandEnvelope, again_at: Instant) -> Option<()> {
        // A command larger than the budget takes all of it. Transports bound the size of messages.
        let bytes = u32::try_from(envelope.bytes()).unwrap_or(u32::MAX).min(QUEUED_BYTES_MAX);
        let permit = Arc::clone(&self.byte_budget).acquire_many_owned(bytes).await.ok()?;
        self.sender.send(QueuedCommand { envelope, again_at, permit }).await.ok()
    }

    /// Sends queued commands until the gateway is dropped. `send_again` gets an envelope without
    /// outcome for each command that the bus did not take, or not in time.
    pub async fn run(&self, commands: &dyn Commands, send_again: impl Fn(Vec<OutcomeEnvelope>)) {
        let mut queue =
            CommandQueue { receiver: self.receiver.lock().await, queued: VecDeque::new() };
        while let Some(batch) = queue.next_batch().await {
            let mut senders: VecDeque<_> =
                batch.iter().map(|it| (it.again_at, it.envelope.with_outcome(None))).collect();
            let (batch, permits): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|it| (it.envelope, it.permit)).unzip();
            let mut sending = commands.send(batch);
            let sent = loop {
                let batch_deadline = senders.front().map(|(at, _)| *at);
                tokio::select! {
                    biased;
                    sent = &mut sending => break sent,
                    overdue = queue.overdue(batch_deadline) => {
                        send_again(overdue);
                        send_again(pop_overdue(&mut senders, |(at, _)| *at).map(|it| it.1).collect());
                    }
                }
            };
            drop(permits);
            if let Err(error) = sent {
                tracing::warn!(
                    %error, commands = senders.len(), "the bus did not take commands; clients repeat them"
                );
                send_again(senders.into_iter().map(|(_, sender)| sender).collect());
            }
        }
    }
}

/// The commands after the batch that is being sent.
struct CommandQueue<'a> {
    receiver: MutexGuard<'a, mpsc::Receiver<QueuedCommand>>,
    queued: VecDeque<QueuedCommand>,
}

impl CommandQueue<'_> {
    /// Waits for commands; `None` when the gateway is dropped.
    async fn next_batch(&mut self) -> Option<Vec<QueuedCommand>> {
        if self.queued.is_empty() {
            let first = self.receiver.recv().await?;
            self.queued.push_back(first);
        }
        while self.queued.len() < BATCH_MAX
            && let Ok(next) = self.receiver.try_recv()
        {
            self.queued.push_back(next);
        }
        Some(self.queued.drain(..).collect())
    }

    /// Receives commands until the deadline of one of them, or `batch_deadline`, has passed.
    /// Removes the commands that are overdue and returns their senders.
    async fn overdue(&mut self, batch_deadline: Option<Instant>) -> Vec<OutcomeEnvelope> {
        loop {
            let first = self.queued.front().map(|it| it.again_at);
            let deadline = batch_deadline.into_iter().chain(first).min();
            tokio::select! {
                biased;
                () = until(deadline) => break,
                Some(next) = self.receiver.recv(), if self.queued.len() < BATCH_MAX => {
                    self.queued.push_back(next);
                }
            }
        }
        let overdue = pop_overdue(&mut self.queued, |it| it.again_at);
        overdue.map(|it| it.envelope.with_outcome(None)).collect()
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Removes from the front what is overdue.
fn pop_overdue<T>(
    queue: &mut VecDeque<T>,
    again_at: impl Fn(&T) -> Instant,
) -> impl Iterator<Item = T> {
    let now = Instant::now();
    std::iter::from_fn(move || queue.pop_front_if(|it| again_at(it) <= now))
}

/// Makes a command's envelope. It carries the hash of the link key, never the key itself.
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
