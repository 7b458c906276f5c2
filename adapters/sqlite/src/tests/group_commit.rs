//! Commits that wait for the writer are made together, and each caller receives its own results.

use std::path::Path;
use std::pin::pin;
use std::sync::mpsc;

use futures::future::join_all;
use futures::poll;
use sockbit_application::ports::{
    BoardChanges, CommitResult, DecisionStore, ReadStore, SingleReads, StoreError,
};
use sockbit_domain::{BoardId, Change, Position, Seq, Title};
use uuid::Uuid;

use super::{board_with, fact, store, tamper};
use crate::SqliteStore;

/// A transaction that is rolled back whole, unlike one that breaks a constraint.
const UNWRITABLE: &str = "\
    create trigger unwritable before insert on notes when new.text = 'unwritable'
    begin select json('{'); end";

/// The first changes of a board.
fn new_board(number: u128, text: &str) -> BoardChanges {
    let mut changes = board_with(text);
    changes.board = BoardId(Uuid::from_u128(number));
    for fact in &mut changes.facts {
        fact.event.board = changes.board;
    }
    changes
}

/// A renaming of the board after these changes.
fn renamed(before: &BoardChanges) -> BoardChanges {
    let title = Title::stored("Another title".to_owned());
    let change = Change::BoardRenamed { title: title.clone() };
    let mut renaming = fact(before.head.seq.next().0, change);
    renaming.event.board = before.board;
    BoardChanges {
        expected: Some(before.head),
        head: renaming.event.position(),
        title,
        facts: vec![renaming],
        notes: Vec::new(),
        members: Vec::new(),
        outcomes: Vec::new(),
        ..before.clone()
    }
}

/// Makes these commits while the writer is busy, and returns their results.
async fn commit_together(
    store: &SqliteStore,
    commits: &[Vec<BoardChanges>],
) -> Vec<Result<Vec<CommitResult>, StoreError>> {
    let (release, released) = mpsc::channel::<()>();
    let mut busy = pin!(store.writer.call(move |_| Ok(released.recv())));
    assert!(poll!(&mut busy).is_pending());
    let mut calls: Vec<_> = commits.iter().map(|changes| store.commit(changes)).collect();
    for call in &mut calls {
        assert!(poll!(call).is_pending());
    }
    release.send(()).expect("the writer is busy");
    join_all(calls).await
}

async fn heads(store: &SqliteStore, boards: &[&BoardChanges]) -> Vec<Position> {
    let ids: Vec<BoardId> = boards.iter().map(|it| it.board).collect();
    let heads = store.heads(&ids).await.expect("the store is available");
    heads.into_iter().map(|(_, head)| head).collect()
}

/// The number of transactions in the write-ahead log: the header of the last frame of each has the
/// size of the database.
fn transactions(database: &Path) -> usize {
    let log = std::fs::read(database.with_extension("db-wal")).expect("the log can be read");
    let frames = log.get(32..).unwrap_or_default().chunks_exact(24 + 4096);
    frames.filter(|frame| frame.get(4..8) != Some([0; 4].as_slice())).count()
}

#[tokio::test]
async fn waiting_commits_share_a_transaction() {
    let (store, path, _folder) = store().await;
    let boards: Vec<_> = (1..=9).map(|number| new_board(number, "words")).collect();
    let before = transactions(&path);
    let commits: Vec<_> = boards.chunks(3).map(<[_]>::to_vec).collect();
    let results = commit_together(&store, &commits).await;
    assert_eq!(results, vec![Ok(vec![CommitResult::Done; 3]); 3]);
    assert_eq!(transactions(&path), before + 1);
    let heads = heads(&store, &boards.iter().collect::<Vec<_>>()).await;
    assert_eq!(heads, boards.iter().map(|it| it.head).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_conflict_of_one_commit_does_not_affect_the_others_of_its_transaction() {
    let (store, path, _folder) = store().await;
    let taken = new_board(1, "words");
    store.commit(std::slice::from_ref(&taken)).await.expect("the store is available");
    let (first, last) = (new_board(2, "first"), new_board(3, "last"));
    let before = transactions(&path);
    let results = commit_together(
        &store,
        &[vec![first.clone()], vec![new_board(1, "late"), last.clone()], vec![renamed(&taken)]],
    )
    .await;
    let (done, conflict) = (CommitResult::Done, CommitResult::Conflict);
    assert_eq!(results, [Ok(vec![done]), Ok(vec![conflict, done]), Ok(vec![done])]);
    assert_eq!(transactions(&path), before + 1);
    let expected = [renamed(&taken).head, first.head, last.head];
    assert_eq!(heads(&store, &[&taken, &first, &last]).await, expected);
}

#[tokio::test]
async fn a_commit_that_breaks_a_constraint_does_not_fail_others() {
    let (store, path, _folder) = store().await;
    let (first, mut repeating, last) =
        (new_board(1, "first"), new_board(2, "words"), new_board(3, "last"));
    repeating.outcomes = [repeating.outcomes.clone(), repeating.outcomes].concat();
    let before = transactions(&path);
    let commits = [vec![first.clone()], vec![repeating.clone()], vec![last.clone()]];
    let results = commit_together(&store, &commits).await;
    let (done, conflict) = (CommitResult::Done, CommitResult::Conflict);
    assert_eq!(results, [Ok(vec![done]), Ok(vec![conflict]), Ok(vec![done])]);
    assert_eq!(transactions(&path), before + 1);
    assert_eq!(heads(&store, &[&first, &repeating, &last]).await, [first.head, last.head]);
    let events = store.events(repeating.board, Seq(0), usize::MAX).await;
    assert_eq!(events, Ok(Vec::new()), "nothing of it was written");
}

#[tokio::test]
async fn a_commit_that_cannot_be_written_fails_alone() {
    let (store, _path, _folder) = store().await;
    tamper(&store, UNWRITABLE).await;
    let (first, unwritable, last) =
        (new_board(1, "first"), new_board(2, "unwritable"), new_board(3, "last"));
    let commits = [vec![first.clone()], vec![unwritable.clone()], vec![last.clone()]];
    let results = commit_together(&store, &commits).await;
    assert_eq!(results.first(), Some(&Ok(vec![CommitResult::Done])));
    assert!(matches!(results.get(1), Some(Err(StoreError::Unavailable(_)))), "{results:?}");
    assert_eq!(results.last(), Some(&Ok(vec![CommitResult::Done])));
    assert_eq!(heads(&store, &[&first, &unwritable, &last]).await, [first.head, last.head]);
}

#[tokio::test]
async fn waiting_commits_of_a_board_are_made_in_their_order() {
    let (store, _path, _folder) = store().await;
    let created = new_board(1, "words");
    let first = renamed(&created);
    let second = renamed(&first);
    let commits = [vec![created], vec![second.clone()], vec![first], vec![second.clone()]];
    let results = commit_together(&store, &commits).await;
    let (done, conflict) = (CommitResult::Done, CommitResult::Conflict);
    assert_eq!(results, [done, conflict, done, done].map(|it| Ok(vec![it])));
    assert_eq!(heads(&store, &[&second]).await, [second.head]);
}

#[tokio::test]
async fn a_commit_is_made_although_its_caller_was_dropped() {
    let (store, path, _folder) = store().await;
    let board = new_board(1, "words");
    let (release, released) = mpsc::channel::<()>();
    let mut busy = pin!(store.writer.call(move |_| Ok(released.recv())));
    assert!(poll!(&mut busy).is_pending());
    {
        let changes = std::slice::from_ref(&board);
        let mut dropped = pin!(store.commit(changes));
        assert!(poll!(&mut dropped).is_pending());
    }
    release.send(()).expect("the writer is busy");
    store.close().await;
    let store = SqliteStore::open(&path).await.expect("it opens again");
    assert_eq!(heads(&store, &[&board]).await, [board.head]);
}

#[tokio::test]
async fn a_closing_store_finishes_the_calls_that_wait() {
    let (store, path, _folder) = store().await;
    let (release, released) = mpsc::channel::<()>();
    let mut busy = pin!(store.writer.call(move |_| Ok(released.recv())));
    assert!(poll!(&mut busy).is_pending());
    let board = new_board(1, "words");
    let mut waiting = pin!(store.commit(std::slice::from_ref(&board)));
    assert!(poll!(&mut waiting).is_pending());
    let mut closing = pin!(store.close());
    assert!(poll!(&mut closing).is_pending());
    release.send(()).expect("the writer is busy");
    closing.await;
    assert_eq!(waiting.await, Ok(vec![CommitResult::Done]));
    let store = SqliteStore::open(&path).await.expect("it opens again");
    assert_eq!(heads(&store, &[&board]).await, [board.head]);
}
