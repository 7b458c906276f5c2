//! One load: clients that send edits at some pace, and the check that each edit arrived everywhere
//! exactly once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::edit_ids::EditIds;
use super::edit_log::{EditLog, SentEdit};
use super::engine::Engine;
use super::latencies::Latencies;
use super::observation::{Observation, What};
use super::plan::Plan;
use super::wire_protocol::{OutgoingEdit, WireProtocol};
use super::writer::{Writer, WrittenNote, text};
use crate::clock::now;

const CONNECT_TIMEOUT: Duration = Duration::from_mins(1);
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);
/// The time without a delivery after which none is on its way.
const QUIET: Duration = Duration::from_secs(2);

/// When edits are sent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Pace {
    /// This many a second, whatever the server does; the writers take turns.
    EditsPerSecond(f64),
    /// Each writer has this many unfinished edits.
    InFlightPerWriter(usize),
    /// This many edits have not reached every client of their board yet.
    UntilAllReceived(usize),
    /// None.
    Pause,
}

/// A running load. The writers are the first connections, in their order.
pub struct Load {
    engine: Engine,
    ids: EditIds,
    plan: Plan,
    writers: Vec<Writer>,
    log: EditLog,
    pace: Pace,
    is_sending: bool,
    is_measuring: bool,
    next_writer: usize,
    /// The number of clients of each board.
    subscribers: Vec<usize>,
    unsubscribed: usize,
    last_subscription: Instant,
    /// Connections that were reset and may miss events.
    was_reset: Vec<bool>,
    pub latencies: Latencies,
    /// Edits whose writers learned that they are saved, while measuring.
    pub finished: u64,
    /// Events that clients received while measuring.
    pub deliveries: u64,
}

/// What went wrong in a load; nothing should.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Losses {
    /// Events and outcomes that a client should have received.
    pub lost: u64,
    /// Events and outcomes that a client received twice.
    pub duplicated: u64,
    /// Events that clients which were disconnected meanwhile did not receive.
    pub missed_while_away: u64,
}

impl Load {
    /// Connects all clients of a plan and waits until they have joined.
    pub fn connect(protocol: Box<dyn WireProtocol>, ids: EditIds, plan: Plan) -> Result<Self> {
        let mut load = Self::unconnected(protocol, ids, plan)?;
        load.await_subscriptions()?;
        Ok(load)
    }

    fn unconnected(protocol: Box<dyn WireProtocol>, ids: EditIds, plan: Plan) -> Result<Self> {
        let mut engine = Engine::new(protocol)?;
        let mut subscribers = vec![0; plan.boards.len()];
        let mut writers = Vec::new();
        for writer in &plan.writers {
            engine.add(writer.client.clone());
            if let Some(board) = writer.client.board {
                let index = plan.boards.iter().position(|it| it.id == board);
                subscribers[index.context("a writer of an unknown board")?] += 1;
            }
            writers.push(Writer::new(written_notes(&plan, &writer.notes)));
        }
        for reader in &plan.readers {
            engine.add(reader.client.clone());
            subscribers[reader.board] += 1;
        }
        let clients = plan.writers.len() + plan.readers.len();
        Ok(Self {
            engine,
            ids,
            plan,
            writers,
            log: EditLog::default(),
            pace: Pace::Pause,
            is_sending: false,
            is_measuring: false,
            next_writer: 0,
            subscribers,
            unsubscribed: clients,
            last_subscription: now(),
            was_reset: vec![false; clients],
            latencies: Latencies::new()?,
            finished: 0,
            deliveries: 0,
        })
    }

    /// Adds readers and waits until they have joined.
    pub fn add_readers(&mut self, plan: &Plan) -> Result<()> {
        for reader in &plan.readers {
            self.engine.add(reader.client.clone());
            self.subscribers[reader.board] += 1;
            self.was_reset.push(false);
            self.plan.readers.push(reader.clone());
        }
        self.unsubscribed += plan.readers.len();
        self.await_subscriptions()
    }

    fn await_subscriptions(&mut self) -> Result<()> {
        let end = now() + CONNECT_TIMEOUT;
        while self.unsubscribed > 0 {
            ensure!(now() < end, "{} clients could not join", self.unsubscribed);
            self.engine.turn(None)?;
            self.handle_observations()?;
        }
        Ok(())
    }

    /// Sends at a pace for some time.
    pub fn run(&mut self, pace: Pace, duration: Duration) -> Result<()> {
        self.start_sending(pace)?;
        let start = now();
        let end = start + duration;
        let mut sent = 0;
        loop {
            let time = now();
            if time >= end {
                break;
            }
            let mut until = end;
            if let Pace::EditsPerSecond(rate) = pace {
                let due = |number: u32| start + Duration::from_secs_f64(f64::from(number) / rate);
                while due(sent) <= time {
                    self.send_by_next_writer(due(sent))?;
                    sent += 1;
                }
                until = end.min(due(sent));
            }
            self.engine.turn(Some(until))?;
            self.handle_observations()?;
        }
        self.is_sending = false;
        Ok(())
    }

    /// Like [`Load::run`], and measures.
    pub fn measure(&mut self, pace: Pace, duration: Duration) -> Result<()> {
        self.is_measuring = true;
        let done = self.run(pace, duration);
        self.is_measuring = false;
        done
    }

    /// Forgets the latencies so far.
    pub fn reset_latencies(&mut self) -> Result<()> {
        self.latencies = Latencies::new()?;
        Ok(())
    }

    /// Disconnects all readers at once, and keeps sending until they have joined again. Returns the
    /// time that this took.
    pub fn reconnect_readers(&mut self, pace: Pace) -> Result<Duration> {
        let start = now();
        for reader in self.writers.len()..self.was_reset.len() {
            self.engine.reset(reader);
            self.was_reset[reader] = true;
            self.unsubscribed += 1;
        }
        while self.unsubscribed > 0 {
            ensure!(start.elapsed() < CONNECT_TIMEOUT, "{} did not return", self.unsubscribed);
            self.run(pace, Duration::from_millis(100))?;
        }
        Ok(self.last_subscription - start)
    }

    /// Waits until everything that was sent has arrived, or long enough.
    pub fn settle(&mut self) -> Result<()> {
        let end = now() + DELIVERY_TIMEOUT;
        let mut last_delivery = now();
        let any_was_reset = self.was_reset.iter().any(|it| *it);
        while now() < end && !self.is_settled() {
            let before = self.log.delivered;
            self.engine.turn(Some(now() + Duration::from_millis(50)))?;
            self.handle_observations()?;
            if self.log.delivered > before {
                last_delivery = now();
            }
            // Clients that were away may have missed some for good.
            if any_was_reset && last_delivery.elapsed() > QUIET {
                break;
            }
        }
        // Anything that arrives now is a duplicate.
        self.run(Pace::Pause, Duration::from_millis(100))
    }

    fn is_settled(&self) -> bool {
        let has_outcomes = usize::from(self.engine.protocol.has_outcomes());
        let is_done = |it: &SentEdit| {
            it.outcomes >= has_outcomes && it.deliveries == self.subscribers[it.board]
        };
        let is_idle = |it: &Writer| it.waiting.is_empty();
        self.writers.iter().all(is_idle) && self.log.edits.iter().all(is_done)
    }

    /// What is missing or surplus, after [`Load::settle`].
    pub fn losses(&self) -> Losses {
        let has_outcomes = usize::from(self.engine.protocol.has_outcomes());
        let mut losses = Losses { duplicated: self.log.duplicated, ..Losses::default() };
        let any_was_reset = self.was_reset.iter().any(|it| *it);
        for edit in &self.log.edits {
            let missing = (self.subscribers[edit.board] - edit.deliveries) as u64;
            let of_outcomes = (edit.outcomes as u64, has_outcomes as u64);
            losses.lost += of_outcomes.1.saturating_sub(of_outcomes.0);
            losses.duplicated += of_outcomes.0.saturating_sub(of_outcomes.1);
            if any_was_reset {
                losses.missed_while_away += missing;
            } else {
                losses.lost += missing;
            }
        }
        let waiting: usize = self.writers.iter().map(|it| it.waiting.len()).sum();
        losses.lost += waiting as u64;
        losses
    }

    /// The number of edits sent so far, to all boards and to each.
    pub fn sent(&self) -> (u64, Vec<u64>) {
        let boards = (0..self.plan.boards.len()).map(|board| self.log.sent_to(board)).collect();
        (self.log.edits.len() as u64, boards)
    }

    /// The boards of the plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn start_sending(&mut self, pace: Pace) -> Result<()> {
        (self.pace, self.is_sending) = (pace, pace != Pace::Pause);
        let time = now();
        match pace {
            Pace::InFlightPerWriter(count) => {
                for writer in 0..self.writers.len() {
                    let in_flight =
                        self.writers[writer].notes.len() - self.writers[writer].free.len();
                    for _ in in_flight..count {
                        self.send(writer, time)?;
                    }
                }
            }
            Pace::UntilAllReceived(count) => {
                let is_unfinished = |it: &&SentEdit| it.deliveries < self.subscribers[it.board];
                for _ in self.log.edits.iter().filter(is_unfinished).count()..count {
                    self.send_by_next_writer(time)?;
                }
            }
            Pace::EditsPerSecond(_) | Pace::Pause => {}
        }
        Ok(())
    }

    fn send_by_next_writer(&mut self, due: Instant) -> Result<()> {
        let writer = self.next_writer;
        self.next_writer = (writer + 1) % self.writers.len();
        self.send(writer, due)
    }

    /// Sends an edit, or keeps it until the writer has a free note.
    fn send(&mut self, writer: usize, due: Instant) -> Result<()> {
        let Some(note) = self.writers[writer].free.pop_front() else {
            self.writers[writer].waiting.push_back(due);
            return Ok(());
        };
        let number = self.log.edits.len();
        let WrittenNote { board_index, board, note: note_id, base } =
            &self.writers[writer].notes[note];
        let (id, text) = (self.ids.id(number), text(number));
        let edit =
            OutgoingEdit { id: &id, board: *board, note: *note_id, base: *base, text: &text };
        let message = self.engine.protocol.edit(&edit);
        self.log.edits.push(SentEdit {
            due,
            board: *board_index,
            writer,
            note,
            is_measured: self.is_measuring,
            is_finished: false,
            deliveries: 0,
            outcomes: 0,
        });
        self.engine.send(writer, &message)
    }

    fn handle_observations(&mut self) -> Result<()> {
        let mut observations = self.engine.take_observations();
        for Observation { connection, at, what } in observations.drain(..) {
            match what {
                What::Arrived { edit, position } => {
                    self.arrived(connection, at, edit)?;
                    if connection == self.log.edits[edit].writer {
                        self.finish(edit, position)?;
                    }
                }
                What::Saved { edit, position } => {
                    self.log.edits[edit].outcomes += 1;
                    self.finish(edit, Some(position))?;
                }
                What::Subscribed => {
                    self.unsubscribed -= 1;
                    self.last_subscription = at;
                }
                What::Failed(message) => bail!("unexpected message: {message}"),
            }
        }
        self.engine.recycle(observations);
        Ok(())
    }

    fn arrived(&mut self, connection: usize, at: Instant, edit: usize) -> Result<()> {
        ensure!(edit < self.log.edits.len(), "the server sent an edit that no writer made");
        if !self.log.arrived(connection, edit) {
            return Ok(());
        }
        self.deliveries += u64::from(self.is_measuring);
        let sent = &self.log.edits[edit];
        if sent.is_measured && connection != sent.writer {
            self.latencies.record(at.saturating_duration_since(sent.due));
        }
        let has_reached_all = sent.deliveries == self.subscribers[sent.board];
        if has_reached_all && self.is_sending && matches!(self.pace, Pace::UntilAllReceived(_)) {
            self.send_by_next_writer(at)?;
        }
        Ok(())
    }

    /// Makes the note free again once the writer knows that its edit is saved.
    fn finish(&mut self, edit: usize, position: Option<sockbit_domain::Position>) -> Result<()> {
        let sent = &mut self.log.edits[edit];
        if std::mem::replace(&mut sent.is_finished, true) {
            return Ok(());
        }
        self.finished += u64::from(self.is_measuring);
        let (number, note) = (sent.writer, sent.note);
        let writer = &mut self.writers[number];
        if let Some(position) = position {
            writer.notes[note].base = position;
        }
        writer.free.push_back(note);
        if let Some(due) = writer.waiting.pop_front() {
            return self.send(number, due);
        }
        if self.is_sending && matches!(self.pace, Pace::InFlightPerWriter(_)) {
            self.send(number, now())?;
        }
        Ok(())
    }
}

fn written_notes(plan: &Plan, notes: &[(usize, sockbit_domain::NoteId)]) -> Vec<WrittenNote> {
    let written = |(board_index, note): &(usize, _)| {
        let board = plan.boards[*board_index];
        WrittenNote { board_index: *board_index, board: board.id, note: *note, base: board.head }
    };
    notes.iter().map(written).collect()
}
