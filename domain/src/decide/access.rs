//! Membership: links, and joining a board by a link's key.

use alloc::format;

use super::decision::{Context, Decision, forbidden};
use crate::{Board, Change, Rejection, RejectionCode, Role};

/// Makes the actor a member if the key matches a link. A link never lowers a role.
pub(super) fn join(board: &Board, context: &Context<'_>) -> Result<Decision, Rejection> {
    let current = board.role(context.actor.id);
    let offered = board.links.iter().filter(|link| Some(link.hash) == context.key);
    let role = offered.map(|link| link.role).max();
    match (current, role) {
        (None, None) => Err(Rejection::not_found()),
        (None, Some(role)) => Ok(context.happened(board, Change::MemberJoined { role })),
        (Some(current), Some(role)) if role > current => {
            Ok(context.happened(board, Change::MemberJoined { role }))
        }
        (Some(_), _) => Ok(Decision::Unchanged),
    }
}

/// Adds a link. A link can grant any role but the owner's.
pub(super) fn add_link(
    board: &Board,
    role: Role,
    wanted: Role,
    context: &Context<'_>,
) -> Result<Decision, Rejection> {
    if wanted == Role::Owner {
        return Err(forbidden(role, "let in owners by a link"));
    }
    let Some(key) = context.key else {
        return Err(Rejection::new(
            RejectionCode::Malformed,
            "a link needs a `key` beside its body",
        ));
    };
    if board.links.iter().any(|link| link.hash == key) {
        return Ok(Decision::Unchanged);
    }
    if board.links.len() >= context.limits.links_max {
        return Err(Rejection::new(
            RejectionCode::TooManyLinks,
            format!("the board has {} links, which is as many as it may have", board.links.len()),
        ));
    }
    let change = Change::LinkAdded { link: context.link, role: wanted };
    let mut fact = context.fact(board.head.seq.next(), change);
    fact.key = Some(key);
    Ok(Decision::Happened(fact))
}
