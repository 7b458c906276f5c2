//! The client messages of the golden files, as values.

use serde_json::value::to_raw_value;
use sockbit_domain::wire::{ClientMessage, Query, SentCommand};
use sockbit_domain::{Colour, Command, Delta, Role, Seq, TextChange};

use crate::sample_ids::{BOARD, NOTE, message, position, rank, text};

const KEY: &str = "q0aG2c5bTzS3mXw8fH1k9A";

/// Golden file names and their messages.
pub fn client_messages() -> Vec<(&'static str, ClientMessage)> {
    let commands = commands().into_iter().map(|(name, number, command, key)| {
        let body = to_raw_value(&command).expect("a command is plain data");
        let key = key.map(ToOwned::to_owned);
        (name, ClientMessage::Command(SentCommand { id: message(number), board: BOARD, key, body }))
    });
    let queries = queries()
        .into_iter()
        .map(|(name, number, query)| (name, ClientMessage::Query { id: message(number), query }));
    commands.chain(queries).chain(others()).collect()
}

fn others() -> Vec<(&'static str, ClientMessage)> {
    vec![
        ("client/join", ClientMessage::Join { board: BOARD, position: Some(position(5)) }),
        ("client/join.first", ClientMessage::Join { board: BOARD, position: None }),
        ("client/leave", ClientMessage::Leave { board: BOARD }),
        ("client/ping", ClientMessage::Ping),
        ("client/presence", ClientMessage::Presence { board: BOARD, note: Some(NOTE) }),
        ("client/presence.on_the_board", ClientMessage::Presence { board: BOARD, note: None }),
    ]
}

type Sample = (&'static str, u64, Command, Option<&'static str>);

fn commands() -> Vec<Sample> {
    let plain = |name, number, command| (name, number, command, None);
    let garden = || "Garden".to_owned();
    let edit = |base, change| Command::EditNote { note: NOTE, base: position(base), change };
    vec![
        plain("command/create_board", 1, Command::CreateBoard { title: garden() }),
        ("command/add_link", 2, Command::AddLink { role: Role::Editor }, Some(KEY)),
        ("command/join_board", 3, Command::JoinBoard {}, Some(KEY)),
        plain("command/create_note", 4, create_note()),
        plain("command/edit_note", 5, edit(4, TextChange::Delta(late()))),
        plain("command/edit_note.whole_text", 6, edit(5, TextChange::Whole(whole_text()))),
        plain("command/move_note", 7, Command::MoveNote { note: NOTE, rank: rank("k") }),
        plain("command/recolour_note", 8, recolour_note()),
        plain("command/rename_board", 9, Command::RenameBoard { title: "Kitchen garden".into() }),
        plain("command/trash_note", 10, Command::TrashNote { note: NOTE }),
        plain("command/restore_note", 11, Command::RestoreNote { note: NOTE }),
        plain("command/delete_note", 12, Command::DeleteNote { note: NOTE }),
    ]
}

fn create_note() -> Command {
    Command::CreateNote {
        note: NOTE,
        text: text("Sow peas in March"),
        colour: Colour::Green,
        rank: rank("V"),
    }
}

fn recolour_note() -> Command {
    Command::RecolourNote { note: NOTE, colour: Colour::Teal }
}

pub fn late() -> Delta {
    Delta::new().retain(12).insert("late ")
}

fn whole_text() -> sockbit_domain::Text {
    text("Sow peas in late March\nand beans in May")
}

fn queries() -> Vec<(&'static str, u64, Query)> {
    let page = |after| Query::BoardPage { board: BOARD, after };
    let history = |before| Query::NoteHistory { board: BOARD, note: NOTE, before };
    vec![
        ("query/my_boards", 21, Query::MyBoards {}),
        ("query/board_page", 22, page(None)),
        ("query/board_page.next", 23, page(Some(NOTE))),
        ("query/note", 24, Query::Note { board: BOARD, note: NOTE }),
        ("query/note_history", 25, history(None)),
        ("query/note_history.before", 26, history(Some(Seq(7)))),
    ]
}
