//! Boards in memory, the least recently used of which are removed.

use std::sync::Mutex;

use hashlink::LinkedHashMap;
use sockbit_domain::BoardId;

use super::cached_board::CachedBoard;
use crate::mutex::locked;

/// One board may use this part of the cache, so that a few large ones do not empty it.
const BOARD_SHARE: usize = 8;

/// Boards as of their last commit, bounded in bytes.
///
/// A board is taken out for the time of a batch and put back after its commit. It is therefore
/// absent after a commit that failed, and never used by two batches at once. It may still be
/// outdated, when another worker has changed it: the commit is conditional on the head.
pub(super) struct BoardCache {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The least recently used first.
    boards: LinkedHashMap<BoardId, CachedBoard>,
    bytes: usize,
}

impl BoardCache {
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, state: Mutex::default() }
    }

    pub fn take(&self, board: BoardId) -> Option<CachedBoard> {
        let mut state = locked(&self.state);
        let taken = state.boards.remove(&board)?;
        state.bytes -= taken.bytes();
        Some(taken)
    }

    pub fn put(&self, board: CachedBoard) {
        if board.bytes() > self.bytes_max / BOARD_SHARE {
            return;
        }
        let mut state = locked(&self.state);
        state.bytes += board.bytes();
        if let Some(replaced) = state.boards.insert(board.board.id, board) {
            state.bytes -= replaced.bytes();
        }
        while state.bytes > self.bytes_max
            && let Some((_, removed)) = state.boards.pop_front()
        {
            state.bytes -= removed.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::LoadRequest;
    use crate::test_fixtures::{board, board_id};

    fn cached(number: u64) -> CachedBoard {
        let request = LoadRequest {
            board: board_id(number),
            actors: [].into(),
            messages: [].into(),
            notes: [].into(),
            edits_bytes_max: 0,
            bases: [].into(),
        };
        CachedBoard::loaded(board(number, 1), &request)
    }

    #[test]
    fn the_least_recently_used_boards_are_removed() {
        let cache = BoardCache::new(10 * cached(1).bytes());
        for number in 1..=10 {
            cache.put(cached(number));
        }
        let used = cache.take(board_id(1)).expect("there is room for ten");
        cache.put(used);

        cache.put(cached(11));

        assert!(cache.take(board_id(2)).is_none());
        assert!([1, 3, 10, 11].into_iter().all(|number| cache.take(board_id(number)).is_some()));
    }

    #[test]
    fn a_board_that_would_fill_the_cache_is_not_kept() {
        let cache = BoardCache::new(4 * cached(1).bytes());
        cache.put(cached(1));
        assert!(cache.take(board_id(1)).is_none());
    }

    #[test]
    fn a_board_that_is_put_twice_counts_once() {
        let cache = BoardCache::new(10 * cached(1).bytes());
        for _ in 0..100 {
            cache.put(cached(1));
        }
        cache.put(cached(2));
        assert!(cache.take(board_id(1)).is_some());
    }
}
