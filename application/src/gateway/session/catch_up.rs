//! Sends a session the events that it missed: from the cache of the feed, or else in pages from the
//! log, at the pace of the client.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use sockbit_domain::{BoardId, Position};
use tokio::time::Instant;

use super::board_progress::{BoardProgress, CatchUpState, PageFetch};
use super::session::Session;
use crate::backoff::Backoff;
use crate::bus_messages::EncodedMessage;
use crate::gateway::board_feed::CatchUpResult;
use crate::gateway::close_reason::CloseReason;
use crate::gateway::hub::Page;
use crate::gateway::transport_output::TransportOutput;
use crate::mutex::locked;
use crate::ports::Unavailable;

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(2));

/// What to do when no messages are queued.
pub(super) enum CatchUpStep {
    /// Wait for a change: no board has events missing.
    Idle,
    /// Check again: a board went live, or the session was closed.
    Repeat,
    /// Fetch the next page of this board.
    FetchPage(BoardId, CatchUpState),
    /// Wait: the last fetches failed, and the next one starts then.
    WaitUntil(Instant),
}

impl Session {
    /// Catches up without waiting, so that a session with a constant flow of messages catches up,
    /// too.
    pub(super) fn catch_up_now(&self) -> Option<TransportOutput> {
        if self.outgoing.is_over_high_water_mark() {
            return None;
        }
        let CatchUpStep::FetchPage(board, state) = self.catch_up() else { return None };
        let mut fetch = self.page_fetch(board, state.sent);
        let page = (&mut fetch.page).now_or_never();
        if page.is_none() {
            *locked(&self.page_fetch) = Some(fetch);
        }
        self.page_fetched(board, state, page?)
    }

    /// Sends one board its missing events if they are cached. Otherwise returns the fetch that is
    /// due. A board whose log cannot be read does not delay other boards.
    pub(super) fn catch_up(&self) -> CatchUpStep {
        // Locked throughout, so that no join intervenes.
        let mut joined = locked(&self.joined);
        let mut wait_until = None;
        for (board, progress) in joined.iter_mut() {
            let BoardProgress::CatchingUp(state) = progress else { continue };
            let state = **state;
            match self.gateway.hub.catch_up(*board, self.number, state.sent) {
                CatchUpResult::Live => *progress = BoardProgress::Live,
                CatchUpResult::HistoryDiverged => self.outgoing.close(CloseReason::HistoryChanged),
                CatchUpResult::NotCached => {
                    match state.not_before.filter(|it| *it > Instant::now()) {
                        None => return CatchUpStep::FetchPage(*board, state),
                        Some(at) => {
                            wait_until =
                                Some(wait_until.map_or(at, |other: Instant| other.min(at)));
                            continue;
                        }
                    }
                }
            }
            return CatchUpStep::Repeat;
        }
        wait_until.map_or(CatchUpStep::Idle, CatchUpStep::WaitUntil)
    }

    /// Fetches a page. `None` if something else has to be done first.
    pub(super) async fn fetch_page(
        &self,
        board: BoardId,
        state: CatchUpState,
    ) -> Option<TransportOutput> {
        let mut fetch = self.page_fetch(board, state.sent);
        tokio::select! {
            biased;
            page = &mut fetch.page => self.page_fetched(board, state, page),
            () = self.outgoing.changed() => {
                *locked(&self.page_fetch) = Some(fetch);
                None
            }
        }
    }

    /// The interrupted fetch of this page, or a new one.
    fn page_fetch(&self, board: BoardId, after: Position) -> PageFetch {
        let interrupted = locked(&self.page_fetch).take();
        interrupted
            .filter(|it| it.board == board && it.after == after)
            .unwrap_or_else(|| PageFetch::start(Arc::clone(&self.gateway.hub), board, after))
    }

    fn page_fetched(
        &self,
        board: BoardId,
        state: CatchUpState,
        page: Result<Page, Unavailable>,
    ) -> Option<TransportOutput> {
        // After a leave, or a join at another position, the page is not needed any more.
        let mut joined = locked(&self.joined);
        let progress = joined.get_mut(&board).filter(|it| match it {
            BoardProgress::CatchingUp(it) => it.sent == state.sent,
            BoardProgress::Joining | BoardProgress::Live => false,
        })?;
        let Ok(page) = page else {
            let failures = state.failures.saturating_add(1);
            let delay = BACKOFF.delay((self.gateway.id, self.number, board), failures);
            let not_before = Some(Instant::now() + delay);
            *progress = BoardProgress::catching_up(CatchUpState { failures, not_before, ..state });
            return None;
        };
        // The feed knows of later events. A log without them belongs to another history.
        let Some((last, _)) = page.last() else {
            self.outgoing.close(CloseReason::HistoryChanged);
            return None;
        };
        *progress = BoardProgress::catching_up(CatchUpState::after(*last));
        Some(self.after_queued_messages(&page))
    }

    /// The page behind the queued messages: after a join at the same position, `joined` comes first.
    fn after_queued_messages(&self, page: &[(Position, EncodedMessage)]) -> TransportOutput {
        let mut messages = match self.outgoing.take() {
            Some(TransportOutput::Messages(queued)) => queued,
            Some(close) => return close,
            None => Vec::new(),
        };
        self.outgoing.add_in_flight(page.iter().map(|(_, encoded)| encoded.len()).sum());
        messages.extend(page.iter().map(|(_, encoded)| encoded.clone()));
        TransportOutput::Messages(messages)
    }
}
