//! Batches the commands of all sessions for each work queue, and sends the batches to the core.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use sha2::{Digest, Sha256};
use sockbit_domain::KeyHash;
use sockbit_domain::wire::SentCommand;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::identity::Identity;
use crate::bus_messages::{Address, CommandEnvelope, OutcomeEnvelope};
use crate::ports::{Commands, Ids, SendError, Unavailable};
use crate::slot::Slot;
use crate::trace_id::TraceId;

const QUEUED_MAX: usize = 1_024;
/// Until the bus has confirmed them. It also bounds a batch, which a broker takes as one message.
const QUEUED_BYTES_MAX: u32 = 8 * 1024 * 1024;
const BATCH_MAX: usize = 512;
/// Batches for one work queue that the bus has not confirmed yet. Further commands wait and form
/// larger batches.
const UNCONFIRMED_MAX: usize = 4;
/// A sender whose command the bus has not confirmed by then is sent `again`.
const AGAIN_WITHIN: Duration = Duration::from_millis(4_500);

/// Collects the commands of all connections, and sends those that are queued for one work queue as
/// one batch.
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
        let mut receiver = self.receiver.lock().await;
        let mut queues = WorkQueues::default();
        loop {
            let deadline = queues.deadline();
            tokio::select! {
                biased;
                Some(sent) = queues.confirms.next() => send_again(queues.confirmed(sent)),
                () = until(deadline) => send_again(queues.take_overdue()),
                first = receiver.recv() => {
                    let Some(first) = first else { return };
                    let others = std::iter::from_fn(|| receiver.try_recv().ok());
                    let refused = std::iter::once(first)
                        .chain(others.take(QUEUED_MAX))
                        .filter_map(|it| queues.queue(commands, it));
                    send_again(refused.collect());
                }
            }
            queues.send_batches(commands);
        }
    }
}

/// The commands that the bus has not confirmed, by work queue.
#[derive(Default)]
struct WorkQueues {
    queues: BTreeMap<u16, WorkQueue>,
    confirms: FuturesUnordered<BoxFuture<'static, SentBatch>>,
    last_batch: u64,
}

#[derive(Default)]
struct WorkQueue {
    queued: VecDeque<QueuedCommand>,
    /// The senders of each batch that was sent, each with the time when it is sent `again`.
    unconfirmed: BTreeMap<u64, VecDeque<(Instant, OutcomeEnvelope)>>,
}

/// A batch whose result is known.
struct SentBatch {
    queue: u16,
    number: u64,
    result: Result<(), SendError>,
}

impl WorkQueues {
    /// Queues a command. If its queue is full, returns its sender.
    fn queue(
        &mut self,
        commands: &dyn Commands,
        command: QueuedCommand,
    ) -> Option<OutcomeEnvelope> {
        let number = commands.work_queue(Slot::of(command.envelope.board));
        let queue = self.queues.entry(number).or_default();
        if queue.queued.len() >= QUEUED_MAX {
            return Some(command.envelope.with_outcome(None));
        }
        queue.queued.push_back(command);
        None
    }

    /// Sends what is queued, except for the queues with too many unconfirmed batches.
    fn send_batches(&mut self, commands: &dyn Commands) {
        for (number, queue) in &mut self.queues {
            while !queue.queued.is_empty() && queue.unconfirmed.len() < UNCONFIRMED_MAX {
                self.last_batch += 1;
                let confirm = queue.send_batch(commands, *number, self.last_batch);
                self.confirms.push(confirm);
            }
        }
    }

    /// Removes a batch. If the bus has not taken it, returns the senders that must send again.
    fn confirmed(&mut self, sent: SentBatch) -> Vec<OutcomeEnvelope> {
        let queue = self.queues.get_mut(&sent.queue);
        let senders = queue.and_then(|it| it.unconfirmed.remove(&sent.number)).unwrap_or_default();
        match sent.result {
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::warn!(
                    %error, commands = senders.len(), "the bus did not take commands; clients repeat them"
                );
                senders.into_iter().map(|(_, sender)| sender).collect()
            }
        }
    }

    /// When the next sender must be sent `again`.
    fn deadline(&self) -> Option<Instant> {
        self.queues.values().filter_map(WorkQueue::deadline).min()
    }

    fn take_overdue(&mut self) -> Vec<OutcomeEnvelope> {
        let now = Instant::now();
        self.queues.values_mut().flat_map(|it| it.take_overdue(now)).collect()
    }
}

impl WorkQueue {
    fn send_batch(
        &mut self,
        commands: &dyn Commands,
        queue: u16,
        number: u64,
    ) -> BoxFuture<'static, SentBatch> {
        let size = self.queued.len().min(BATCH_MAX);
        let (mut senders, mut batch) = (VecDeque::with_capacity(size), Vec::with_capacity(size));
        let mut permits = Vec::with_capacity(size);
        for QueuedCommand { envelope, again_at, permit } in self.queued.drain(..size) {
            senders.push_back((again_at, envelope.with_outcome(None)));
            batch.push(envelope);
            permits.push(permit);
        }
        self.unconfirmed.insert(number, senders);
        let confirm = commands.send(batch);
        Box::pin(async move {
            let result = confirm.await;
            drop(permits);
            SentBatch { queue, number, result }
        })
    }

    fn deadline(&self) -> Option<Instant> {
        let sent = self.unconfirmed.values().filter_map(|it| it.front().map(|(at, _)| *at));
        sent.chain(self.queued.front().map(|it| it.again_at)).min()
    }

    /// Removes the senders that must be sent `again` by now, and their commands if these are queued.
    fn take_overdue(&mut self, now: Instant) -> Vec<OutcomeEnvelope> {
        let mut overdue = Vec::new();
        for senders in self.unconfirmed.values_mut() {
            while let Some((_, sender)) = senders.pop_front_if(|(at, _)| *at <= now) {
                overdue.push(sender);
            }
        }
        while let Some(command) = self.queued.pop_front_if(|it| it.again_at <= now) {
            overdue.push(command.envelope.with_outcome(None));
        }
        overdue
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
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
