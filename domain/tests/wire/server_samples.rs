//! The server messages of the golden files, as values.

use sockbit_domain::wire::{
    BoardPage, BoardSummary, HistoryEntry, NoteHistory, NotePage, PersonPresence, Refusal,
    RefusalCode, Reply, ServerMessage,
};
use sockbit_domain::{
    Actor, Change, Colour, Event, Note, NoteState, Outcome, Rejection, RejectionCode, Role, Seq,
    Title,
};

use crate::client_samples::late;
use crate::sample_ids::{BOARD, CLIENT, LINK, NOTE, ada, ben, message, position, rank, text, time};

/// Golden file names and their messages.
pub fn server_messages() -> Vec<(&'static str, ServerMessage)> {
    let events = events().into_iter().map(|(name, seq, actor, change)| {
        (name, ServerMessage::Event { event: event(seq, actor, change) })
    });
    let outcomes = outcomes().into_iter().map(|(name, number, outcome)| {
        (name, ServerMessage::Outcome { id: message(number), board: BOARD, outcome })
    });
    let replies = replies()
        .into_iter()
        .map(|(name, number, body)| (name, ServerMessage::Reply { id: message(number), body }));
    others().into_iter().chain(events).chain(outcomes).chain(replies).collect()
}

fn others() -> Vec<(&'static str, ServerMessage)> {
    let (board, role, head) = (BOARD, Role::Editor, position(6));
    let again = |id, board| ServerMessage::Again { id, board, after_ms: 1_000 };
    vec![
        ("server/welcome", ServerMessage::Welcome { actor: ada(), client: CLIENT }),
        ("server/joined", ServerMessage::Joined { board, role, head }),
        ("server/base_gone", ServerMessage::BaseGone { board, role, head }),
        ("server/left", ServerMessage::Left { board, rejection: None }),
        ("server/left.rejected", ServerMessage::Left { board, rejection: Some(not_found()) }),
        ("server/again", again(Some(message(5)), None)),
        ("server/again.join", again(None, Some(board))),
        ("server/refused", ServerMessage::Refused(malformed())),
        ("server/refused.without_id", ServerMessage::Refused(too_many_boards())),
        ("server/pong", ServerMessage::Pong {}),
        ("server/presence", presence()),
    ]
}

fn presence() -> ServerMessage {
    let ada = PersonPresence { actor: ada(), notes: vec![NOTE] };
    let ben = PersonPresence { actor: ben(), notes: Vec::new() };
    ServerMessage::Presence { board: BOARD, people: vec![ada, ben], more: 0 }
}

fn not_found() -> Rejection {
    Rejection::new(RejectionCode::NotFound, "there is no such board, or not for you")
}

fn malformed() -> Refusal {
    let detail = "missing field `board`".to_owned();
    Refusal { id: Some(message(5)), code: RefusalCode::Malformed, detail }
}

fn too_many_boards() -> Refusal {
    let detail = "this connection has joined as many boards as it may; leave one first".to_owned();
    Refusal { id: None, code: RefusalCode::TooManyBoards, detail }
}

fn title(text: &str) -> Title {
    Title::stored(text.to_owned())
}

fn event(seq: u64, actor: Actor, change: Change) -> Event {
    Event {
        board: BOARD,
        seq: Seq(seq),
        from: Seq(seq),
        id: position(seq).event,
        message: message(seq),
        actor,
        at: time(seq),
        change,
    }
}

fn events() -> Vec<(&'static str, u64, Actor, Change)> {
    let (note, role) = (NOTE, Role::Editor);
    let renamed = Change::BoardRenamed { title: title("Kitchen garden") };
    let recoloured = Change::NoteRecoloured { note, colour: Colour::Teal };
    vec![
        ("event/board_created", 1, ada(), Change::BoardCreated { title: title("Garden") }),
        ("event/link_added", 2, ada(), Change::LinkAdded { link: LINK, role }),
        ("event/member_joined", 3, ben(), Change::MemberJoined { role }),
        ("event/note_created", 4, ada(), note_created()),
        ("event/note_edited", 5, ben(), note_edited()),
        ("event/note_moved", 7, ben(), Change::NoteMoved { note, rank: rank("k") }),
        ("event/note_recoloured", 8, ada(), recoloured),
        ("event/board_renamed", 9, ada(), renamed),
        ("event/note_trashed", 10, ben(), Change::NoteTrashed { note }),
        ("event/note_restored", 11, ada(), Change::NoteRestored { note }),
        ("event/note_deleted", 12, ada(), Change::NoteDeleted { note }),
    ]
}

fn note_created() -> Change {
    Change::NoteCreated {
        note: NOTE,
        text: text("Sow peas in March"),
        colour: Colour::Green,
        rank: rank("V"),
    }
}

fn note_edited() -> Change {
    Change::NoteEdited { note: NOTE, delta: late() }
}

fn outcomes() -> Vec<(&'static str, u64, Outcome)> {
    let not_trashed = Rejection::new(
        RejectionCode::NoteNotTrashed,
        "only a note in the trash can be deleted for good",
    );
    vec![
        ("outcome/saved", 5, Outcome::Saved { position: position(5) }),
        ("outcome/unchanged", 11, Outcome::Unchanged { position: position(11) }),
        ("outcome/rejected", 12, Outcome::Rejected(not_trashed)),
    ]
}

fn replies() -> Vec<(&'static str, u64, Reply)> {
    vec![
        ("reply/my_boards", 21, Reply::MyBoards { boards: vec![summary()], more: false }),
        ("reply/board_page", 22, Reply::BoardPage(board_page())),
        ("reply/note", 24, Reply::Note(note_page())),
        ("reply/note_history", 26, Reply::NoteHistory(history())),
        ("reply/rejected", 22, Reply::Rejected(not_found())),
    ]
}

fn summary() -> BoardSummary {
    BoardSummary {
        board: BOARD,
        title: title("Kitchen garden"),
        role: Role::Owner,
        notes: 1,
        changed_by: ada(),
        changed_at: time(11),
    }
}

fn board_page() -> BoardPage {
    BoardPage {
        board: BOARD,
        title: title("Kitchen garden"),
        role: Role::Owner,
        position: position(11),
        notes: vec![note()],
        next: None,
    }
}

fn note_page() -> NotePage {
    NotePage {
        board: BOARD,
        title: title("Kitchen garden"),
        role: Role::Owner,
        position: position(11),
        note: note(),
    }
}

fn note() -> Note {
    Note {
        id: NOTE,
        text: text("Sow peas in late March"),
        colour: Colour::Teal,
        rank: rank("k"),
        state: NoteState::Live,
        seq: Seq(11),
        edited_by: ben(),
        edited_at: time(5),
    }
}

fn history() -> NoteHistory {
    let entry = |seq, actor, change| HistoryEntry { seq: Seq(seq), actor, at: time(seq), change };
    NoteHistory {
        text_before: text(""),
        entries: vec![entry(4, ada(), note_created()), entry(5, ben(), note_edited())],
        earlier: None,
    }
}
