//! How far the events of a joined board have been sent to a session.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use sockbit_domain::{BoardId, Position};
use tokio::time::Instant;

use crate::gateway::hub::{EventHub, Page};
use crate::ports::Unavailable;

/// The progress of a session on a board that it joined.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum BoardProgress {
    /// The admission is pending.
    Joining,
    /// Events are missing. Boxed, since most sessions are live.
    CatchingUp(Box<CatchUpState>),
    /// The feed of the board sends all events.
    Live,
}

/// The state of a session that catches up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CatchUpState {
    /// The last event that was sent.
    pub sent: Position,
    /// Failed fetches of the next page in a row.
    pub failures: u32,
    /// When the next page may be fetched, after a failure.
    pub not_before: Option<Instant>,
}

impl BoardProgress {
    pub fn catching_up(state: CatchUpState) -> Self {
        Self::CatchingUp(Box::new(state))
    }
}

impl CatchUpState {
    pub fn after(sent: Position) -> Self {
        Self { sent, failures: 0, not_before: None }
    }
}

/// The fetch of a page. It continues over several calls of `Session::next`.
pub(super) struct PageFetch {
    pub board: BoardId,
    pub after: Position,
    pub page: BoxFuture<'static, Result<Page, Unavailable>>,
}

impl PageFetch {
    pub fn start(hub: Arc<EventHub>, board: BoardId, after: Position) -> Self {
        let page = async move { hub.page(board, after).await }.boxed();
        Self { board, after, page }
    }
}
