//! Creating and renaming a board.

use super::decision::{Context, Decision};
use crate::{Board, Change, Rejection, RejectionCode, Seq, Title};

pub(super) fn create(
    existing: Option<&Board>,
    title: &str,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if existing.is_some() {
        return Err(Rejection::new(
            RejectionCode::BoardExists,
            "a board with this id exists already",
        ));
    }
    let title = Title::new(title, context.limits)?;
    Ok(Decision::Happened(context.fact(Seq(1), Change::BoardCreated { title })))
}

pub(super) fn rename(
    board: &Board,
    title: &str,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    let title = Title::new(title, context.limits)?;
    if title == board.title {
        return Ok(Decision::Unchanged);
    }
    Ok(context.happened(board, Change::BoardRenamed { title }))
}
