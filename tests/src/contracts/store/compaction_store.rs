//! Clauses about the port of compaction: its candidates, the events it reads, and conditional squashes.

use std::sync::Arc;

use futures::future::join_all;
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{
    CommitResult, CompactableEvents, CompactionCandidate, Squash, Store,
};
use sockbit_domain::{Delta, Event, Fact, Seq, Timestamp, squash};
use uuid::Uuid;

use super::compacted_logs::{LATER, compact, ranges, typing_runs};
use super::fixtures::{
    ALL, Script, all_events, all_notes, bare, board_id, load, load_board, note_id, snapshot,
};

async fn compaction_candidates(store: &Arc<dyn Store>, before: i64) -> Vec<CompactionCandidate> {
    store.compaction_candidates(Timestamp(before), None, 100).await.expect("the store is available")
}

async fn compactable_events(store: &Arc<dyn Store>, after: u64, before: i64) -> CompactableEvents {
    let (after, before) = (Seq(after), Timestamp(before));
    store
        .compactable_events(board_id(1), after, before, 100, ALL)
        .await
        .expect("the store is available")
}

/// The squash that compaction would write for this part of the log.
async fn squash_of(store: &Arc<dyn Store>, expected: u64, before: i64) -> Squash {
    let events = compactable_events(store, expected, before).await.events;
    let seen = events.last().map_or(Seq(expected), |(event, _)| event.seq);
    let runs = squash(&events).runs;
    Squash { board: board_id(1), expected: Seq(expected), runs, seen, settled: seen }
}

pub async fn boards_with_uncompacted_old_events_are_candidates(store: Arc<dyn Store>) {
    for (n, at) in [(1, 500), (2, 300), (3, 900)] {
        let mut script = Script::new(board_id(n));
        script.at(at);
        script.log[0].event.at = Timestamp(at);
        script.save(&store).await;
    }
    let boards =
        |found: &[CompactionCandidate]| found.iter().map(|it| it.board).collect::<Vec<_>>();
    assert_eq!(boards(&compaction_candidates(&store, 300).await), []);
    assert_eq!(boards(&compaction_candidates(&store, 501).await), [2, 1].map(board_id));
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..3 {
        let page =
            store.compaction_candidates(LATER, after, 1).await.expect("the store is available");
        after = page.first().copied();
        found.extend(page);
    }
    assert_eq!(boards(&found), [2, 1, 3].map(board_id));
    assert_eq!(store.compaction_candidates(LATER, after, 1).await, Ok(Vec::new()));
}

pub async fn a_board_is_a_candidate_again_after_later_events(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    let seen = squash_of(&store, 0, 11_000).await;
    assert_eq!(store.squash(&seen).await, Ok(CommitResult::Done));
    let found = compaction_candidates(&store, i64::MAX).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].since.0, found[0].settled), (11_000, seen.settled));
    compact(&store).await;
    assert_eq!(compaction_candidates(&store, i64::MAX).await, []);
    script.at(70_000).edit(note_id(1), "later").save(&store).await;
    let found = compaction_candidates(&store, i64::MAX).await;
    assert_eq!(
        found.iter().map(|it| (it.board, it.since.0)).collect::<Vec<_>>(),
        [(script.board(), 70_000)]
    );
}

pub async fn compactable_events_end_before_the_first_new_event(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    let found = compactable_events(&store, 2, 11_001).await;
    assert_eq!((found.events, found.more), (logged(&script.log[2..12]), false));
    assert_eq!(compactable_events(&store, 11, 10_000).await, CompactableEvents::default());
    assert_eq!(compactable_events(&store, 28, i64::MAX).await, CompactableEvents::default());
}

/// A board with an edit at each of these times.
fn edits_at(times: &[i64]) -> Script {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "");
    for at in times {
        script.at(*at).edit(note_id(1), &format!("at {at}"));
    }
    script
}

fn logged(facts: &[Fact]) -> Vec<(Event, Option<Delta>)> {
    facts.iter().map(|it| (it.event.clone(), it.inverse.clone())).collect()
}

const AHEAD: i64 = 9_000_000;

pub async fn a_clock_ahead_does_not_hide_a_candidate(store: Arc<dyn Store>) {
    let since =
        async || compaction_candidates(&store, i64::MAX).await.iter().map(|it| it.since.0).max();
    let mut script = edits_at(&[]);
    script.save(&store).await;
    compact(&store).await;
    script.at(AHEAD).edit(note_id(1), "ahead").save(&store).await;
    assert_eq!(since().await, Some(AHEAD), "the clock cannot be known to be ahead");
    script.at(2_000).edit(note_id(1), "right").save(&store).await;
    assert_eq!(since().await, Some(2_000));
    let nothing = squash_of(&store, 2, 0).await;
    assert_eq!(store.squash(&nothing).await, Ok(CommitResult::Done));
    assert_eq!(since().await, Some(2_000), "the time of the later event counts");
}

pub async fn a_clock_ahead_does_not_delay_later_events(store: Arc<dyn Store>) {
    let mut script = edits_at(&[1_500, AHEAD, AHEAD, 2_000, AHEAD, 50_000]);
    script.save(&store).await;
    let found = async |before| compactable_events(&store, 2, before).await;
    assert_eq!(found(2_000).await.events, logged(&script.log[2..3]), "the later event is not old");
    assert_eq!(
        found(2_001).await.events,
        logged(&script.log[2..6]),
        "an event is at most as new as a later one"
    );
    assert_eq!(found(50_001).await.events, logged(&script.log[2..]));
}

pub async fn compactable_events_are_paged_within_their_limits(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    for (max, bytes_max) in [(5, ALL), (100, 2_000), (100, 0), (1, ALL)] {
        let (mut found, mut after) = (Vec::new(), Seq(0));
        loop {
            let part = store.compactable_events(script.board(), after, LATER, max, bytes_max).await;
            let part = part.expect("the store is available");
            let bytes: usize = part.events.iter().map(json_bytes).sum();
            assert!(part.events.len() <= max as usize);
            assert!(part.events.len() == 1 || bytes <= bytes_max);
            after = part.events.last().expect("an event").0.seq;
            found.extend(part.events.into_iter().map(|(event, _)| event));
            if !part.more {
                break;
            }
        }
        assert_eq!(found, script.events());
    }
}

pub async fn a_squash_of_changed_events_is_a_conflict(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    let whole = squash_of(&store, 0, i64::MAX).await;
    let mut late = whole.clone();
    let part = Squash { settled: Seq(0), ..squash_of(&store, 0, 10_004).await };
    assert!(!part.runs.is_empty());
    assert_eq!(store.squash(&part).await, Ok(CommitResult::Done));
    let before = snapshot(&store, &script.request()).await;
    assert_eq!(
        store.squash(&whole).await,
        Ok(CommitResult::Conflict),
        "a part is already squashed"
    );
    late.runs.drain(..1);
    late.runs[0].replaced[1].event.0 = Uuid::max();
    assert_eq!(store.squash(&late).await, Ok(CommitResult::Conflict), "another history");
    assert_eq!(snapshot(&store, &script.request()).await, before);
    assert_eq!(compaction_candidates(&store, i64::MAX).await[0].settled, Seq(0));
}

/// The last event has the same position and id, but a longer range.
pub async fn a_run_over_an_event_that_became_a_range_is_a_conflict(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    let all = compactable_events(&store, 0, i64::MAX).await.events;
    let longer = Squash {
        runs: squash(&all[3..7]).runs,
        settled: Seq(0),
        seen: Seq(0),
        board: board_id(1),
        expected: Seq(0),
    };
    let shorter = Squash { runs: squash(&all[3..5]).runs, ..longer.clone() };
    let stale = Squash { runs: squash(&all[4..7]).runs, ..longer };
    assert_eq!(store.squash(&shorter).await, Ok(CommitResult::Done));
    let before = snapshot(&store, &script.request()).await;
    assert_eq!(store.squash(&stale).await, Ok(CommitResult::Conflict));
    assert_eq!(snapshot(&store, &script.request()).await, before);
}

pub async fn a_stale_squash_does_not_lower_the_settled_position(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    let stale = Squash { runs: Vec::new(), ..squash_of(&store, 0, 10_004).await };
    compact(&store).await;
    let settled = squash_of(&store, 0, i64::MAX).await;
    assert!(settled.runs.is_empty(), "everything is compacted");
    assert_eq!(store.squash(&stale).await, Ok(CommitResult::Conflict));
    assert_eq!(compaction_candidates(&store, i64::MAX).await, []);
}

pub async fn exactly_one_of_many_concurrent_squashes_succeeds(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    let squash = squash_of(&store, 0, i64::MAX).await;
    let racing = (0..8).map(|_| store.squash(&squash));
    let results: Vec<_> =
        join_all(racing).await.into_iter().map(|it| it.expect("the store is available")).collect();
    assert_eq!(results.iter().filter(|it| **it == CommitResult::Done).count(), 1, "{results:?}");
    assert_eq!(all_events(&store, script.board()).await.len(), 9);
}

pub async fn a_commit_during_compaction_succeeds(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    let squash = squash_of(&store, 0, i64::MAX).await;
    script.at(80_000).create(note_id(3), "meanwhile").save(&store).await;
    assert_eq!(store.squash(&squash).await, Ok(CommitResult::Done));
    script.at(90_000).edit(note_id(3), "and after").save(&store).await;
    let found = compaction_candidates(&store, i64::MAX).await;
    assert_eq!(found.iter().map(|it| it.since.0).collect::<Vec<_>>(), [80_000]);
    let events = all_events(&store, script.board()).await;
    assert_eq!(ranges(&events)[8..], [(24, 27), (28, 28), (29, 29)]);
    assert_eq!(load_board(&store, &bare(script.board())).await.head, script.state.head);
}

/// Concurrent commits and compactions leave one complete log.
pub async fn concurrent_commits_and_compaction_leave_a_complete_log(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "").save(&store).await;
    let committing = async {
        for n in 0..40 {
            script.edit(note_id(1), &format!("words {n}")).save(&store).await;
        }
    };
    let compacting = async {
        for _ in 0..8 {
            compact(&store).await;
        }
    };
    futures::join!(committing, compacting);
    compact(&store).await;
    let events = all_events(&store, script.board()).await;
    assert_eq!(ranges(&events), [(1, 1), (2, 2), (3, 42)]);
    assert_eq!(compaction_candidates(&store, i64::MAX).await, []);
    assert_eq!(all_notes(&store, script.board()).await[0].text, script.text(note_id(1)));
}

pub async fn compaction_of_one_board_does_not_change_others(store: Arc<dyn Store>) {
    let (mut script, mut other) = (typing_runs(board_id(1)), typing_runs(board_id(2)));
    script.save(&store).await;
    other.save(&store).await;
    let before = snapshot(&store, &other.request()).await;
    let squash = squash_of(&store, 0, i64::MAX).await;
    assert_eq!(store.squash(&squash).await, Ok(CommitResult::Done));
    assert!(all_events(&store, script.board()).await.len() < script.log.len());
    assert_eq!(snapshot(&store, &other.request()).await, before);
    let found = compaction_candidates(&store, i64::MAX).await;
    assert_eq!(found.iter().map(|it| it.board).collect::<Vec<_>>(), [other.board()]);
}

pub async fn a_missing_board_is_not_compacted(store: Arc<dyn Store>) {
    assert_eq!(compaction_candidates(&store, i64::MAX).await, []);
    assert_eq!(compactable_events(&store, 0, i64::MAX).await, CompactableEvents::default());
    let squash = squash_of(&store, 0, i64::MAX).await;
    assert_eq!(store.squash(&squash).await, Ok(CommitResult::Conflict));
    assert_eq!(load(&store, &bare(board_id(1))).await.board, None);
}
