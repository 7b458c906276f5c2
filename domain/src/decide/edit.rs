//! Editing a text: an edit is transformed over the edits since its base, and never rejected for being late.

use alloc::format;

use super::decision::{Context, Decision};
use super::note::{check_size, find};
use crate::{
    Board, Change, Delta, DeltaError, Note, NoteId, NoteState, PastEdit, Position, Rejection,
    RejectionCode, Text, TextChange,
};

/// The maximum number of delta operations that one edit is transformed over. It bounds the time of
/// a decision to a few milliseconds, so that a large edit on an old base does not delay others.
const MERGE_STEPS_MAX: usize = 500_000;

pub(super) fn edit(
    board: &Board,
    id: NoteId,
    base: Position,
    change: &TextChange,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let note = find(board, id)?;
    if !board.knows(base) || board.left_out.get(&id).is_some_and(|last| base.seq < *last) {
        return Err(base_gone());
    }
    let later = edits_since(board, id, base);
    if merge_steps(change, later) > MERGE_STEPS_MAX {
        return Err(base_gone());
    }
    let delta = match change {
        TextChange::Delta(delta) => delta.clone(),
        TextChange::Whole(text) => Delta::diff(&text_at_base(note, later)?, text),
    };
    if !delta.is_clean() {
        return Err(bad_delta(DeltaError::ForbiddenCharacter));
    }
    let delta = later.iter().fold(delta, |delta, past| past.delta.transform(&delta, true));
    let text = delta.apply(&note.text).map_err(bad_delta)?;
    check_size(board, note.text.len_bytes(), text.len_bytes(), context)?;
    if delta.is_empty() && note.state == NoteState::Live {
        return Ok(Decision::Unchanged);
    }
    let inverse = delta.invert(&note.text).map_err(bad_delta)?;
    let change = Change::NoteEdited { note: id, delta };
    let mut fact = context.fact(board.head.seq.next(), change);
    fact.inverse = Some(inverse);
    Ok(Decision::Happened(fact))
}

/// The note's edits after `base`, oldest first.
fn edits_since(board: &Board, id: NoteId, base: Position) -> &[PastEdit] {
    let edits = board.edits.get(&id).map_or(&[][..], |edits| edits);
    let seen = edits.partition_point(|edit| edit.seq <= base.seq);
    edits.get(seen..).unwrap_or_default()
}

/// The number of operations that a transformation visits. A whole text becomes a delta of a few
/// operations, so it counts as one.
fn merge_steps(change: &TextChange, later: &[PastEdit]) -> usize {
    let own = match change {
        TextChange::Delta(delta) => delta.ops().len(),
        TextChange::Whole(_) => 1,
    };
    later.iter().map(|past| past.delta.ops().len().saturating_add(own)).sum()
}

/// The text at the base: the current text with the later edits inverted.
fn text_at_base(note: &Note, later: &[PastEdit]) -> Result<Text, Rejection> {
    later
        .iter()
        .rev()
        .try_fold(note.text.clone(), |text, edit| edit.inverse.apply(&text))
        .map_err(bad_delta)
}

fn base_gone() -> Rejection {
    Rejection::new(
        RejectionCode::BaseGone,
        "the base is not in this board's history, or too far back; join the board anew and send the \
         change on what it has now",
    )
}

fn bad_delta(error: DeltaError) -> Rejection {
    Rejection::new(RejectionCode::BadDelta, format!("the delta does not fit its base: {error}"))
}
