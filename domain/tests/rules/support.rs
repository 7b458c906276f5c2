//! A scene: one board with people and notes, to which commands are sent one after the other.

use sockbit_domain::{
    Actor, ActorId, Board, BoardId, Change, Colour, Command, Context, Decision, Delta, Event,
    EventId, Fact, KeyHash, Limits, LinkId, MessageId, Note, NoteId, NoteState, Position, Rank,
    Rejection, RejectionCode, Role, Text, TextChange, Timestamp, decide,
};
use uuid::Uuid;

/// The board's owner.
pub const ADA: Person = Person { number: 1, name: "Ada" };
pub const ADA_UNDER_ANOTHER_NAME: Person = Person { number: 1, name: "Countess" };
/// An editor, who came in by [`KEY`].
pub const BEN: Person = Person { number: 2, name: "Ben" };
/// A stranger.
pub const EVE: Person = Person { number: 3, name: "Eve" };

/// Fits the link by which editors come in.
pub const KEY: KeyHash = KeyHash([1; 32]);
/// Fits no link.
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

/// The outcome that a sender receives.
#[derive(Clone, PartialEq, Debug)]
pub enum Heard {
    Saved(Event),
    Unchanged,
    Rejected(Rejection),
}

impl Heard {
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

/// A board as it is now, and everything that happened on it.
pub struct Scene {
    pub board: Option<Board>,
    pub limits: Limits,
    pub facts: Vec<Fact>,
    /// Which history this is: the ids of events in another one are others.
    history: u128,
    minted: u128,
}

impl Scene {
    /// No board yet.
    pub fn empty() -> Self {
        Self { board: None, limits: Limits::default(), facts: Vec::new(), history: 0xe, minted: 0 }
    }

    /// Ada's board "Ideas", with Ben on it as an editor.
    pub fn new() -> Self {
        Self::in_history(0xe)
    }

    /// The same with other event ids, as after a restored backup.
    pub fn in_history(history: u128) -> Self {
        let mut scene = Self { history, ..Self::empty() };
        scene.send(ADA, &create_board("Ideas")).event();
        scene.send_with_key(ADA, &Command::AddLink { role: Role::Editor }, KEY).event();
        scene.send_with_key(BEN, &Command::JoinBoard {}, KEY).event();
        scene
    }

    /// The same with one note on it.
    pub fn with_note(text: &str) -> (Self, NoteId) {
        let mut scene = Self::new();
        let note = scene.add_note(text);
        (scene, note)
    }

    /// The same with one note in the trash.
    pub fn with_trashed_note(text: &str) -> (Self, NoteId) {
        let (mut scene, note) = Self::with_note(text);
        scene.send(ADA, &trash(note)).event();
        (scene, note)
    }

    /// The same with one note that was deleted for good.
    pub fn with_deleted_note(text: &str) -> (Self, NoteId) {
        let (mut scene, note) = Self::with_trashed_note(text);
        scene.send(ADA, &delete(note)).event();
        (scene, note)
    }

    pub fn add_note(&mut self, text: &str) -> NoteId {
        let note = NoteId(Uuid::from_u128(0xd00 + self.minted));
        self.send(ADA, &create_note(note, text)).event();
        note
    }

    pub fn send(&mut self, who: Person, command: &Command) -> Heard {
        self.decide_and_apply(who, command, None)
    }

    pub fn send_with_key(&mut self, who: Person, command: &Command, key: KeyHash) -> Heard {
        self.decide_and_apply(who, command, Some(key))
    }

    fn decide_and_apply(&mut self, who: Person, command: &Command, key: Option<KeyHash>) -> Heard {
        self.minted += 1;
        match self.decide(who, command, key) {
            Ok(Decision::Happened(fact)) => {
                self.happened(&fact);
                Heard::Saved(fact.event)
            }
            Ok(Decision::Unchanged) => Heard::Unchanged,
            Err(rejection) => Heard::Rejected(rejection),
        }
    }

    /// Only decides: the same call decides the same again.
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

    fn happened(&mut self, fact: &Fact) {
        match &mut self.board {
            Some(board) => board.apply(fact).expect("what was decided on a board fits it"),
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

    /// The time at which the last command was decided.
    pub fn now(&self) -> Timestamp {
        Timestamp(1_000_000 + i64::try_from(self.minted).expect("few commands"))
    }

    #[track_caller]
    pub fn board(&self) -> &Board {
        self.board.as_ref().expect("there is a board")
    }

    #[track_caller]
    pub fn board_mut(&mut self) -> &mut Board {
        self.board.as_mut().expect("there is a board")
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

    /// Who stands at the head, and changes this.
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

/// One of every command about a note.
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
