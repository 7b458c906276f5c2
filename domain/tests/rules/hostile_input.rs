//! No input makes deciding or parsing panic.

use proptest::prelude::*;
use sockbit_domain::wire::{ClientMessage, ServerMessage};
use sockbit_domain::{
    Board, Command, Delta, EventId, NoteId, PastEdit, Position, Rank, RejectionCode, Seq, Text,
    Title,
};
use uuid::Uuid;

use crate::fixture::{BEN, BoardFixture, CommandResult, edit, edit_whole, rename};
use crate::random_commands::{any_string, delta, fixture_with_notes, random_command};

/// Puts the board into an impossible state: numbers at their maximum, and edits that do not fit.
fn corrupt(fixture: &mut BoardFixture, deltas: &[Delta]) {
    let head = Position { seq: Seq(u64::MAX), event: EventId(Uuid::max()) };
    let board: &mut Board = fixture.board_mut();
    board.head = head;
    (board.note_count, board.text_bytes) = (u32::MAX, u64::MAX);
    let edits = deltas.iter().zip(1..).map(|(delta, seq)| PastEdit {
        seq: Seq(seq),
        delta: delta.clone(),
        inverse: delta.clone(),
    });
    let notes: Vec<NoteId> = board.notes.keys().copied().collect();
    for note in notes {
        board.edits.insert(note, edits.clone().collect());
    }
    board.bases.extend((0..10).map(|seq| (Seq(seq), EventId(Uuid::nil()))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn no_command_panics_on_a_corrupt_board(
        deltas in prop::collection::vec(delta(), 0..6),
        step in random_command(),
        text in any_string(),
    ) {
        let mut fixture = fixture_with_notes();
        corrupt(&mut fixture, &deltas);
        step.send(&mut fixture);
        let base = Position { seq: Seq(0), event: EventId(Uuid::nil()) };
        let note = NoteId(Uuid::nil());
        fixture.send(BEN, &edit(note, base, deltas.first().cloned().unwrap_or_default()));
        fixture.send(BEN, &edit_whole(note, base, &text));
    }

    #[test]
    fn any_string_is_parsed_or_refused(text in any_string()) {
        drop(ClientMessage::parse(&text));
        drop(ServerMessage::parse(&text));
        drop(serde_json::from_str::<Command>(&text));
        drop(Rank::try_from(text.clone()));
        prop_assert!(Text::is_clean(Text::normalise(&text).as_str()));
    }

    #[test]
    fn any_title_is_one_clean_line_or_rejected(text in any_string()) {
        let mut fixture = BoardFixture::new();
        match fixture.send(BEN, &rename(&text)) {
            CommandResult::Saved(_) => {
                let title = fixture.board().title.as_str();
                prop_assert!(!title.chars().any(char::is_control));
                let is_invisible = |c| matches!(c, '\u{200b}' | '\u{202e}' | '\u{2066}' | '\u{3164}');
                prop_assert!(!title.chars().any(is_invisible));
                prop_assert!(title.trim() == title && (1..=200).contains(&title.len()));
            }
            CommandResult::Rejected(rejection) => prop_assert!(matches!(
                rejection.code,
                RejectionCode::TitleEmpty | RejectionCode::TitleTooLong
            )),
            CommandResult::Unchanged => prop_assert_eq!(fixture.board().title.clone(), Title::stored("Ideas".into())),
        }
    }
}

#[test]
fn numbers_at_their_maximum_saturate() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    corrupt(&mut fixture, &[]);
    let event = fixture.send(BEN, &fixture.edit_at_head(note, Delta::new().delete(1))).event();
    assert_eq!(event.seq, Seq(u64::MAX));
}
