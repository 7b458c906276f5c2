//! The connection between a client and a gateway: two pipes that keep their order. It may be reset,
//! stand still for a while, or die without a word.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::locked;
use crate::random::{Part, Random};
use crate::sim::Sim;

/// Frames that fit the buffers of the network.
const BUFFERED_MAX: usize = 16;

/// Both directions.
pub(crate) struct Line {
    pub up: Pipe<String>,
    pub down: Pipe<Bytes>,
}

impl Line {
    /// A fresh line with whatever will happen to it.
    pub fn new(sim: &Arc<Sim>, number: usize) -> Arc<Self> {
        let mut random = sim.random(Part::Line, number);
        let line = Arc::new(Self {
            up: Pipe::new(sim, random.next()),
            down: Pipe::new(sim, random.next()),
        });
        if random.hits(sim.rates().line_faulty) {
            let (sim, line) = (Arc::clone(sim), Arc::clone(&line));
            tokio::spawn(async move { line.suffer(&sim, random).await });
        }
        line
    }

    async fn suffer(&self, sim: &Sim, mut random: Random) {
        sim.pause(random.millis(1, 9_000)).await;
        if sim.is_healed() {
            return;
        }
        match random.below(4) {
            0 => self.die(),
            1 => self.reset(),
            _ => {
                self.stand_still(true);
                sim.pause(random.millis(100, 14_000)).await;
                self.stand_still(false);
            }
        }
    }

    /// Both ends learn that it is gone, and what was on its way is lost.
    pub fn reset(&self) {
        self.up.reset();
        self.down.reset();
    }

    /// Nothing comes through any more, and nobody is told.
    pub fn die(&self) {
        self.up.die();
        self.down.die();
    }

    pub fn is_dead(&self) -> bool {
        locked(&self.up.state).is_dead
    }

    fn stand_still(&self, is_still: bool) {
        self.up.stand_still(is_still);
        self.down.stand_still(is_still);
    }
}

/// One direction.
pub(crate) struct Pipe<T> {
    sim: Arc<Sim>,
    state: Mutex<Flow<T>>,
    changed: Notify,
    eased: Notify,
}

struct Flow<T> {
    random: Random,
    arriving: VecDeque<(Instant, T)>,
    last: Instant,
    is_closed: bool,
    is_dead: bool,
    is_still: bool,
}

/// What the receiving end finds.
enum Found<T> {
    Item(T),
    /// Nothing will come any more.
    End,
    Wait(Option<Instant>),
}

impl<T> Pipe<T> {
    fn new(sim: &Arc<Sim>, seed: u64) -> Self {
        let flow = Flow {
            random: Random::new(seed),
            arriving: VecDeque::new(),
            last: Instant::now(),
            is_closed: false,
            is_dead: false,
            is_still: false,
        };
        Self {
            sim: Arc::clone(sim),
            state: Mutex::new(flow),
            changed: Notify::new(),
            eased: Notify::new(),
        }
    }

    pub fn send(&self, item: T) {
        let mut flow = locked(&self.state);
        if flow.is_closed {
            return;
        }
        let arrival = Instant::now() + self.sim.latency(&mut flow.random);
        flow.last = flow.last.max(arrival);
        let arrival = flow.last;
        flow.arriving.push_back((arrival, item));
        drop(flow);
        self.changed.notify_one();
    }

    /// Waits until the buffers take more. One caller at a time.
    pub async fn has_room(&self) {
        while self.is_full() {
            self.eased.notified().await;
        }
    }

    fn is_full(&self) -> bool {
        let flow = locked(&self.state);
        flow.arriving.len() >= BUFFERED_MAX && !flow.is_closed
    }

    /// Waits for what comes next; `None` at the end. One caller at a time.
    pub async fn receive(&self) -> Option<T> {
        loop {
            let arrival = match locked(&self.state).find() {
                Found::Item(item) => {
                    self.eased.notify_one();
                    return Some(item);
                }
                Found::End => return None,
                Found::Wait(arrival) => arrival,
            };
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = sleep_until(arrival.unwrap_or_else(Instant::now)), if arrival.is_some() => {}
            }
        }
    }

    /// What was sent still arrives.
    pub fn finish(&self) {
        locked(&self.state).is_closed = true;
        self.wake();
    }

    /// What was sent is lost.
    pub fn reset(&self) {
        let mut flow = locked(&self.state);
        flow.is_closed = true;
        flow.arriving.clear();
        drop(flow);
        self.wake();
    }

    fn die(&self) {
        locked(&self.state).is_dead = true;
    }

    fn stand_still(&self, is_still: bool) {
        locked(&self.state).is_still = is_still;
        self.wake();
    }

    fn wake(&self) {
        self.changed.notify_one();
        self.eased.notify_one();
    }
}

impl<T> Flow<T> {
    fn find(&mut self) -> Found<T> {
        if self.is_dead || self.is_still {
            return Found::Wait(None);
        }
        match self.arriving.front() {
            Some((arrival, _)) if *arrival > Instant::now() => Found::Wait(Some(*arrival)),
            Some(_) => match self.arriving.pop_front() {
                Some((_, item)) => Found::Item(item),
                None => Found::Wait(None),
            },
            None if self.is_closed => Found::End,
            None => Found::Wait(None),
        }
    }
}

/// How long a peer may take nothing that is written to it.
pub(crate) const WRITE_WITHIN: Duration = Duration::from_secs(10);
