//! A client without a server, and shorthands for its inputs and outputs.

use sockbit_client::{BoardClient, ClockAndIds, MonotonicTime, Now, ViewChange};
use sockbit_domain::wire::{BoardPage, ClientMessage, Reply, SentCommand, ServerMessage};
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, Colour, Command, Delta, Event, EventId, Limits, MessageId,
    Note, NoteId, NoteState, Outcome, Position, Rank, Rejection, RejectionCode, Role, Seq, Text,
    Timestamp, Title,
};
use uuid::Uuid;

pub const BOARD: BoardId = BoardId(Uuid::from_u128(1));
pub const NOTE: NoteId = NoteId(Uuid::from_u128(10));
pub const OTHER_NOTE: NoteId = NoteId(Uuid::from_u128(11));
pub const REMOTE_MESSAGE: MessageId = MessageId(Uuid::from_u128(0xffff));

pub struct Fixture {
    pub machine: BoardClient,
    /// Milliseconds on both clocks.
    pub time: i64,
    /// How far the wall clock is ahead of the monotonic one.
    pub wall_ahead: i64,
    minted: u128,
}

impl Fixture {
    /// Without a connection and without a board.
    pub fn empty() -> Self {
        Self { machine: BoardClient::new(BOARD, None), time: 0, wall_ahead: 0, minted: 0x1000 }
    }

    /// Live on a board at seq 5, with these texts in its notes.
    pub fn live(texts: &[&str]) -> Self {
        let mut fixture = Self::empty();
        fixture.connect();
        fixture.pull(5, texts);
        fixture.receive(joined(5));
        fixture.sent();
        assert!(!fixture.machine.take_changes().is_empty());
        fixture
    }

    /// Calls the client with the time and fresh ids.
    pub fn with<T>(&mut self, call: impl FnOnce(&mut BoardClient, &mut ClockAndIds<'_>) -> T) -> T {
        let now = self.now();
        let mut mint = || {
            self.minted += 1;
            Uuid::from_u128(self.minted)
        };
        call(&mut self.machine, &mut ClockAndIds { now, mint: &mut mint })
    }

    pub fn now(&self) -> Now {
        Now { wall: Timestamp(self.time + self.wall_ahead), monotonic: MonotonicTime(self.time) }
    }

    pub fn connect(&mut self) {
        self.with(|machine, clock_and_ids| machine.connected(actor(1), clock_and_ids));
    }

    pub fn reconnect(&mut self) {
        self.machine.disconnected();
        self.connect();
    }

    /// Replies to the join with a snapshot at a seq, on one page.
    pub fn pull(&mut self, seq: u64, texts: &[&str]) {
        let board = BOARD;
        self.receive(ServerMessage::BaseGone { board, role: Role::Editor, head: position(seq) });
        let notes = texts.iter().zip(10..).map(|(text, id)| note(id, text)).collect();
        self.page(seq, notes, None);
    }

    pub fn page(&mut self, seq: u64, notes: Vec<Note>, next: Option<NoteId>) {
        let id = self.sent_query();
        let page = BoardPage {
            board: BOARD,
            title: title("A board"),
            role: Role::Editor,
            position: position(seq),
            notes,
            next,
        };
        self.receive(ServerMessage::Reply { id, body: Reply::BoardPage(page) });
    }

    pub fn receive(&mut self, message: ServerMessage) {
        self.with(|machine, clock_and_ids| machine.receive(message, clock_and_ids));
    }

    /// Another client changed the board.
    pub fn remote_event(&mut self, seq: u64, change: Change) {
        self.receive(event(seq, REMOTE_MESSAGE, change));
    }

    pub fn edit(&mut self, delta: &Delta) {
        self.machine.edit(NOTE, delta).expect("it fits");
    }

    pub fn flush(&mut self) {
        self.with(|machine, clock_and_ids| machine.flush(NOTE, clock_and_ids));
    }

    pub fn submit(&mut self, command: Command) -> MessageId {
        let id = self.with(|_, clock_and_ids| MessageId((clock_and_ids.mint)()));
        self.machine.submit(command, id, self.now(), None).expect("not an edit");
        id
    }

    pub fn tick(&mut self, milliseconds: i64) {
        self.time += milliseconds;
        self.with(BoardClient::tick);
    }

    /// The messages sent since the last call.
    pub fn sent(&mut self) -> Vec<ClientMessage> {
        let frames = self.machine.take_outgoing();
        frames.iter().map(|frame| ClientMessage::parse(frame).expect("a message")).collect()
    }

    /// The commands among them.
    pub fn sent_commands(&mut self) -> Vec<SentCommand> {
        let command = |message| match message {
            ClientMessage::Command(command) => Some(command),
            _ => None,
        };
        self.sent().into_iter().filter_map(command).collect()
    }

    /// The only command that was sent.
    pub fn sent_command(&mut self) -> SentCommand {
        let commands = self.sent_commands();
        let [command] = <[SentCommand; 1]>::try_from(commands).expect("one command");
        command
    }

    /// The id, base and delta of the only edit that was sent.
    pub fn sent_edit(&mut self) -> (MessageId, Position, Delta) {
        let command = self.sent_command();
        match serde_json::from_str(command.body.get()) {
            Ok(Command::EditNote {
                base,
                change: sockbit_domain::TextChange::Delta(delta),
                ..
            }) => (command.id, base, delta),
            other => panic!("no edit: {other:?}"),
        }
    }

    fn sent_query(&mut self) -> MessageId {
        let query = |message| match message {
            ClientMessage::Query { id, .. } => Some(id),
            _ => None,
        };
        self.sent().into_iter().rev().find_map(query).expect("a query")
    }

    pub fn text(&self) -> String {
        self.machine.text(NOTE).as_str().to_owned()
    }

    /// The changes of shown texts since the last call.
    pub fn text_changes(&mut self) -> Vec<Delta> {
        let delta = |change| match change {
            ViewChange::Text { delta, .. } => Some(delta),
            _ => None,
        };
        self.machine.take_changes().into_iter().filter_map(delta).collect()
    }

    /// The drafts' codes and texts.
    pub fn drafts(&self) -> Vec<(&str, &str)> {
        let drafts = self.machine.drafts().iter();
        drafts.map(|draft| (draft.reason.code.as_str(), draft.text.as_str())).collect()
    }

    /// The codes of notices since the last call.
    pub fn notices(&mut self) -> Vec<String> {
        let code = |change| match change {
            ViewChange::Notice { code, .. } => Some(code),
            _ => None,
        };
        self.machine.take_changes().into_iter().filter_map(code).collect()
    }
}

pub fn insert(at: u32, text: &str) -> Delta {
    Delta::new().retain(at).insert(text)
}

pub fn actor(id: u128) -> Actor {
    Actor { id: ActorId(Uuid::from_u128(id)), name: format!("Person {id}"), colour: 0 }
}

pub fn position(seq: u64) -> Position {
    Position { seq: Seq(seq), event: EventId(Uuid::from_u128(u128::from(seq) + 0x100)) }
}

pub fn rank(digits: &str) -> Rank {
    Rank::try_from(digits.to_owned()).expect("a rank")
}

pub fn title(line: &str) -> Title {
    Title::new(line, &Limits::default()).expect("a title")
}

/// A note that was last changed at seq 2. Note 10 has the rank `A`, note 11 the rank `B`.
pub fn note(id: u8, text: &str) -> Note {
    Note {
        id: NoteId(Uuid::from_u128(u128::from(id))),
        text: Text::normalise(text),
        colour: Colour::Paper,
        rank: rank(&char::from(b'A' + id - 10).to_string()),
        state: NoteState::Live,
        seq: Seq(2),
        edited_by: actor(2),
        edited_at: Timestamp(0),
    }
}

pub fn joined(head: u64) -> ServerMessage {
    ServerMessage::Joined { board: BOARD, role: Role::Editor, head: position(head) }
}

pub fn event(seq: u64, message: MessageId, change: Change) -> ServerMessage {
    range(seq, seq, message, change)
}

/// A squashed event.
pub fn range(from: u64, seq: u64, message: MessageId, change: Change) -> ServerMessage {
    let Position { seq, event: id } = position(seq);
    let (actor, at) = (actor(2), Timestamp(9));
    let from = Seq(from);
    ServerMessage::Event {
        event: Event { board: BOARD, seq, from, id, message, actor, at, change },
    }
}

pub fn edited(delta: Delta) -> Change {
    Change::NoteEdited { note: NOTE, delta }
}

pub fn outcome(id: MessageId, outcome: Outcome) -> ServerMessage {
    ServerMessage::Outcome { id, board: BOARD, outcome }
}

pub fn saved(id: MessageId, seq: u64) -> ServerMessage {
    outcome(id, Outcome::Saved { position: position(seq) })
}

pub fn rejected(id: MessageId, code: RejectionCode) -> ServerMessage {
    outcome(id, Outcome::Rejected(Rejection::new(code, "it cannot be")))
}
