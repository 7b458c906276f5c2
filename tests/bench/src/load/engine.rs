//! All connections in one thread, on `epoll`.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::{Events, Poll, Token};

use super::client_state::Client;
use super::connection::Connection;
use super::observation::{Observation, Observer};
use super::timer::Timer;
use super::wire_protocol::WireProtocol;
use crate::clock::now;

/// More would overflow the queue of connections that a server has not accepted.
const HANDSHAKES_MAX: usize = 256;
const READ_BYTES: usize = 256 * 1024;
const EVENTS_MAX: usize = 1024;
const TIMER: Token = Token(usize::MAX);
/// A limit for waits without a given end.
const IDLE_WAIT: Duration = Duration::from_millis(100);

/// Connections and what is observed on them.
pub struct Engine {
    poll: Poll,
    events: Events,
    timer: Timer,
    connections: Vec<Connection>,
    /// Connections that wait for their handshake.
    unconnected: VecDeque<usize>,
    handshakes: usize,
    buffer: Vec<u8>,
    observations: Vec<Observation>,
    pub protocol: Box<dyn WireProtocol>,
}

impl Engine {
    pub fn new(protocol: Box<dyn WireProtocol>) -> Result<Self> {
        let poll = Poll::new().context("the system has no epoll")?;
        Ok(Self {
            timer: Timer::register(poll.registry(), TIMER)?,
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            connections: Vec::new(),
            unconnected: VecDeque::new(),
            handshakes: 0,
            buffer: vec![0; READ_BYTES],
            observations: Vec::new(),
            protocol,
        })
    }

    /// Adds a client, which connects in the next turns. Returns its number.
    pub fn add(&mut self, client: Client) -> usize {
        let number = self.connections.len();
        self.connections.push(Connection::new(client));
        self.unconnected.push_back(number);
        number
    }

    /// Resets a connection. The client connects again in the next turns.
    pub fn reset(&mut self, connection: usize) {
        self.connections[connection].disconnect();
        self.unconnected.push_back(connection);
    }

    /// Sends a message.
    pub fn send(&mut self, connection: usize, text: &str) -> Result<()> {
        let connection = &mut self.connections[connection];
        connection.state.append_text(text)?;
        connection.write()
    }

    /// Waits until something happens, at most until this time, and handles all of it.
    pub fn turn(&mut self, until: Option<Instant>) -> Result<()> {
        self.start_handshakes()?;
        let wait = until.map_or(IDLE_WAIT, |it| it.saturating_duration_since(now()));
        let timeout = if wait.is_zero() { Duration::ZERO } else { IDLE_WAIT };
        if let Some(until) = until.filter(|_| !wait.is_zero() && wait < IDLE_WAIT) {
            self.timer.arm(until, wait)?;
        }
        if let Err(error) = self.poll.poll(&mut self.events, Some(timeout))
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        let mut handshakes_done = 0;
        for event in self.events.iter().filter(|it| it.token() != TIMER) {
            let number = event.token().0;
            let connection = &mut self.connections[number];
            let was_subscribed = connection.state.is_subscribed;
            if event.is_writable() {
                connection.writable(self.protocol.path())?;
            }
            let observations = &mut self.observations;
            let mut observer = Observer { connection: number, at: now(), observations };
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                connection.readable(&mut self.buffer, &*self.protocol, &mut observer)?;
            }
            handshakes_done += usize::from(!was_subscribed && connection.state.is_subscribed);
        }
        self.handshakes -= handshakes_done;
        Ok(())
    }

    /// What was observed since the last call.
    pub fn take_observations(&mut self) -> Vec<Observation> {
        std::mem::take(&mut self.observations)
    }

    /// Gives the memory of observations back, so that it is used again.
    pub fn recycle(&mut self, mut observations: Vec<Observation>) {
        observations.clear();
        if self.observations.is_empty() {
            self.observations = observations;
        }
    }

    fn start_handshakes(&mut self) -> Result<()> {
        while self.handshakes < HANDSHAKES_MAX
            && let Some(number) = self.unconnected.pop_front()
        {
            self.handshakes += 1;
            self.connections[number].connect(self.poll.registry(), Token(number))?;
        }
        Ok(())
    }
}
