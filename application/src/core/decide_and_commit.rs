//! One attempt at the boards of a batch: they are taken from the cache or loaded, decided and
//! committed.

use sockbit_domain::Board;

use super::Core;
use super::batch_decider::{DecidedBatch, DecisionInputs, Uncommitted, decide_batch};
use super::board_batch::{BoardBatch, load_requests};
use super::cached_board::{CachedBoard, KnownParts};
use crate::ports::{
    BoardChanges, CommitResult, LoadRequest, LoadedBoard, StoreError, StoredOutcome,
};

/// Where an attempt takes boards from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BoardSource {
    /// From the cache if it has what the batch needs. Stored outcomes are not known then: the
    /// commit is refused if a command is a repeat.
    Cache,
    /// From the store, with the stored outcomes.
    Store,
}

/// What the cache has for a request.
enum CacheResult {
    Hit(CachedBoard),
    /// Not all of it.
    Miss(Option<CachedBoard>),
}

/// A board before the batch.
struct BoardState {
    board: Option<Board>,
    known: KnownParts,
    /// `None` if they were not loaded.
    outcomes: Option<Vec<StoredOutcome>>,
}

/// A board that is decided, and about to be committed.
struct Attempt {
    decided: DecidedBatch,
    /// The board after the batch.
    board: Option<CachedBoard>,
    has_changes: bool,
    /// Whether a command may be a repeat for which the commit would not be refused.
    may_be_repeated: bool,
}

impl Core {
    /// Decides and commits these boards. Returns one result for each; `None` for a board that must
    /// be decided on what the store has, because its head changed meanwhile or a command may be a
    /// repeat.
    pub(super) async fn decide_and_commit(
        &self,
        boards: &[&BoardBatch<'_>],
        source: BoardSource,
    ) -> Result<Vec<Option<DecidedBatch>>, StoreError> {
        let states = self.board_states(boards, source).await?;
        let decided = boards.iter().zip(states).map(|(batch, state)| self.decide(batch, state));
        let (attempts, changes): (Vec<Attempt>, Vec<Option<BoardChanges>>) = decided.unzip();
        let changes: Vec<BoardChanges> = changes.into_iter().flatten().collect();
        let results = match changes.as_slice() {
            [] => Vec::new(),
            changes => self.ports.decisions.commit(changes).await?,
        };
        let mut results = results.into_iter();
        Ok(attempts.into_iter().map(|attempt| self.finish(attempt, &mut results)).collect())
    }

    async fn board_states(
        &self,
        boards: &[&BoardBatch<'_>],
        source: BoardSource,
    ) -> Result<Vec<BoardState>, StoreError> {
        let requests = load_requests(boards);
        let cached: Vec<_> = requests.iter().map(|it| self.look_up(it, source)).collect();
        let missing = requests.iter().zip(&cached).filter_map(|(request, cached)| match cached {
            CacheResult::Hit(_) => None,
            CacheResult::Miss(_) => Some(request.clone()),
        });
        let mut loaded = self.load(missing.collect()).await?.into_iter();
        let state = |(request, cached): (&LoadRequest, CacheResult)| match cached {
            CacheResult::Hit(cached) => Some(BoardState::cached(cached)),
            CacheResult::Miss(before) => Some(BoardState::loaded(loaded.next()?, request, before)),
        };
        let states: Option<_> = requests.iter().zip(cached).map(state).collect();
        states.ok_or_else(|| StoreError::Unavailable("it returned too few boards".to_owned()))
    }

    /// Takes a board out of the cache, even if it is not used: what is loaded replaces it.
    fn look_up(&self, request: &LoadRequest, source: BoardSource) -> CacheResult {
        let cached = self.cache.take(request.board).filter(|_| source == BoardSource::Cache);
        match cached {
            Some(cached) if cached.covers(request) => CacheResult::Hit(cached),
            cached => CacheResult::Miss(cached),
        }
    }

    async fn load(&self, requests: Vec<LoadRequest>) -> Result<Vec<LoadedBoard>, StoreError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        self.ports.decisions.load(&requests).await
    }

    fn decide(&self, batch: &BoardBatch<'_>, state: BoardState) -> (Attempt, Option<BoardChanges>) {
        let inputs = DecisionInputs {
            ids: &*self.ports.ids,
            now: self.ports.clock.now(),
            limits: &self.limits,
        };
        let BoardState { board, known, outcomes } = state;
        let are_outcomes_known = outcomes.is_some();
        let loaded = LoadedBoard { board, outcomes: outcomes.unwrap_or_default() };
        let Uncommitted { decided, changes, board } = decide_batch(batch, loaded, &inputs);
        let may_be_repeated = !are_outcomes_known && decided.has_unrecorded();
        let changes = changes.filter(|_| !may_be_repeated);
        let facts = changes.as_ref().map_or(&[][..], |it| &it.facts);
        let board = board.map(|board| CachedBoard { board, known }.with_facts(facts));
        (Attempt { decided, board, has_changes: changes.is_some(), may_be_repeated }, changes)
    }

    /// The result of an attempt. The board goes back to the cache if its changes are committed.
    fn finish(
        &self,
        attempt: Attempt,
        results: &mut impl Iterator<Item = CommitResult>,
    ) -> Option<DecidedBatch> {
        let is_refused = attempt.has_changes && results.next() != Some(CommitResult::Done);
        if is_refused || attempt.may_be_repeated {
            return None;
        }
        if let Some(board) = attempt.board {
            self.cache.put(board);
        }
        Some(attempt.decided)
    }
}

impl BoardState {
    fn cached(cached: CachedBoard) -> Self {
        let CachedBoard { mut board, known } = cached;
        // The first command of the batch may move the head on which the second is based.
        board.bases.insert(board.head.seq, board.head.event);
        Self { board: Some(board), known, outcomes: None }
    }

    /// What was loaded, with what was known before.
    fn loaded(loaded: LoadedBoard, request: &LoadRequest, before: Option<CachedBoard>) -> Self {
        let LoadedBoard { board, outcomes } = loaded;
        let outcomes = Some(outcomes);
        let Some(board) = board else {
            return Self { board: None, known: KnownParts::of_absent(request), outcomes };
        };
        let loaded = CachedBoard::loaded(board, request);
        let CachedBoard { board, known } = match before {
            Some(before) => loaded.with_known_before(before),
            None => loaded,
        };
        Self { board: Some(board), known, outcomes }
    }
}
