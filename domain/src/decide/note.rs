//! Commands on notes other than text edits.

use alloc::format;

use super::decision::{Context, Decision};
use crate::{Board, Change, Colour, Note, NoteId, NoteState, Rank, Rejection, RejectionCode, Text};

pub(super) fn create(
    board: &Board,
    note: NoteId,
    text: &Text,
    colour: Colour,
    rank: &Rank,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if board.notes.contains_key(&note) {
        return Err(Rejection::new(
            RejectionCode::NoteExists,
            format!("the board has, or had, a note {note}"),
        ));
    }
    if board.note_count >= context.limits.notes_max {
        return Err(Rejection::new(
            RejectionCode::BoardFull,
            format!("the board has {} notes, which is as many as it may have", board.note_count),
        ));
    }
    check_size(board, 0, text.len_bytes(), context)?;
    let change = Change::NoteCreated { note, text: text.clone(), colour, rank: rank.clone() };
    Ok(context.happened(board, change))
}

/// Changes fields of a note, unless they have these values already.
pub(super) fn set_fields(
    board: &Board,
    id: NoteId,
    change: Option<Change>,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let fields = find(board, id)?.fields();
    let change = change.filter(|it| fields.after(it).is_some_and(|after| after != fields));
    Ok(change.map_or(Decision::Unchanged, |change| context.happened(board, change)))
}

/// Deletes a note permanently. It must be in the trash, so that one slip never destroys a note.
pub(super) fn delete(
    board: &Board,
    id: NoteId,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if find(board, id)?.state != NoteState::Trashed {
        return Err(Rejection::new(
            RejectionCode::NoteNotTrashed,
            "only a note in the trash can be deleted for good",
        ));
    }
    Ok(context.happened(board, Change::NoteDeleted { note: id }))
}

/// The note, or a rejection if it never existed or was deleted.
pub(super) fn find(board: &Board, id: NoteId) -> Result<&Note, Rejection> {
    match board.notes.get(&id) {
        None => {
            Err(Rejection::new(RejectionCode::NoteNotFound, format!("the board has no note {id}")))
        }
        Some(note) if note.state == NoteState::Deleted => {
            Err(Rejection::new(RejectionCode::NoteGone, "the note was deleted for good"))
        }
        Some(note) => Ok(note),
    }
}

/// Checks the limits of a text that grows. It may always shrink, even if a limit was lowered since.
pub(super) fn check_size(
    board: &Board,
    bytes_before: usize,
    bytes_after: usize,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    if bytes_after <= bytes_before {
        return Ok(());
    }
    let limits = context.limits;
    if bytes_after > limits.note_bytes_max {
        return Err(Rejection::new(
            RejectionCode::TextTooLong,
            format!(
                "the text would have {bytes_after} bytes; at most {} are allowed in a note",
                limits.note_bytes_max
            ),
        ));
    }
    let grown = board.text_bytes.saturating_add((bytes_after - bytes_before) as u64);
    if grown > limits.board_bytes_max {
        return Err(Rejection::new(
            RejectionCode::BoardTextFull,
            format!(
                "the board's notes would have {grown} bytes; at most {} are allowed",
                limits.board_bytes_max
            ),
        ));
    }
    Ok(())
}
