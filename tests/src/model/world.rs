//! A schedule: who sits where, what is on its way, and how it all ends.

use std::collections::BTreeMap;

use sockbit_application::bus_messages::{Address, CommandEnvelope};
use sockbit_application::ports::Clock;
use sockbit_application::trace_id::TraceId;
use sockbit_client::{JoinState, SaveState};
use sockbit_domain::wire::BoardPage;
use sockbit_domain::{
    Actor, ActorId, BoardId, ClientId, Command, KeyHash, Limits, MessageId, NoteId, Role,
};
use uuid::Uuid;

use super::call::Call;
use super::gateway::{KEY, hash_of};
use super::random::Random;
use super::seat::Seat;
use super::server::Server;
use super::transcript::{Recorder, Transcript};
use super::verdict::verdict;
use super::words::Words;

/// Rounds of healing after which everything must have arrived.
const HEALING_ROUNDS_MAX: usize = 200;

/// A schedule that somebody ran.
#[derive(Debug, Default)]
pub struct Schedule {
    /// Events in the log at the end.
    pub events: u64,
    /// Drafts that people had at the end.
    pub drafts: usize,
    /// What one of the clients went through, if that was recorded.
    pub transcript: Option<Transcript>,
}

/// Everything in a schedule.
pub(super) struct World {
    pub board: BoardId,
    pub random: Random,
    pub ids: Random,
    pub server: Server,
    pub seats: Vec<Seat>,
    pub bus: Vec<CommandEnvelope>,
    pub words: Words,
    pub sessions: u64,
    pub first_sent: BTreeMap<MessageId, i64>,
    /// From the healing on, nothing is lost or repeated any more.
    pub is_healed: bool,
    pub was_squashed: bool,
    /// The snapshot in the page that was rendered last.
    pub rendered: Option<BoardPage>,
    diary: Option<Vec<String>>,
}

/// Runs the schedule of a seed, and says what went wrong, if anything did.
pub fn run(seed: u64) -> Result<Schedule, String> {
    let mut world = World::new(seed)?;
    world.play()?;
    Ok(world.schedule())
}

/// Runs the schedule of a seed, and records what one of the clients goes through.
pub fn run_recorded(seed: u64) -> Result<Schedule, String> {
    let mut world = World::new(seed)?;
    let number = Random::new(!seed).below(world.seats.len());
    world.seats[number].recorder = Some(Recorder::new(seed));
    let actor = world.seats[number].actor.id;
    world.call(number, Call::New { board: world.board, actor })?;
    world.play()?;
    Ok(world.schedule())
}

/// Every call that was made in the schedule of a seed, until something went wrong.
#[must_use]
pub fn diary(seed: u64) -> String {
    let Ok(mut world) = World::new(seed) else { return String::new() };
    world.diary = Some(Vec::new());
    let end = world.play().err().unwrap_or_else(|| "all is well".into());
    format!("{}\n{end}", world.diary.unwrap_or_default().join("\n"))
}

impl World {
    fn new(seed: u64) -> Result<Self, String> {
        let mut random = Random::new(seed);
        let board = BoardId(random.uuid());
        let limits = match random.below(5) {
            0 => Limits { note_bytes_max: 60, notes_max: 3, ..Limits::default() },
            _ => Limits::default(),
        };
        let page_bytes = random.pick(&[1, 40, 100_000]).copied().unwrap_or(1);
        let seats = (0..2 + random.below(3)).map(|number| {
            // Sometimes a person has two tabs.
            let person = if random.percent(20) { 0 } else { number };
            let id = ActorId(Uuid::from_u128(1 + person as u128));
            let actor = Actor { id, name: format!("Person {number}"), colour: 0 };
            Seat::new(board, actor, ClientId(random.uuid()))
        });
        let seats = seats.collect();
        let mut world = Self {
            board,
            ids: Random::new(seed ^ 0x5eed),
            server: Server::new(board, seed, limits, page_bytes),
            random,
            seats,
            bus: Vec::new(),
            words: Words::default(),
            sessions: 0,
            first_sent: BTreeMap::new(),
            is_healed: false,
            was_squashed: false,
            rendered: None,
            diary: None,
        };
        world.begin_board()?;
        Ok(world)
    }

    fn play(&mut self) -> Result<(), String> {
        self.gather()?;
        if self.random.percent(80) {
            self.heal()?;
        }
        self.is_healed = false;
        for _ in 0..50 + self.random.below(70) {
            self.step()?;
        }
        self.heal()?;
        verdict(self)
    }

    fn schedule(self) -> Schedule {
        Schedule {
            events: self.server.head().0,
            drafts: self.seats.iter().map(|seat| seat.machine.drafts().len()).sum(),
            transcript: self.seats.into_iter().find_map(|seat| seat.recorder).map(Recorder::finish),
        }
    }

    /// The first two begin the board and are members; the others come by the link.
    fn begin_board(&mut self) -> Result<(), String> {
        let title = "A board".to_owned();
        let key = Some(hash_of(KEY));
        let batch = [
            self.beginning(0, &Command::CreateBoard { title }, None)?,
            self.beginning(0, &Command::AddLink { role: Role::Editor }, key)?,
            self.beginning(1, &Command::JoinBoard {}, key)?,
        ];
        self.server.process(&batch).map(|_| ())
    }

    fn beginning(
        &mut self,
        seat: usize,
        command: &Command,
        key: Option<KeyHash>,
    ) -> Result<CommandEnvelope, String> {
        let body = serde_json::value::to_raw_value(command).map_err(|error| error.to_string())?;
        Ok(CommandEnvelope {
            trace: TraceId::default(),
            reply_to: Address { gateway: Uuid::nil(), session: 0 },
            actor: self.seats[seat].actor.clone(),
            client: self.seats[seat].client,
            message: MessageId(self.ids.uuid()),
            board: self.board,
            key,
            body,
        })
    }

    fn gather(&mut self) -> Result<(), String> {
        for seat in 0..self.seats.len() {
            if seat >= 2 {
                self.open_link(seat)?;
            }
            if self.random.percent(90) {
                self.connect(seat)?;
            }
            if self.random.percent(40) {
                self.create(seat)?;
            }
        }
        Ok(())
    }

    pub(super) fn has_fault(&mut self, percent: usize) -> bool {
        !self.is_healed && self.random.percent(percent)
    }

    pub(super) fn call(&mut self, seat: usize, call: Call) -> Result<(), String> {
        let now = self.seats[seat].now(self.server.clock.now());
        if let Some(diary) = &mut self.diary {
            diary.push(format!("seat {seat} at {now:?}: {call:?}"));
        }
        self.seats[seat].call(call, now, &mut self.ids, &self.words)?;
        // Over a run an edit may be merged into another place than over one edit after the other.
        if !self.was_squashed && self.seats[seat].machine.merge_mismatches() > 0 {
            return Err("the server merged an edit into something else than the client".into());
        }
        Ok(())
    }

    /// Everybody is connected, all typing is sent, and all that is on its way arrives.
    fn heal(&mut self) -> Result<(), String> {
        self.is_healed = true;
        for seat in 0..self.seats.len() {
            if self.seats[seat].connection.is_none() {
                self.connect(seat)?;
            }
        }
        for _ in 0..HEALING_ROUNDS_MAX {
            for seat in 0..self.seats.len() {
                self.heal_seat(seat)?;
            }
            self.server.clock.advance(2_500);
            if self.is_quiet() {
                return Ok(());
            }
        }
        Err(self.unrest())
    }

    fn heal_seat(&mut self, seat: usize) -> Result<(), String> {
        self.call(seat, Call::Tick)?;
        if self.seats[seat].machine.join_state() == JoinState::Refused {
            self.open_link(seat)?;
        }
        let notes = self.seats[seat].machine.notes();
        for note in notes.into_iter().map(|note| note.id) {
            if self.is_typed(seat, note) {
                self.call(seat, Call::Flush { note })?;
            }
        }
        while self.seats[seat].connection.as_ref().is_some_and(|it| !it.up.is_empty()) {
            self.uplink(seat)?;
        }
        while !self.bus.is_empty() {
            self.core_turn(3)?;
        }
        self.fill(seat);
        while self.downlink(seat)? {}
        Ok(())
    }

    fn is_typed(&self, seat: usize, note: NoteId) -> bool {
        self.seats[seat].machine.save_status(note).state == SaveState::Editing
    }

    fn is_quiet(&self) -> bool {
        let head = self.server.head();
        self.seats.iter().all(|seat| {
            let machine = &seat.machine;
            machine.join_state() == JoinState::Live
                && machine.unsent_count() == 0
                && machine.position().is_some_and(|position| position.seq == head)
        })
    }

    fn unrest(&self) -> String {
        let state = |seat: &Seat| {
            let machine = &seat.machine;
            format!(
                "{:?} {:?} unsent {}",
                machine.join_state(),
                machine.position(),
                machine.unsent_count()
            )
        };
        let states: Vec<String> = self.seats.iter().map(state).collect();
        format!("no rest at head {:?}: {states:#?}", self.server.head())
    }
}
