//! `PROTOCOL.md` contains every golden file and documents every code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sockbit_domain::wire::{ClientMessage, RefusalCode, ServerMessage};
use sockbit_domain::{Colour, Command, Event, Note, NoteState, RejectionCode, Role};

use crate::enum_variants::variants;
use crate::golden_files::files;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../PROTOCOL.md");
    fs::read_to_string(path).expect("PROTOCOL.md can be read")
}

/// The fenced code blocks of one language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let after = document.split(begin.as_str()).skip(1);
    after.filter_map(|it| it.split("```").next()).map(ToOwned::to_owned).collect()
}

/// The text between a heading and the next one.
#[track_caller]
fn section(document: &str, heading: &str) -> String {
    let begin = format!("\n{heading}\n");
    let after = document.split(begin.as_str()).nth(1).expect(heading);
    after.split("\n#").next().unwrap_or_default().to_owned()
}

/// The names in the first column of a table.
fn first_column(section: &str) -> BTreeSet<String> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).map(ToOwned::to_owned).collect()
}

#[test]
fn every_golden_file_appears_once() {
    let blocks = blocks(&document(), "json");
    for (name, golden) in files() {
        let shown = blocks.iter().filter(|block| **block == golden).count();
        assert_eq!(shown, 1, "golden/{name}.json is shown {shown} times");
    }
}

#[test]
fn every_example_is_a_golden_file() {
    let golden: BTreeSet<String> = files().into_values().collect();
    for block in blocks(&document(), "json") {
        assert!(golden.contains(&block), "no golden file holds this example:\n{block}");
    }
}

#[test]
fn every_rejection_code_is_documented() {
    let documented = first_column(&section(&document(), "### Rejections"));
    assert_eq!(documented, variants::<RejectionCode>(r#""?""#));
}

#[test]
fn every_refusal_code_is_documented() {
    let documented = first_column(&section(&document(), "### Refusals"));
    assert_eq!(documented, variants::<RefusalCode>(r#""?""#));
}

#[test]
fn every_colour_role_and_state_is_documented() {
    let document = document();
    let names =
        [variants::<Colour>(r#""?""#), variants::<Role>(r#""?""#), variants::<NoteState>(r#""?""#)];
    for name in names.into_iter().flatten() {
        assert!(document.contains(&format!("`{name}`")), "`{name}` is not named");
    }
}

/// The messages of the walk-through, as `(is from the client, message)`.
fn walk_through() -> Vec<(bool, String)> {
    let section = section(&document(), "## A session from beginning to end");
    let lines = blocks(&section, "text").concat();
    let message = |line: &str| match line.split_once(' ') {
        Some(("→", message)) => Some((true, message.trim().to_owned())),
        Some(("←", message)) => Some((false, message.trim().to_owned())),
        _ => None,
    };
    lines.lines().filter_map(message).collect()
}

#[test]
fn every_line_of_the_walk_through_is_a_message() {
    for (is_from_client, message) in walk_through() {
        let read = if is_from_client { read_from_client } else { read_from_server };
        read(&message).unwrap_or_else(|error| panic!("{error} in {message}"));
    }
}

fn read_from_client(message: &str) -> Result<(), String> {
    match ClientMessage::parse(message) {
        Ok(ClientMessage::Command(sent)) => {
            let command = serde_json::from_str::<Command>(sent.body.get());
            command.map(drop).map_err(|error| error.to_string())
        }
        Ok(_) => Ok(()),
        Err(refusal) => Err(refusal.to_string()),
    }
}

fn read_from_server(message: &str) -> Result<(), String> {
    ServerMessage::parse(message).map(drop).map_err(|error| error.to_string())
}

/// Applies the events of the walk-through.
#[test]
fn the_walk_through_ends_with_the_text_that_it_states() {
    let from_server = walk_through().into_iter().filter(|(is_from_client, _)| !is_from_client);
    let events: Vec<Event> = from_server
        .filter_map(|(_, message)| match ServerMessage::parse(&message) {
            Ok(ServerMessage::Event { event }) => Some(event),
            _ => None,
        })
        .collect();
    let seqs: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, [2, 3, 4, 5, 6]);
    let mut note = events.iter().find_map(Note::created).expect("a note is created");
    for event in events.iter().filter(|event| event.change.note().is_some()) {
        note.apply(event).expect("each event fits the text before it");
    }
    let stated = format!("Everyone now has \"{}\".", note.text);
    assert!(document().contains(&stated), "{stated}");
}
