//! The broker: queues of commands with one consumer or several, a queue for each gateway, and
//! queries that go to any worker. Confirmed commands are never lost.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::bus_messages::{
    Announcement, CommandEnvelope, CoreQuery, CoreReply, OutcomeEnvelope, PresenceUpdate,
};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{Delivery, DeliveryTag, Incoming};
use sockbit_application::slot::Slot;
use tokio::sync::{Notify, oneshot};

use super::gateway_queue::{Fate, GatewayQueue};
use crate::run_context::RunContext;

/// Shared by all gateways and workers.
pub(crate) struct Broker {
    context: Arc<RunContext>,
    state: Mutex<State>,
    pub changed: Notify,
}

#[derive(Default)]
struct State {
    queues: Vec<Queue>,
    open: BTreeMap<u64, Unacknowledged>,
    /// The connected workers, each with its pending queries.
    workers: BTreeMap<usize, VecDeque<PendingQuery>>,
    gateway_queues: BTreeMap<usize, Arc<GatewayQueue>>,
    last_tag: u64,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Message>,
    /// The only worker that may take from it, unless several may.
    owner: Option<usize>,
}

struct Message {
    commands: Vec<CommandEnvelope>,
    redeliveries: u32,
}

/// Delivered, and not yet acknowledged.
struct Unacknowledged {
    worker: usize,
    queue: usize,
    message: Message,
}

pub(crate) struct PendingQuery {
    pub query: CoreQuery,
    pub reply: oneshot::Sender<CoreReply>,
}

impl Broker {
    pub fn new(context: Arc<RunContext>) -> Self {
        let queues = (0..context.parameters.queues).map(|_| Queue::default()).collect();
        let state = State { queues, ..State::default() };
        Self { context, state: Mutex::new(state), changed: Notify::new() }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut locked(&self.state));
        self.changed.notify_waiters();
        result
    }

    /// Connects a worker, which may become the owner of queues.
    pub fn connect_worker(&self, worker: usize) {
        self.change(|state| {
            state.workers.entry(worker).or_default();
            state.assign_owners();
        });
    }

    /// Closes a worker's connection: its unacknowledged deliveries go to other workers.
    pub fn disconnect_worker(&self, worker: usize) {
        self.context.log(format_args!("bus: worker {worker} is disconnected"));
        self.change(|state| {
            state.workers.remove(&worker);
            let open = state.open.iter().filter(|(_, it)| it.worker == worker);
            let tags: Vec<u64> = open.map(|(tag, _)| *tag).collect();
            state.requeue(&tags);
            state.assign_owners();
        });
    }

    /// Changes the owner of every queue without unacknowledged deliveries.
    pub fn hand_over(&self) {
        self.change(|state| {
            for (number, queue) in state.queues.iter_mut().enumerate() {
                if !state.open.values().any(|it| it.queue == number) {
                    let after = queue.owner.map_or(0, |it| it + 1);
                    let next = state.workers.range(after..).next();
                    let next = next.or_else(|| state.workers.iter().next());
                    queue.owner = next.map(|(worker, _)| *worker);
                }
            }
        });
    }

    /// Whether no command is queued or unacknowledged.
    pub fn is_idle(&self) -> bool {
        let state = locked(&self.state);
        state.open.is_empty() && state.queues.iter().all(|it| it.waiting.is_empty())
    }

    pub fn connect_gateway(&self, gateway: usize) -> Arc<GatewayQueue> {
        let queue = Arc::new(GatewayQueue::default());
        self.change(|state| state.gateway_queues.insert(gateway, Arc::clone(&queue)));
        queue
    }

    pub fn disconnect_gateway(&self, gateway: usize) {
        self.change(|state| state.gateway_queues.remove(&gateway));
    }

    /// Enqueues a batch of one gateway, in order for each queue.
    pub fn publish(&self, batch: Vec<CommandEnvelope>) {
        self.context.log(format_args!("bus: {} commands", batch.len()));
        self.change(|state| {
            let queues = state.queues.len();
            let mut parts: BTreeMap<usize, Vec<CommandEnvelope>> = BTreeMap::new();
            for command in batch {
                let queue = usize::from(Slot::of(command.board).0) % queues;
                parts.entry(queue).or_default().push(command);
            }
            for (queue, commands) in parts {
                let message = Message { commands, redeliveries: 0 };
                state.queues[queue].waiting.push_back(message);
            }
        });
    }

    /// The next deliveries for a worker, up to about `commands_max` commands; `None` if there are
    /// none.
    pub fn take(&self, worker: usize, commands_max: usize) -> Option<Vec<Delivery>> {
        let is_competitive = self.context.parameters.is_competitive;
        let mut state = locked(&self.state);
        if !state.workers.contains_key(&worker) {
            return None;
        }
        let mut deliveries = Vec::new();
        let mut count = 0;
        for queue in 0..state.queues.len() {
            let is_mine = is_competitive || state.queues[queue].owner == Some(worker);
            while is_mine
                && count < commands_max
                && let Some(message) = state.queues[queue].waiting.pop_front()
            {
                count += message.commands.len();
                deliveries.push(state.deliver(worker, queue, message));
            }
        }
        drop(state);
        let again = deliveries.iter().filter(|it| it.redeliveries > 0).count();
        locked(&self.context.observations).counts.redeliveries += again as u64;
        (!deliveries.is_empty()).then_some(deliveries)
    }

    /// Removes deliveries. Returns whether all of them still belonged to this worker.
    pub fn acknowledge(&self, tags: &[DeliveryTag]) -> bool {
        let mut state = locked(&self.state);
        let mut all = true;
        for tag in tags {
            let Some(open) = state.open.remove(&tag.tag) else {
                all = false;
                continue;
            };
            let checked = locked(&self.context.observations).acknowledged(&open.message.commands);
            if let Err(fault) = checked {
                self.context.fault(fault);
            }
        }
        all
    }

    /// Puts deliveries back, for any worker.
    pub fn requeue(&self, tags: &[DeliveryTag]) {
        let tags: Vec<u64> = tags.iter().map(|it| it.tag).collect();
        self.change(|state| state.requeue(&tags));
    }

    pub fn publish_announcement(
        &self,
        worker: usize,
        announcement: &Announcement,
        fates: &mut dyn MessageFates,
    ) {
        let gateway_queues: Vec<_> = locked(&self.state).gateway_queues.values().cloned().collect();
        for queue in gateway_queues.iter().filter(|queue| queue.is_subscribed(announcement.slot)) {
            queue.push(worker, Incoming::Announcement(announcement.clone()), fates.announcement());
        }
    }

    /// Sends it to each gateway, including its sender, unless it is lost.
    pub fn publish_presence(
        &self,
        presences: &PresenceUpdate,
        fate: impl Fn() -> Option<Duration>,
    ) {
        let gateway_queues: Vec<_> = locked(&self.state).gateway_queues.values().cloned().collect();
        for queue in gateway_queues {
            if let Some(latency) = fate() {
                queue.push_presence(presences.clone(), latency);
            }
        }
    }

    pub fn publish_outcomes(
        &self,
        worker: usize,
        outcomes: &[OutcomeEnvelope],
        fates: &mut dyn MessageFates,
    ) {
        let gateway_queues: Vec<_> = locked(&self.state).gateway_queues.values().cloned().collect();
        for queue in gateway_queues {
            let own = outcomes.iter().filter(|it| queue.is_addressed(it.to.gateway));
            let own: Vec<OutcomeEnvelope> = own.cloned().collect();
            if !own.is_empty() {
                queue.push(worker, Incoming::Outcomes(own), fates.outcome());
            }
        }
    }

    /// Gives a query to one of the workers; `None` if no worker is connected.
    pub fn query(&self, query: CoreQuery, chosen: usize) -> Option<oneshot::Receiver<CoreReply>> {
        let (reply, received) = oneshot::channel();
        self.change(|state| {
            let worker = *state.workers.keys().nth(chosen % state.workers.len().max(1))?;
            state.workers.get_mut(&worker)?.push_back(PendingQuery { query, reply });
            Some(received)
        })
    }

    pub fn next_query(&self, worker: usize) -> Option<PendingQuery> {
        locked(&self.state).workers.get_mut(&worker)?.pop_front()
    }
}

/// Decides what happens to messages to gateways.
pub(crate) trait MessageFates {
    fn announcement(&mut self) -> Fate;
    fn outcome(&mut self) -> Fate;
}

impl State {
    fn deliver(&mut self, worker: usize, queue: usize, message: Message) -> Delivery {
        self.last_tag += 1;
        let tag = DeliveryTag { queue: queue as u64, tag: self.last_tag };
        let (redeliveries, commands) = (message.redeliveries, message.commands.clone());
        self.open.insert(self.last_tag, Unacknowledged { worker, queue, message });
        Delivery { tag, redeliveries, commands }
    }

    /// Puts deliveries back at the front of their queues, in their former order.
    pub fn requeue(&mut self, tags: &[u64]) {
        for tag in tags.iter().rev() {
            if let Some(Unacknowledged { queue, message, .. }) = self.open.remove(tag) {
                let message = Message { redeliveries: message.redeliveries + 1, ..message };
                self.queues[queue].waiting.push_front(message);
            }
        }
    }

    /// Gives queues without an owner to the connected workers.
    fn assign_owners(&mut self) {
        let workers: Vec<usize> = self.workers.keys().copied().collect();
        for (number, queue) in self.queues.iter_mut().enumerate() {
            if queue.owner.is_none_or(|owner| !workers.contains(&owner)) {
                queue.owner = workers.get(number % workers.len().max(1)).copied();
            }
        }
    }
}
