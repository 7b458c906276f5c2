//! A fixture: one board with members and notes, to which tests send commands one after the other.

use sockbit_domain::{
    Actor, ActorId, Board, BoardId, Change, Colour, Command, Context, Decision, Delta, Event,
    EventId, Fact, KeyHash, Limits, LinkId, MessageId, Note, NoteId, NoteState, Position, Rank,
    Rejection, RejectionCode, Role, Text, TextChange, Timestamp, decide,
};
use uuid::Uuid;

/// The board's owner.
pub const ADA: Person = Person { number: 1, name: "Ada" };
pub const ADA_UNDER_ANOTHER_NAME: Person = Person { number: 1, name: "Countess" };
/// An editor, who joined by [`KEY`].
pub const BEN: Person = Person { number: 2, name: "Ben" };
/// Not a member.
pub const EVE: Person = Person { number: 3, name: "Eve" };

/// The key of the link for editors.
pub const KEY: KeyHash = KeyHash([1; 32]);
/// The key of no link.
pub const WRONG_KEY: KeyHash = KeyHash([2; 32]);

pub const BOARD: BoardId = BoardId(Uuid::from_u128(0xb));

/// A sender of commands.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    number: u128,
    name: &'static str,
}

impl Person {
    pub fn actor(self) -> Actor {
        Actor { id: self.id(), name: self.name.into(), colour: 5 }
    }

    pub fn id(self) -> ActorId {
        ActorId(Uuid::from_u128(self.number))
    }
}

/// The outcome of a command, with its event.
#[derive(Clone, PartialEq, Debug)]
pub enum CommandResult {
    Saved(Event),
    Unchanged,
    Rejected(Rejection),
}

impl CommandResult {
    #[track_caller]
    pub fn event(self) -> Event {
        match self {
            Self::Saved(event) => event,
            other => panic!("an event was expected, not {other:?}"),
        }
    }

    #[track_caller]
    pub fn change(self) -> Change {
        self.event().change
    }

    #[track_caller]
    pub fn rejection(self) -> Rejection {
        match self {
            Self::Rejected(rejection) => rejection,
            other => panic!("a rejection was expected, not {other:?}"),
        }
    }

    #[track_caller]
    pub fn code(self) -> RejectionCode {
        self.rejection().code
    }
}

/// A board's current state and its history.
pub struct BoardFixture {
    pub board: Option<Board>,
    pub limits: Limits,
    pub facts: Vec<Fact>,
    /// Distinguishes the event ids of this history from those of another one.
    history: u128,
    minted: u128,
}

impl BoardFixture {
    /// No board.
    pub fn empty() -> Self {
        Self { board: None, limits: Limits::default(), facts: Vec::new(), history: 0xe, minted: 0 }
    }

    /// Ada's board "Ideas", with Ben on it as an editor.
    pub fn new() -> Self {
        Self::in_history(0xe)
    }

    /// The same board with other event ids, as after a restored backup.
    pub fn in_history(history: u128) -> Self {
        let mut fixture = Self { history, ..Self::empty() };
        fixture.send(ADA, &create_board("Ideas")).event();
        fixture.send_with_key(ADA, &Command::AddLink { role: Role::Editor }, KEY).event();
        fixture.send_with_key(BEN, &Command::JoinBoard {}, KEY).event();
        fixture
    }

    /// The same board with one note.
    pub fn with_note(text: &str) -> (Self, NoteId) {
        let mut fixture = Self::new();
        let note = fixture.add_note(text);
        (fixture, note)
    }

    /// The same board with one trashed note.
    pub fn with_trashed_note(text: &str) -> (Self, NoteId) {
        let (mut fixture, note) = Self::with_note(text);
        fixture.send(ADA, &trash(note)).event();
        (fixture, note)
    }

    /// The same board with one deleted note.
    pub fn with_deleted_note(text: &str) -> (Self, NoteId) {
        let (mut fixture, note) = Self::with_trashed_note(text);
        fixture.send(ADA, &delete(note)).event();
        (fixture, note)
    }

    pub fn add_note(&mut self, text: &str) -> NoteId {
        let note = NoteId(Uuid::from_u128(0xd00 + self.minted));
        self.send(ADA, &create_note(note, text)).event();
        note
    }

    pub fn send(&mut self, who: Person, command: &Command) -> CommandResult {
        self.decide_and_apply(who, command, None)
    }

    pub fn send_with_key(&mut self, who: Person, command: &Command, key: KeyHash) -> CommandResult {
        self.decide_and_apply(who, command, Some(key))
    }

    fn decide_and_apply(
        &mut self,
        who: Person,
        command: &Command,
        key: Option<KeyHash>,
    ) -> CommandResult {
        self.minted += 1;
        match self.decide(who, command, key) {
            Ok(Decision::Happened(fact)) => {
                self.append(&fact);
                CommandResult::Saved(fact.event)
            }
            Ok(Decision::Unchanged) => CommandResult::Unchanged,
            Err(rejection) => CommandResult::Rejected(rejection),
        }
    }

    /// Decides without applying.
    pub fn decide(
        &self,
        who: Person,
        command: &Command,
        key: Option<KeyHash>,
    ) -> Result<Decision, Rejection> {
        let context = Context {
            board: BOARD,
            actor: &who.actor(),
            key,
            message: MessageId(self.id(0xa)),
            event: EventId(self.id(self.history)),
            link: LinkId(self.id(0xf)),
            now: self.now(),
            limits: &self.limits,
        };
        decide(self.board.as_ref(), command, &context)
    }

    fn append(&mut self, fact: &Fact) {
        match &mut self.board {
            Some(board) => board.apply(fact).expect("a decided fact fits its board"),
            None => self.board = Board::created(&fact.event),
        }
        self.facts.push(fact.clone());
    }

    fn id(&self, kind: u128) -> Uuid {
        Uuid::from_u128((kind << 64) + self.minted)
    }

    /// The message id of the last command.
    pub fn last_message(&self) -> MessageId {
        MessageId(self.id(0xa))
    }

    /// The time of the last decision.
    pub fn now(&self) -> Timestamp {
        Timestamp(1_000_000 + i64::try_from(self.minted).expect("few commands"))
    }

    #[track_caller]
    pub fn board(&self) -> &Board {
        self.board.as_ref().expect("a board")
    }

    #[track_caller]
    pub fn board_mut(&mut self) -> &mut Board {
        self.board.as_mut().expect("a board")
    }

    #[track_caller]
    pub fn head(&self) -> Position {
        self.board().head
    }

    #[track_caller]
    pub fn note(&self, note: NoteId) -> &Note {
        self.board().notes.get(&note).expect("the board has the note")
    }

    #[track_caller]
    pub fn text(&self, note: NoteId) -> &str {
        self.note(note).text.as_str()
    }

    #[track_caller]
    pub fn state(&self, note: NoteId) -> NoteState {
        self.note(note).state
    }

    /// An edit based on the head.
    #[track_caller]
    pub fn edit_at_head(&self, note: NoteId, delta: Delta) -> Command {
        edit(note, self.head(), delta)
    }
}

pub fn create_board(title: &str) -> Command {
    Command::CreateBoard { title: title.into() }
}

pub fn rename(title: &str) -> Command {
    Command::RenameBoard { title: title.into() }
}

pub fn create_note(note: NoteId, text: &str) -> Command {
    Command::CreateNote {
        note,
        text: Text::normalise(text),
        colour: Colour::Yellow,
        rank: rank("V"),
    }
}

pub fn edit(note: NoteId, base: Position, delta: Delta) -> Command {
    Command::EditNote { note, base, change: TextChange::Delta(delta) }
}

pub fn edit_whole(note: NoteId, base: Position, text: &str) -> Command {
    Command::EditNote { note, base, change: TextChange::Whole(Text::normalise(text)) }
}

pub fn relocate(note: NoteId, to: &str) -> Command {
    Command::MoveNote { note, rank: rank(to) }
}

pub fn recolour(note: NoteId, colour: Colour) -> Command {
    Command::RecolourNote { note, colour }
}

pub fn trash(note: NoteId) -> Command {
    Command::TrashNote { note }
}

pub fn restore(note: NoteId) -> Command {
    Command::RestoreNote { note }
}

pub fn delete(note: NoteId) -> Command {
    Command::DeleteNote { note }
}

pub fn rank(text: &str) -> Rank {
    Rank::try_from(text.to_owned()).expect("a rank")
}

/// One of each command on an existing note.
pub fn every_command_about(note: NoteId, base: Position) -> [Command; 6] {
    [
        edit(note, base, Delta::new().insert("x")),
        relocate(note, "k"),
        recolour(note, Colour::Blue),
        trash(note),
        restore(note),
        delete(note),
    ]
}
