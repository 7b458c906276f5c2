//! One client: its machine, the view before it, what it has kept, and its connection.

use std::collections::VecDeque;

use sockbit_client::{BoardClient, ClockAndIds, MonotonicTime, Now, UnsentState};
use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{Actor, BoardId, ClientId, Event, NoteId, Seq, Timestamp};

use super::call::Call;
use super::mirror::Mirror;
use super::random::Random;
use super::transcript::Recorder;
use super::words::Words;

pub(super) struct Seat {
    pub actor: Actor,
    pub client: ClientId,
    pub machine: BoardClient,
    pub mirror: Mirror,
    /// What was kept last; always written before a frame is sent.
    pub kept: Option<UnsentState>,
    /// What was typed since.
    pub unkept: String,
    /// The texts of drafts that the person threw away.
    pub dismissed: String,
    pub connection: Option<Connection>,
    pub recorder: Option<Recorder>,
    /// How far the wall clock is ahead of the server's; NTP and users step it.
    pub wall_offset: i64,
    /// Where the monotonic clock of the page is, against the server's; it stands in suspend.
    pub monotonic_offset: i64,
}

/// Frames on their way, in order; only the whole connection can be lost.
pub(super) struct Connection {
    pub session: u64,
    pub up: VecDeque<String>,
    pub down: VecDeque<ServerMessage>,
    /// Announcements on their way to the gateway, in no order.
    pub heard: Vec<Event>,
    /// The number of the last event that was passed on, once joined.
    pub reached: Option<Seq>,
    /// The notes that the person is in, once they said that they are here.
    pub here: Option<Vec<NoteId>>,
}

impl Connection {
    pub fn new(session: u64) -> Self {
        Self {
            session,
            up: VecDeque::new(),
            down: VecDeque::new(),
            heard: Vec::new(),
            reached: None,
            here: None,
        }
    }
}

impl Seat {
    pub fn new(board: BoardId, actor: Actor, client: ClientId) -> Self {
        let machine = BoardClient::new(board, Some(actor.id));
        Self {
            actor,
            client,
            mirror: Mirror::of(&machine),
            machine,
            kept: None,
            unkept: String::new(),
            dismissed: String::new(),
            connection: None,
            recorder: None,
            wall_offset: 0,
            monotonic_offset: 0,
        }
    }

    /// What the client's clocks show at a time of the server.
    pub fn now(&self, server: Timestamp) -> Now {
        Now {
            wall: Timestamp(server.0 + self.wall_offset),
            monotonic: MonotonicTime(server.0 + self.monotonic_offset),
        }
    }

    /// Makes a call as a page does: then keeps, sends and shows what came of it.
    pub fn call(
        &mut self,
        call: Call,
        now: Now,
        ids: &mut Random,
        words: &Words,
    ) -> Result<(), String> {
        let recorded = self.recorder.is_some().then(|| call.clone());
        let opens_page =
            matches!(call, Call::New { .. } | Call::Restore { .. } | Call::FromSnapshot { .. });
        if let Call::Flush { note } = call {
            self.mirror.flushed(note);
        }
        let mut minted = Vec::new();
        let mut mint = || {
            let id = ids.uuid();
            minted.push(id);
            id
        };
        call.make(&mut self.machine, &mut ClockAndIds { now, mint: &mut mint })?;
        let outgoing = self.machine.take_outgoing();
        let changes = self.machine.take_changes();
        if let (Some(recorder), Some(call)) = (&mut self.recorder, recorded) {
            recorder.record(call, now, minted, &outgoing, &changes, &self.machine);
        }
        if opens_page {
            self.mirror = Mirror::of(&self.machine);
        }
        let seen = self.mirror.seen();
        let has_news = !changes.is_empty();
        for change in changes {
            self.mirror.show(change, &self.machine)?;
        }
        self.mirror.check(&self.machine)?;
        if has_news {
            self.mirror.check_words(&seen, words)?;
        }
        if !outgoing.is_empty() {
            self.keep();
        }
        if let Some(connection) = &mut self.connection {
            connection.up.extend(outgoing);
        }
        Ok(())
    }

    pub fn keep(&mut self) {
        self.kept = self.machine.unsent_state();
        self.unkept.clear();
    }
}
