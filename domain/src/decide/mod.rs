//! Decisions: from a command and the state of its board to a fact or a rejection.

mod access;
mod board;
mod decision;
mod edit;
mod note;

use crate::{Board, Command, Rejection};

pub use decision::{Context, Decision, Fact};

/// Decides one command. `board` is `None` if it does not exist.
///
/// A non-member gets the same rejection whether the board exists or not.
pub fn decide(
    board: Option<&Board>,
    command: &Command,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if let Command::CreateBoard { title } = command {
        return board::create(board, title, context);
    }
    let board = board.ok_or_else(Rejection::not_found)?;
    if let Command::JoinBoard {} = command {
        return access::join(board, context);
    }
    let role = board.role(context.actor.id).ok_or_else(Rejection::not_found)?;
    match command {
        Command::CreateBoard { .. } | Command::JoinBoard {} => Err(Rejection::not_found()),
        Command::RenameBoard { title } => board::rename(board, title, context),
        Command::AddLink { role: wanted } => access::add_link(board, role, *wanted, context),
        Command::CreateNote { note, text, colour, rank } => {
            note::create(board, *note, text, *colour, rank, context)
        }
        Command::EditNote { note, base, change } => {
            edit::edit(board, *note, *base, change, context)
        }
        Command::MoveNote { note, .. }
        | Command::RecolourNote { note, .. }
        | Command::TrashNote { note }
        | Command::RestoreNote { note } => {
            note::set_fields(board, *note, command.field_change(), context)
        }
        Command::DeleteNote { note } => note::delete(board, *note, context),
    }
}
