//! No input makes deciding or reading panic, however absurd.

use proptest::prelude::*;
use sockbit_domain::wire::{ClientMessage, ServerMessage};
use sockbit_domain::{
    Board, Command, Delta, EventId, NoteId, PastEdit, Position, Rank, RejectionCode, Seq, Text,
    Title,
};
use uuid::Uuid;

use crate::random::{any_string, delta, scene_with_notes, sending};
use crate::support::{BEN, Heard, Scene, edit, edit_whole, rename};

/// A board that no history makes: everything at its end, and edits that fit no text.
fn absurd(scene: &mut Scene, deltas: &[Delta]) {
    let head = Position { seq: Seq(u64::MAX), event: EventId(Uuid::max()) };
    let board: &mut Board = scene.board_mut();
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
    fn no_command_makes_an_absurd_board_panic(
        deltas in prop::collection::vec(delta(), 0..6),
        sending in sending(),
        text in any_string(),
    ) {
        let mut scene = scene_with_notes();
        absurd(&mut scene, &deltas);
        sending.send(&mut scene);
        let base = Position { seq: Seq(0), event: EventId(Uuid::nil()) };
        let note = NoteId(Uuid::nil());
        scene.send(BEN, &edit(note, base, deltas.first().cloned().unwrap_or_default()));
        scene.send(BEN, &edit_whole(note, base, &text));
    }

    #[test]
    fn any_string_is_read_or_refused(text in any_string()) {
        drop(ClientMessage::parse(&text));
        drop(ServerMessage::parse(&text));
        drop(serde_json::from_str::<Command>(&text));
        drop(Rank::try_from(text.clone()));
        prop_assert!(Text::is_clean(Text::normalise(&text).as_str()));
    }

    #[test]
    fn any_title_is_one_clean_line_or_rejected(text in any_string()) {
        let mut scene = Scene::new();
        match scene.send(BEN, &rename(&text)) {
            Heard::Saved(_) => {
                let title = scene.board().title.as_str();
                prop_assert!(!title.chars().any(char::is_control));
                let hides = |c| matches!(c, '\u{200b}' | '\u{202e}' | '\u{2066}' | '\u{3164}');
                prop_assert!(!title.chars().any(hides));
                prop_assert!(title.trim() == title && (1..=200).contains(&title.len()));
            }
            Heard::Rejected(rejection) => prop_assert!(matches!(
                rejection.code,
                RejectionCode::TitleEmpty | RejectionCode::TitleTooLong
            )),
            Heard::Unchanged => prop_assert_eq!(scene.board().title.clone(), Title::stored("Ideas".into())),
        }
    }
}

#[test]
fn numbers_at_their_end_stay_there() {
    let (mut scene, note) = Scene::with_note("a");
    absurd(&mut scene, &[]);
    let event = scene.send(BEN, &scene.edit_at_head(note, Delta::new().delete(1))).event();
    assert_eq!(event.seq, Seq(u64::MAX));
}
