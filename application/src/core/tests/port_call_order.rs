//! The core announces and answers only what is committed, and calls no port without need.

use mockall::Sequence;
use sockbit_domain::{Command, RejectionCode};

use super::*;
use crate::slot::Slot;
use crate::test_fixtures::{board_id, envelope, new_note, person};

#[tokio::test]
async fn it_loads_then_commits_then_announces_then_sends_outcomes() {
    let mut order = Sequence::new();
    let mut store = MockDecisionStore::new();
    let mut announcer = MockAnnouncer::new();
    store
        .expect_load()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Ok(vec![found(board(1, 10))]));
    store.expect_commit().times(1).in_sequence(&mut order).returning(all_done);
    announcer
        .expect_publish()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _| ready_confirm(Ok(())));

    assert!(core(store, announcer).process(&[new_note(1, 1)]).await.is_ok());
}

#[tokio::test]
async fn boards_of_a_batch_are_loaded_and_committed_together() {
    let batch = [new_note(1, 1), new_note(2, 2), new_note(1, 3)];
    let mut store = MockDecisionStore::new();
    store
        .expect_load()
        .times(1)
        .withf(|requests| requests.iter().map(|it| it.board).eq([board_id(1), board_id(2)]))
        .returning(|_| Ok(vec![found(board(1, 10)), found(board(2, 10))]));
    store
        .expect_commit()
        .times(1)
        .withf(|changes| changes.iter().map(|it| it.facts.len()).eq([2, 1]))
        .returning(all_done);
    let mut announcer = MockAnnouncer::new();
    announcer
        .expect_publish()
        .times(1)
        .withf(|_, outcomes| outcomes.len() == 3 && outcomes.iter().all(is_saved))
        .returning(|_, _| ready_confirm(Ok(())));

    assert!(core(store, announcer).process(&batch).await.is_ok());
}

#[tokio::test]
async fn events_are_announced_in_one_message_per_slot_in_the_order_of_their_numbers() {
    let batch = [new_note(1, 1), new_note(2, 2), new_note(1, 3)];
    let mut store = store_with_boards();
    store.expect_commit().returning(all_done);
    let mut announcer = MockAnnouncer::new();
    announcer
        .expect_publish()
        .times(1)
        .withf(|batch, _| {
            let numbers = |board| {
                let slot = batch.iter().find(|it| it.slot == Slot::of(board_id(board)));
                slot.into_iter().flat_map(|it| &it.events).map(|it| it.event.seq.0)
            };
            batch.len() == 2 && numbers(1).eq([11, 12]) && numbers(2).eq([11])
        })
        .returning(|_, _| ready_confirm(Ok(())));

    assert!(core(store, announcer).process(&batch).await.is_ok());
}

#[tokio::test]
async fn a_command_twice_in_one_batch_has_one_event_and_two_outcomes() {
    let mut store = store_with_boards();
    store.expect_commit().times(1).returning(all_done);
    let mut announcer = MockAnnouncer::new();
    announcer
        .expect_publish()
        .times(1)
        .withf(|batch, outcomes| {
            let events = batch.iter().flat_map(|it| &it.events);
            events.map(|it| it.event.seq.0).eq([11, 12])
                && outcomes.iter().filter_map(saved_at).eq([11, 12, 12])
        })
        .returning(|_, _| ready_confirm(Ok(())));
    let batch = [new_note(1, 1), new_note(1, 2), new_note(1, 2)];

    assert!(core(store, announcer).process(&batch).await.is_ok());
}

#[tokio::test]
async fn an_unchanged_board_has_no_event_but_its_outcome_is_stored() {
    let same = envelope(1, 1, &Command::RenameBoard { title: "Ideas".to_owned() });
    let mut store = store_with_boards();
    store
        .expect_commit()
        .times(1)
        .withf(|changes| {
            matches!(changes, [it] if it.facts.is_empty() && it.outcomes.len() == 1)
                && changes.iter().all(|it| it.expected == Some(it.head))
        })
        .returning(all_done);
    let mut announcer = MockAnnouncer::new();
    announcer
        .expect_publish()
        .times(1)
        .withf(|announcements, outcomes| {
            announcements.is_empty() && matches!(outcomes.as_slice(), [it] if matches!(it.outcome, Some(Outcome::Unchanged { .. })))
        })
        .returning(|_, _| ready_confirm(Ok(())));

    assert!(core(store, announcer).process(&[same]).await.is_ok());
}

#[tokio::test]
async fn a_command_of_a_non_member_commits_nothing() {
    let mut command = new_note(1, 1);
    command.actor = person(66);
    let mut announcer = MockAnnouncer::new();
    announcer
        .expect_publish()
        .times(1)
        .withf(|_, outcomes| {
            outcomes.iter().filter_map(rejection_code).eq([RejectionCode::NotFound])
        })
        .returning(|_, _| ready_confirm(Ok(())));

    assert!(core(store_with_boards(), announcer).process(&[command]).await.is_ok());
}
