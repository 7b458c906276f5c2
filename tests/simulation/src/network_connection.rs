//! The connection between a client and a gateway: two pipes that keep their order. It can be reset,
//! stall for a while, or die without notice to either end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sockbit_application::mutex::locked;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::random::{Random, RandomStream};
use crate::run_context::RunContext;

/// Frames that fit into the buffers of the network.
const BUFFERED_MAX: usize = 16;

/// Both directions.
pub(crate) struct NetworkConnection {
    pub up: Pipe<String>,
    pub down: Pipe<Bytes>,
}

impl NetworkConnection {
    /// A new connection, with the faults that will happen to it.
    pub fn new(context: &Arc<RunContext>, number: usize) -> Arc<Self> {
        let mut random = context.random(RandomStream::Network, number);
        let connection = Arc::new(Self {
            up: Pipe::new(context, random.next()),
            down: Pipe::new(context, random.next()),
        });
        if random.per_mille(context.rates().connection_faulty) {
            let (context, faulty) = (Arc::clone(context), Arc::clone(&connection));
            tokio::spawn(async move { faulty.inject_fault(&context, random).await });
        }
        connection
    }

    async fn inject_fault(&self, context: &RunContext, mut random: Random) {
        context.pause(random.millis(1, 9_000)).await;
        if context.is_settling() {
            return;
        }
        match random.below(4) {
            0 => self.die(),
            1 => self.reset(),
            _ => {
                self.set_stalled(true);
                context.pause(random.millis(100, 14_000)).await;
                self.set_stalled(false);
            }
        }
    }

    /// Closes it: both ends notice, and everything in transit is lost.
    pub fn reset(&self) {
        self.up.reset();
        self.down.reset();
    }

    /// Stops all transfer without notice to either end.
    pub fn die(&self) {
        self.up.die();
        self.down.die();
    }

    pub fn is_dead(&self) -> bool {
        locked(&self.up.state).is_dead
    }

    fn set_stalled(&self, is_stalled: bool) {
        self.up.set_stalled(is_stalled);
        self.down.set_stalled(is_stalled);
    }
}

/// One direction.
pub(crate) struct Pipe<T> {
    context: Arc<RunContext>,
    state: Mutex<PipeState<T>>,
    changed: Notify,
    drained: Notify,
}

struct PipeState<T> {
    random: Random,
    arriving: VecDeque<(Instant, T)>,
    last: Instant,
    is_closed: bool,
    is_dead: bool,
    is_stalled: bool,
}

/// What the receiving end finds.
enum NextItem<T> {
    Item(T),
    /// The pipe is closed and empty.
    End,
    Wait(Option<Instant>),
}

impl<T> Pipe<T> {
    fn new(context: &Arc<RunContext>, seed: u64) -> Self {
        let state = PipeState {
            random: Random::new(seed),
            arriving: VecDeque::new(),
            last: Instant::now(),
            is_closed: false,
            is_dead: false,
            is_stalled: false,
        };
        Self {
            context: Arc::clone(context),
            state: Mutex::new(state),
            changed: Notify::new(),
            drained: Notify::new(),
        }
    }

    pub fn send(&self, item: T) {
        let mut state = locked(&self.state);
        if state.is_closed {
            return;
        }
        let arrival = Instant::now() + self.context.latency(&mut state.random);
        state.last = state.last.max(arrival);
        let arrival = state.last;
        state.arriving.push_back((arrival, item));
        drop(state);
        self.changed.notify_one();
    }

    /// Waits until the buffers have room. One caller at a time.
    pub async fn wait_for_room(&self) {
        while self.is_full() {
            self.drained.notified().await;
        }
    }

    fn is_full(&self) -> bool {
        let state = locked(&self.state);
        state.arriving.len() >= BUFFERED_MAX && !state.is_closed
    }

    /// Waits for the next item; `None` at the end. One caller at a time.
    pub async fn receive(&self) -> Option<T> {
        loop {
            let arrival = match locked(&self.state).find() {
                NextItem::Item(item) => {
                    self.drained.notify_one();
                    return Some(item);
                }
                NextItem::End => return None,
                NextItem::Wait(arrival) => arrival,
            };
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = sleep_until(arrival.unwrap_or_else(Instant::now)), if arrival.is_some() => {}
            }
        }
    }

    /// Closes it; items in transit still arrive.
    pub fn finish(&self) {
        locked(&self.state).is_closed = true;
        self.wake();
    }

    /// Closes it; items in transit are lost.
    pub fn reset(&self) {
        let mut state = locked(&self.state);
        state.is_closed = true;
        state.arriving.clear();
        drop(state);
        self.wake();
    }

    fn die(&self) {
        locked(&self.state).is_dead = true;
    }

    fn set_stalled(&self, is_stalled: bool) {
        locked(&self.state).is_stalled = is_stalled;
        self.wake();
    }

    fn wake(&self) {
        self.changed.notify_one();
        self.drained.notify_one();
    }
}

impl<T> PipeState<T> {
    fn find(&mut self) -> NextItem<T> {
        if self.is_dead || self.is_stalled {
            return NextItem::Wait(None);
        }
        match self.arriving.front() {
            Some((arrival, _)) if *arrival > Instant::now() => NextItem::Wait(Some(*arrival)),
            Some(_) => match self.arriving.pop_front() {
                Some((_, item)) => NextItem::Item(item),
                None => NextItem::Wait(None),
            },
            None if self.is_closed => NextItem::End,
            None => NextItem::Wait(None),
        }
    }
}

/// How long a peer may read nothing.
pub(crate) const WRITE_WITHIN: Duration = Duration::from_secs(10);
