//! How a session is sent what it missed of the boards that it joined: at its own pace, from what
//! the gateway keeps or else in pages from the log.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use sockbit_domain::{BoardId, Position};
use tokio::time::Instant;

use super::Session;
use crate::backoff;
use crate::envelope::EncodedMessage;
use crate::gateway::board_feed::CatchUp;
use crate::gateway::hub::Page;
use crate::gateway::locked;
use crate::gateway::outgoing_queue::{CloseReason, SessionOutput};
use crate::ports::Unavailable;

/// How far a joined board's events have been sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    Joining,
    CatchingUp(Behind),
    Live,
}

/// What has been sent to one that is behind, and when the next page is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Behind {
    seen: Position,
    failed: u32,
    not_before: Option<Instant>,
}

/// A page that is being fetched, over as many turns to write as that takes.
pub(super) struct Fetch {
    board: BoardId,
    seen: Position,
    page: BoxFuture<'static, Result<Page, Unavailable>>,
}

/// What is to be done when nothing waits to be written.
enum Step {
    /// Wait until something does: no board is behind.
    Idle,
    /// Look again: a board went live, or the session was closed.
    Again,
    /// Fetch the events of this board after what was seen.
    Page(BoardId, Behind),
    /// Wait: pages could not be fetched, and are asked for again then.
    Pause(Instant),
}

impl Behind {
    pub fn at(seen: Position) -> Self {
        Self { seen, failed: 0, not_before: None }
    }
}

impl Session {
    /// Waits for what is to be written next. One caller at a time; calling it says that what it
    /// gave before has been written.
    pub async fn next(&self) -> SessionOutput {
        let has_written = self.outgoing.written();
        if has_written && let Some(delivered) = self.catch_up_beside() {
            return delivered;
        }
        loop {
            if let Some(delivered) = self.outgoing.take() {
                return delivered;
            }
            match self.catch_up() {
                Step::Idle => self.outgoing.changed().await,
                Step::Again => {}
                Step::Page(board, behind) => {
                    if let Some(delivered) = self.page(board, behind).await {
                        return delivered;
                    }
                }
                // Cut short by anything that is to be written.
                Step::Pause(end) => {
                    tokio::time::timeout_at(end, self.outgoing.changed()).await.ok();
                }
            }
        }
    }

    /// Waits until the gateway has cut this client for what waits unread. For while something is being
    /// written: where the client takes nothing, that would not end.
    pub async fn closed_as_too_slow(&self) {
        self.outgoing.closed_as_too_slow().await;
    }

    /// One step that waits for nothing, so that whoever always has something else to be written
    /// catches up too.
    fn catch_up_beside(&self) -> Option<SessionOutput> {
        if self.outgoing.is_crowded() {
            return None;
        }
        let Step::Page(board, behind) = self.catch_up() else { return None };
        let mut fetch = self.fetch(board, behind.seen);
        let page = (&mut fetch.page).now_or_never();
        if page.is_none() {
            *locked(&self.fetching) = Some(fetch);
        }
        self.fetched(board, behind, page?)
    }

    /// One step for one board: from what the gateway keeps, or else a page from the log is due.
    /// A board whose log cannot be read holds up no other.
    fn catch_up(&self) -> Step {
        // EncodedEvent throughout, so that nobody joins anew between the query and what follows from it.
        let mut joined = locked(&self.joined);
        let mut pause = None;
        for (board, progress) in joined.iter_mut() {
            let Progress::CatchingUp(behind) = *progress else { continue };
            match self.gateway.hub.catch_up(*board, self.number, behind.seen) {
                CatchUp::Live => *progress = Progress::Live,
                CatchUp::Gone => self.outgoing.close(CloseReason::HistoryChanged),
                CatchUp::Missing => match behind.not_before.filter(|it| *it > Instant::now()) {
                    None => return Step::Page(*board, behind),
                    Some(end) => {
                        pause = Some(pause.map_or(end, |other: Instant| other.min(end)));
                        continue;
                    }
                },
            }
            return Step::Again;
        }
        pause.map_or(Step::Idle, Step::Pause)
    }

    /// `None` where there is something else to do first.
    async fn page(&self, board: BoardId, behind: Behind) -> Option<SessionOutput> {
        let mut fetch = self.fetch(board, behind.seen);
        tokio::select! {
            biased;
            page = &mut fetch.page => self.fetched(board, behind, page),
            () = self.outgoing.changed() => {
                *locked(&self.fetching) = Some(fetch);
                None
            }
        }
    }

    /// The page that is being fetched already, or a fetch begun here.
    fn fetch(&self, board: BoardId, seen: Position) -> Fetch {
        let begun = locked(&self.fetching).take();
        begun.filter(|it| it.board == board && it.seen == seen).unwrap_or_else(|| {
            let hub = Arc::clone(&self.gateway.hub);
            let page = async move { hub.page(board, seen).await }.boxed();
            Fetch { board, seen, page }
        })
    }

    fn fetched(
        &self,
        board: BoardId,
        behind: Behind,
        page: Result<Page, Unavailable>,
    ) -> Option<SessionOutput> {
        // Whoever left, or joined anew from elsewhere, no longer wants this page.
        let mut joined = locked(&self.joined);
        let progress = joined.get_mut(&board).filter(|it| match it {
            Progress::CatchingUp(it) => it.seen == behind.seen,
            Progress::Joining | Progress::Live => false,
        })?;
        let Ok(page) = page else {
            let failed = behind.failed.saturating_add(1);
            let pause = backoff::pause((self.gateway.id, self.number, board), failed);
            let not_before = Some(Instant::now() + pause);
            *progress = Progress::CatchingUp(Behind { failed, not_before, ..behind });
            return None;
        };
        // The feed knows of events after `seen`: a log without them is another one.
        let Some((last, _)) = page.last() else {
            self.outgoing.close(CloseReason::HistoryChanged);
            return None;
        };
        *progress = Progress::CatchingUp(Behind::at(*last));
        Some(self.after_what_waits(&page))
    }

    /// Whoever joined anew meanwhile, from the same position, hears so before the events.
    fn after_what_waits(&self, page: &[(Position, EncodedMessage)]) -> SessionOutput {
        let mut messages = match self.outgoing.take() {
            Some(SessionOutput::Messages(waiting)) => waiting,
            Some(close) => return close,
            None => Vec::new(),
        };
        self.outgoing.writes(page.iter().map(|(_, encoded)| encoded.len()).sum());
        messages.extend(page.iter().map(|(_, encoded)| encoded.clone()));
        SessionOutput::Messages(messages)
    }
}
