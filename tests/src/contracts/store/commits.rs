//! Clauses about commits: conditional on the head, atomic, and independent for each board.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use sockbit_application::ports::{CommitResult, Store};
use sockbit_domain::{Change, Event, Outcome, Rejection, RejectionCode, Role, Seq};

use super::fixtures::{
    Script, Snapshot, actor, all_events, bare, board_id, load, load_board, note_id, outcome,
    snapshot, title,
};

pub async fn a_stale_commit_changes_nothing(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "first").save(&store).await;
    let mut late = script.fork(9);
    script.edit(note_id(1), "faster").save(&store).await;
    late.change(Change::BoardRenamed { title: title("Too late") }).edit(note_id(1), "slower");
    late.create(note_id(2), "new").link(1, Role::Editor).join(actor(2), Role::Editor);
    late.add_outcome(outcome(1, 1, Outcome::Saved { position: late.state.head }));
    assert_rejected_without_effect(&store, &late).await;
}

pub async fn a_head_of_another_history_is_stale(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.save(&store).await;
    let mut other = script.fork(9);
    script.create(note_id(1), "here").save(&store).await;
    other.create(note_id(1), "in a restored backup").take_changes();
    other.edit(note_id(1), "and on");
    assert_rejected_without_effect(&store, &other).await;
}

pub async fn an_existing_board_is_not_created_again(store: Arc<dyn Store>) {
    Script::new(board_id(1)).create(note_id(1), "first").save(&store).await;
    let mut again = Script::new_by(board_id(1), actor(2), 9);
    again.create(note_id(2), "second").link(1, Role::Editor);
    again.add_outcome(outcome(1, 1, Outcome::Saved { position: again.state.head }));
    assert_rejected_without_effect(&store, &again).await;
}

pub async fn a_missing_board_is_not_changed(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.take_changes();
    script.create(note_id(1), "lost");
    assert_eq!(store.commit(&[script.changes()]).await, Ok(vec![CommitResult::Conflict]));
    assert_eq!(load(&store, &script.request()).await.board, None);
    assert_eq!(all_events(&store, script.board()).await, Vec::new());
}

pub async fn exactly_one_of_many_writers_wins_each_seq(store: Arc<dyn Store>) {
    const WRITERS: u64 = 6;
    const EVENTS_EACH: usize = 8;
    let mut script = Script::new(board_id(1));
    script.save(&store).await;
    let writers = (1..=WRITERS)
        .map(|writer| tokio::spawn(write_concurrently(Arc::clone(&store), writer, EVENTS_EACH)));
    let done = futures::future::try_join_all(writers).await.expect("no writer panics");

    let events = all_events(&store, board_id(1)).await;
    let numbers: Vec<_> = events.iter().map(|it| it.seq.0).collect();
    assert_eq!(numbers, (1..=1 + WRITERS * EVENTS_EACH as u64).collect::<Vec<_>>());
    for won in done.into_iter().flatten() {
        assert_eq!(
            events.iter().find(|it| it.id == won.id),
            Some(&won),
            "a committed event is kept"
        );
    }
}

/// Commits this many events, each on the current head.
async fn write_concurrently(store: Arc<dyn Store>, branch: u64, events: usize) -> Vec<Event> {
    let mut won = Vec::new();
    // Each conflict is another writer's success, so these attempts suffice.
    for _ in 0..10_000 {
        if won.len() == events {
            break;
        }
        let head = load_board(&store, &bare(board_id(1))).await.head;
        tokio::task::yield_now().await;
        let mut script = Script::at_head(board_id(1), head, branch);
        script.create(note_id(head.seq.0.into()), "mine");
        let changes = script.changes();
        if store.commit(std::slice::from_ref(&changes)).await == Ok(vec![CommitResult::Done]) {
            won.extend(changes.facts.into_iter().map(|fact| fact.event));
        }
    }
    won
}

pub async fn a_conflict_does_not_affect_other_boards(store: Arc<dyn Store>) {
    let mut scripts: Vec<_> = (1..=4).map(|n| Script::new(board_id(n))).collect();
    for script in &mut scripts {
        script.save(&store).await;
    }
    let stale = scripts.get_mut(1).expect("four boards");
    let mut late = stale.fork(9);
    stale.create(note_id(1), "faster").save(&store).await;
    late.create(note_id(1), "slower");
    let mut batch = vec![late.changes()];
    for script in scripts.iter_mut().filter(|it| it.board() != late.board()) {
        script.create(note_id(1), "well");
        batch.push(script.take_changes());
    }
    batch.swap(0, 1);
    let results = store.commit(&batch).await;
    let (done, conflict) = (CommitResult::Done, CommitResult::Conflict);
    assert_eq!(results, Ok(vec![done, conflict, done, done]));
    for script in scripts {
        assert_eq!(all_events(&store, script.board()).await, script.events());
    }
}

pub async fn a_board_that_is_twice_in_a_batch_is_changed_twice(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    let first = script.take_changes();
    script.create(note_id(1), "next");
    let second = script.take_changes();
    let mut late = Script::new(board_id(1));
    late.take_changes();
    late.create(note_id(2), "late");
    let results = store.commit(&[first, second, late.changes()]).await;
    assert_eq!(results, Ok(vec![CommitResult::Done, CommitResult::Done, CommitResult::Conflict]));
    assert_eq!(all_events(&store, script.board()).await, script.events());
}

pub async fn outcomes_without_an_event_do_not_move_the_head(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "here").save(&store).await;
    let before = snapshot(&store, &script.request()).await;
    script.by(actor(2)).at(9_000).add_outcome(rejected(1)).save(&store).await;
    assert_eq!(load(&store, &script.request()).await.outcomes, script.outcomes);
    let mut request = script.request();
    request.messages.clear();
    assert_eq!(snapshot(&store, &request).await, before);
}

pub async fn outcomes_without_an_event_are_conditional_on_the_head(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.save(&store).await;
    let mut late = script.fork(9);
    script.create(note_id(1), "faster").save(&store).await;
    late.add_outcome(rejected(1));
    assert_rejected_without_effect(&store, &late).await;
}

pub async fn a_command_has_one_outcome(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.add_outcome(rejected(1)).save(&store).await;
    let mut again = script.fork(9);
    again.create(note_id(1), "twice").add_outcome(rejected(2)).add_outcome(rejected(1));
    assert_rejected_without_effect(&store, &again).await;
    let mut doubled = script.fork(9);
    doubled.add_outcome(rejected(3)).add_outcome(rejected(3));
    assert_rejected_without_effect(&store, &doubled).await;
}

pub async fn a_key_belongs_to_one_link(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.link(1, Role::Editor).save(&store).await;
    let mut again = script.fork(9);
    again.link(2, Role::Editor).link(1, Role::Owner);
    assert_rejected_without_effect(&store, &again).await;
}

pub async fn a_commit_with_a_gap_is_a_conflict(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.save(&store).await;
    script.create(note_id(1), "two").create(note_id(2), "three");
    let changes = script.changes();
    let mut gap = changes.clone();
    gap.facts.remove(0);
    let mut short = changes.clone();
    short.facts.pop();
    let mut backwards = changes.clone();
    backwards.facts.reverse();
    let mut elsewhere = changes.clone();
    elsewhere.facts.iter_mut().for_each(|fact| fact.event.board = board_id(2));
    let mut endless = script.fork(1);
    endless.change_over(u64::MAX, Change::BoardRenamed { title: title("Infinity") });
    for broken in [gap, short, backwards, elsewhere, endless.changes()] {
        let before = snapshot(&store, &script.request()).await;
        assert_eq!(store.commit(&[broken]).await, Ok(vec![CommitResult::Conflict]));
        assert_eq!(snapshot(&store, &script.request()).await, before);
    }
    assert_eq!(store.commit(&[changes]).await, Ok(vec![CommitResult::Done]));
}

pub async fn a_cancelled_commit_is_atomic(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.save(&store).await;
    for polls in 0..48 {
        let mut attempt = script.fork(100 + polls);
        attempt.create(note_id(u128::from(polls)), "one");
        attempt.edit(note_id(u128::from(polls)), "two").add_outcome(rejected(u128::from(polls)));
        let changes = attempt.take_changes();
        cancel_after(polls, store.commit(&[changes])).await;
        // The store may still be writing. This commit on the same head waits for that; if it succeeds,
        // the cancelled one is a conflict whenever it comes.
        let mut other = script.fork(200 + polls);
        other.change(Change::BoardRenamed { title: title("After the cancelled commit") });
        let result = store.commit(&[other.take_changes()]).await;
        script = if result == Ok(vec![CommitResult::Done]) { other } else { attempt };
        let request = script.request();
        let loaded = load(&store, &request).await;
        assert_eq!(loaded.board, Some(script.state.clone()));
        assert_eq!(loaded.outcomes.len(), script.outcomes.len());
        assert_eq!(all_events(&store, script.board()).await, script.events());
    }
    script.create(note_id(1_000), "the next commit succeeds").save(&store).await;
}

/// Polls a call at most this many times, then drops it.
async fn cancel_after<T>(polls: u64, call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    let mut remaining = polls;
    poll_fn(|context| {
        let Some(rest) = remaining.checked_sub(1) else { return Poll::Ready(None) };
        remaining = rest;
        call.as_mut().poll(context).map(Some)
    })
    .await
}

pub async fn a_load_is_a_consistent_snapshot(store: Arc<dyn Store>) {
    const ROUNDS: u64 = 60;
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "0").create(note_id(2), "0").save(&store).await;
    let request = script.request();
    let first = script.state.head;
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for round in 1..=ROUNDS {
                let text = round.to_string();
                script.edit(note_id(1), &text).edit(note_id(2), &text).save(&store).await;
                tokio::task::yield_now().await;
            }
        }
    });
    let mut head = first;
    while head.seq < Seq(first.seq.0 + 2 * ROUNDS) && !writer.is_finished() {
        let board = load(&store, &request).await.board.expect("the board exists");
        let texts: Vec<_> = board.notes.values().map(|note| note.text.as_str()).collect();
        let round = ((board.head.seq.0 - first.seq.0) / 2).to_string();
        assert_eq!(texts, vec![round.as_str(), round.as_str()]);
        assert_eq!(board.notes.values().map(|note| note.seq).max(), Some(board.head.seq));
        assert!(head.seq <= board.head.seq, "a committed event stays committed");
        head = board.head;
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer has no conflict");
}

fn rejected(message: u128) -> sockbit_application::ports::StoredOutcome {
    let rejection = Rejection::new(RejectionCode::TextTooLong, "too long");
    outcome(1, message, Outcome::Rejected(rejection))
}

async fn assert_rejected_without_effect(store: &Arc<dyn Store>, script: &Script) {
    let request = script.request();
    let before: Snapshot = snapshot(store, &request).await;
    assert_eq!(store.commit(&[script.changes()]).await, Ok(vec![CommitResult::Conflict]));
    assert_eq!(snapshot(store, &request).await, before);
}
