//! The gateway of the model: as a session and a hub do it, but with every delay that they may have.

use sockbit_application::bus_messages::{
    Address, Admission, CommandEnvelope, CoreQuery, CoreReply, OutcomeEnvelope,
};
use sockbit_application::ports::Clock;
use sockbit_application::trace_id::TraceId;
use sockbit_domain::wire::{
    ClientMessage, PersonPresence, Query, Refusal, RefusalCode, SentCommand, ServerMessage,
};
use sockbit_domain::{Event, KeyHash, MessageId, NoteId, Position, Seq};
use uuid::Uuid;

use super::seat::Connection;
use super::world::World;

/// The link key of the board; any other is a wrong one.
pub(super) const KEY: &str = "open sesame";

/// In milliseconds.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

pub(super) fn hash_of(key: &str) -> KeyHash {
    KeyHash([u8::from(key == KEY); 32])
}

impl World {
    /// One frame from a client reaches its session.
    pub(super) fn uplink(&mut self, seat: usize) -> Result<(), String> {
        let Some(connection) = &mut self.seats[seat].connection else { return Ok(()) };
        let Some(frame) = connection.up.pop_front() else { return Ok(()) };
        let message = ClientMessage::parse(&frame).map_err(|refusal| refusal.detail)?;
        match message {
            ClientMessage::Command(command) => self.take_command(seat, command)?,
            ClientMessage::Query { id, query } => self.take_query(seat, id, query),
            ClientMessage::Join { position, .. } => self.take_join(seat, position),
            ClientMessage::Presence { note, .. } => self.take_presence(seat, note),
            ClientMessage::Leave { .. } | ClientMessage::Ping => {
                return Err(format!("the machine has no reason to send {frame}"));
            }
        }
        Ok(())
    }

    /// Sometimes the bus does not confirm, whether it has the command or not.
    fn take_command(&mut self, seat: usize, command: SentCommand) -> Result<(), String> {
        let id = command.id;
        self.check_age(id)?;
        if self.has_fault(1) {
            self.refuse(seat, Some(id), RefusalCode::Malformed);
            return Ok(());
        }
        let is_unconfirmed = self.has_fault(8);
        let is_lost = is_unconfirmed && self.random.percent(50);
        if !is_lost {
            let envelope = self.envelope(seat, command);
            self.bus.push(envelope);
        }
        if is_unconfirmed {
            self.say_again(seat, Some(id));
        }
        Ok(())
    }

    /// What is older than 60 days is not sent any more: the server may have forgotten its outcome.
    fn check_age(&mut self, id: MessageId) -> Result<(), String> {
        let now = self.server.clock.now().0;
        let first = *self.first_sent.entry(id).or_insert(now);
        if now - first > 60 * DAY {
            return Err(format!("{id} was sent {} days ago, and again", (now - first) / DAY));
        }
        Ok(())
    }

    fn envelope(&self, seat: usize, command: SentCommand) -> CommandEnvelope {
        let seat = &self.seats[seat];
        let session = seat.connection.as_ref().map_or(0, |it| it.session);
        CommandEnvelope {
            trace: TraceId::default(),
            reply_to: Address { gateway: Uuid::nil(), session },
            actor: seat.actor.clone(),
            client: seat.client,
            message: command.id,
            board: command.board,
            key: command.key.as_deref().map(hash_of),
            body: command.body,
        }
    }

    fn take_query(&mut self, seat: usize, id: MessageId, query: Query) {
        if self.has_fault(8) {
            self.say_again(seat, Some(id));
            return;
        }
        let actor = self.seats[seat].actor.id;
        if let CoreReply::Client(body) = self.server.answer(CoreQuery::Client { actor, query }) {
            self.say(seat, ServerMessage::Reply { id, body });
        }
    }

    fn take_join(&mut self, seat: usize, position: Option<Position>) {
        if self.has_fault(8) {
            // As with the gateway, the join before this one is over.
            if let Some(connection) = &mut self.seats[seat].connection {
                connection.reached = None;
            }
            self.say_again(seat, None);
            return;
        }
        if self.has_fault(1) {
            self.refuse(seat, None, RefusalCode::TooManyBoards);
            return;
        }
        let (actor, board) = (self.seats[seat].actor.id, self.board);
        let answer = self.server.answer(CoreQuery::Admission { actor, board, position });
        let CoreReply::Admission(admission) = answer else { return };
        let reached = match (&admission, position) {
            (Ok(Admission { resumable: true, .. }), Some(position)) => Some(position.seq),
            _ => None,
        };
        let message = match admission {
            Ok(Admission { role, head, resumable: true }) => {
                ServerMessage::Joined { board, role, head }
            }
            Ok(Admission { role, head, .. }) => ServerMessage::BaseGone { board, role, head },
            Err(rejection) => ServerMessage::Left { board, rejection: Some(rejection) },
        };
        if let Some(connection) = &mut self.seats[seat].connection {
            connection.reached = reached;
        }
        self.say(seat, message);
    }

    /// Everybody who joined is told who is here; sometimes that is lost.
    fn take_presence(&mut self, seat: usize, note: Option<NoteId>) {
        let Some(connection) = &mut self.seats[seat].connection else { return };
        if connection.reached.is_none() {
            return;
        }
        connection.here = Some(note.into_iter().collect());
        let here = self.seats.iter().filter_map(|seat| {
            let notes = seat.connection.as_ref()?.here.clone()?;
            Some(PersonPresence { actor: seat.actor.clone(), notes })
        });
        let people: Vec<PersonPresence> = here.collect();
        for other in 0..self.seats.len() {
            let has_joined = |it: &Connection| it.reached.is_some();
            let is_told = self.seats[other].connection.as_ref().is_some_and(has_joined);
            if is_told && !self.has_fault(10) {
                let (board, people) = (self.board, people.clone());
                let more = u32::from(self.random.percent(5));
                self.say(other, ServerMessage::Presence { board, people, more });
            }
        }
    }

    /// The core takes some of what waits, in any order but a session's own.
    pub(super) fn core_turn(&mut self, max: usize) -> Result<(), String> {
        let mut batch = Vec::new();
        while batch.len() < max && !self.bus.is_empty() {
            let chosen = self.random.below(self.bus.len());
            let session = self.bus[chosen].reply_to.session;
            let first = self.bus.iter().position(|it| it.reply_to.session == session);
            let envelope = self.bus.remove(first.unwrap_or(chosen));
            if self.has_fault(8) {
                self.bus.push(envelope.clone());
            }
            batch.push(envelope);
        }
        let said = self.server.process(&batch)?;
        for answer in said.answers {
            if !self.has_fault(10) {
                self.bring_answer(answer);
            }
        }
        let listening = self.seats.iter_mut().filter_map(|seat| seat.connection.as_mut());
        listening.for_each(|connection| connection.heard.extend(said.events.iter().cloned()));
        Ok(())
    }

    fn bring_answer(&mut self, answer: OutcomeEnvelope) {
        let is_sender = |session| session == Some(answer.to.session);
        let seats = self.seats.iter();
        let Some(seat) =
            seats.map(|seat| seat.connection.as_ref().map(|it| it.session)).position(is_sender)
        else {
            return;
        };
        let (id, board) = (answer.message, answer.board);
        match answer.outcome {
            Some(outcome) => self.say(seat, ServerMessage::Outcome { id, board, outcome }),
            None => self.say_again(seat, Some(id)),
        }
    }

    /// One announcement reaches the hub: it is passed on, and what is missing before it is filled.
    pub(super) fn hear(&mut self, seat: usize) {
        let (lost, repeated, gap) = (self.has_fault(10), self.has_fault(30), self.has_fault(10));
        let Some(connection) = &mut self.seats[seat].connection else { return };
        if connection.heard.is_empty() {
            return;
        }
        let chosen = self.random.below(connection.heard.len());
        let event = connection.heard.swap_remove(chosen);
        let Some(reached) = connection.reached.filter(|_| !lost) else { return };
        if event.seq <= reached {
            if repeated {
                self.say(seat, ServerMessage::Event { event });
            }
        } else if event.seq == reached.next() || gap {
            self.pass_on(seat, vec![event]);
        } else {
            self.fill(seat);
        }
    }

    /// The hub asks for what it may have missed.
    pub(super) fn fill(&mut self, seat: usize) {
        let reached = self.seats[seat].connection.as_ref().and_then(|it| it.reached);
        if let Some(reached) = reached {
            let events = self.server.events(reached);
            self.pass_on(seat, events);
        }
    }

    fn pass_on(&mut self, seat: usize, events: Vec<Event>) {
        for event in events {
            if let Some(connection) = &mut self.seats[seat].connection {
                connection.reached = Some(event.seq);
            }
            self.say(seat, ServerMessage::Event { event });
        }
    }

    /// One message reaches a client.
    pub(super) fn downlink(&mut self, seat: usize) -> Result<bool, String> {
        let Some(connection) = &mut self.seats[seat].connection else { return Ok(false) };
        let Some(message) = connection.down.pop_front() else { return Ok(false) };
        self.call(seat, super::call::Call::Receive { message: Box::new(message) })?;
        Ok(true)
    }

    fn say(&mut self, seat: usize, message: ServerMessage) {
        if let Some(connection) = &mut self.seats[seat].connection {
            connection.down.push_back(message);
        }
    }

    fn refuse(&mut self, seat: usize, id: Option<MessageId>, code: RefusalCode) {
        let detail = "it was not taken".to_owned();
        self.say(seat, ServerMessage::Refused(Refusal { id, code, detail }));
    }

    fn say_again(&mut self, seat: usize, id: Option<MessageId>) {
        let after_ms = 100 + self.random.next() % 4_000;
        let board = id.is_none().then_some(self.board);
        self.say(seat, ServerMessage::Again { id, board, after_ms });
    }

    /// History is bounded: nobody can resume from before some number.
    pub(super) fn forget(&mut self) {
        let head = self.server.head();
        let back = self.random.next() % 4;
        self.server.forget(Seq(head.0.saturating_sub(back)));
    }

    /// Runs of edits of one note by one author become one event each, in some part of the log's end.
    pub(super) fn squash(&mut self) -> Result<(), String> {
        let log = self.server.events(Seq(0));
        let first = log.len().saturating_sub(1 + self.random.below(8));
        let longest = 2 + self.random.below(6);
        let mut part = log.iter().skip(first).take(longest);
        let (Some(begin), Some(end)) = (part.next(), part.next_back()) else { return Ok(()) };
        self.was_squashed |= self.server.squash(begin.from, end.seq)?;
        Ok(())
    }
}
