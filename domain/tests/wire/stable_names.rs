//! The names of codes, roles, states and colours on the wire never change.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sockbit_domain::wire::RefusalCode;
use sockbit_domain::{Colour, NoteState, RejectionCode, Role};

use crate::enum_variants::variants;

#[track_caller]
fn assert_stable<T>(names: &[(T, &str)])
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    for (value, name) in names {
        let json = format!("\"{name}\"");
        assert_eq!(serde_json::to_string(value).expect("a name"), json);
        assert_eq!(&serde_json::from_str::<T>(&json).expect("a name"), value);
    }
    let listed = names.iter().map(|(_, name)| (*name).to_owned()).collect();
    assert_eq!(variants::<T>(r#""?""#), listed);
}

#[test]
fn rejections_have_stable_names() {
    use RejectionCode as Code;
    assert_stable(&[
        (Code::NotFound, "not_found"),
        (Code::Forbidden, "forbidden"),
        (Code::BoardExists, "board_exists"),
        (Code::TitleEmpty, "title_empty"),
        (Code::TitleTooLong, "title_too_long"),
        (Code::TooManyLinks, "too_many_links"),
        (Code::NoteNotFound, "note_not_found"),
        (Code::NoteExists, "note_exists"),
        (Code::NoteGone, "note_gone"),
        (Code::NoteNotTrashed, "note_not_trashed"),
        (Code::TextTooLong, "text_too_long"),
        (Code::BoardFull, "board_full"),
        (Code::BoardTextFull, "board_text_full"),
        (Code::BadDelta, "bad_delta"),
        (Code::BaseGone, "base_gone"),
        (Code::Malformed, "malformed"),
        (Code::MessageIdReused, "message_id_reused"),
        (Code::Internal, "internal"),
    ]);
}

#[test]
fn refusals_have_stable_names() {
    assert_stable(&[
        (RefusalCode::Malformed, "malformed"),
        (RefusalCode::UnsupportedVersion, "unsupported_version"),
        (RefusalCode::UnknownType, "unknown_type"),
        (RefusalCode::TooManyBoards, "too_many_boards"),
        (RefusalCode::Unauthenticated, "unauthenticated"),
    ]);
}

#[test]
fn roles_have_stable_names() {
    assert_stable(&[(Role::Editor, "editor"), (Role::Owner, "owner")]);
}

#[test]
fn states_of_notes_have_stable_names() {
    assert_stable(&[
        (NoteState::Live, "live"),
        (NoteState::Trashed, "trashed"),
        (NoteState::Deleted, "deleted"),
    ]);
}

#[test]
fn colours_of_notes_have_stable_names() {
    assert_stable(&[
        (Colour::Paper, "paper"),
        (Colour::Yellow, "yellow"),
        (Colour::Orange, "orange"),
        (Colour::Red, "red"),
        (Colour::Purple, "purple"),
        (Colour::Blue, "blue"),
        (Colour::Teal, "teal"),
        (Colour::Green, "green"),
    ]);
}

#[test]
fn only_rejections_of_non_members_are_not_recorded() {
    assert!(!RejectionCode::NotFound.is_recorded() && !RejectionCode::BoardExists.is_recorded());
    assert!(RejectionCode::BaseGone.is_recorded() && RejectionCode::Malformed.is_recorded());
}
