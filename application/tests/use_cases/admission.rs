//! Admissions: the role of a member, and whether it can resume or has to load the board.

use sockbit_application::bus_messages::{AdmissionQuery, CoreQuery, CoreReply, EventsQuery};
use sockbit_domain::{EventId, Position, RejectionCode, Seq};

use crate::support::*;

async fn resumable(core: &CoreFixture, position: Position) -> bool {
    let admission = core.admission(&person(1), Some(position)).await.expect("it is admitted");
    assert_eq!(admission.head, core.head().await);
    admission.resumable
}

#[tokio::test]
async fn a_member_resumes_from_any_position_in_the_log() {
    let (core, base) = CoreFixture::with_note("one").await;
    saved(&core.send(&person(1), &edit(note_id(1), base, insert(0, "x"))).await);
    for event in core.log().await {
        assert!(resumable(&core, event.position()).await, "from {}", event.seq);
    }
}

#[tokio::test]
async fn a_position_that_cannot_be_verified_is_not_resumed_from() {
    let (core, head) = CoreFixture::with_note("one").await;
    let of_another_history = Position { event: EventId(uuid(0xbad)), ..head };
    let beyond_the_head = Position { seq: Seq(head.seq.0 + 1), ..head };
    let before_the_first = Position { seq: Seq(0), ..head };
    let never_reached = Position { seq: Seq(u64::MAX), ..head };
    for position in [of_another_history, beyond_the_head, before_the_first, never_reached] {
        assert!(!resumable(&core, position).await, "{position:?}");
    }
}

#[tokio::test]
async fn a_client_without_a_position_cannot_resume() {
    let core = CoreFixture::with_board().await;
    let admission = core.admission(&person(1), None).await.expect("it is admitted");
    assert!(!admission.resumable);
    assert_eq!(admission.head, core.head().await);
}

#[tokio::test]
async fn a_board_looks_missing_to_a_non_member() {
    let core = CoreFixture::with_board().await;
    let rejection = core.admission(&person(2), None).await.expect_err("it is not admitted");
    assert_eq!(rejection.code, RejectionCode::NotFound);
    let query = CoreQuery::Admission(AdmissionQuery {
        actor: person(2).actor.id,
        board: board_id(404),
        position: None,
    });
    assert_eq!(core.core.query(query).await, CoreReply::Admission(Err(rejection)));
}

#[tokio::test]
async fn a_client_cannot_resume_if_the_events_are_larger_than_the_board() {
    let (core, mut base) = CoreFixture::with_note("").await;
    let start = base;
    for letter in ["a", "b", "c", "d", "e", "f"] {
        let text = letter.repeat(40 * 1024);
        base = saved(&core.send(&person(1), &write(note_id(1), base, &text)).await);
    }
    assert!(!resumable(&core, start).await, "240 KiB of events for a board of 40 KiB");
    let late = core.log().await.iter().rev().nth(2).expect("there are events").position();
    assert!(resumable(&core, late).await, "events that fit one page are always sent");
}

#[tokio::test]
async fn a_client_can_resume_if_the_board_is_larger_than_the_events() {
    let (core, start) = CoreFixture::with_note("").await;
    for n in 2..=9 {
        let text = "a".repeat(60 * 1024);
        saved(&core.send(&person(1), &create_note(note_id(n), &text)).await);
    }
    let middle = core.log().await.get(4).expect("there are events").position();
    assert!(resumable(&core, middle).await, "300 KiB of events for a board of 480 KiB");
    assert!(!resumable(&core, start).await, "with their envelopes all events are slightly larger");
}

#[tokio::test]
async fn pages_of_events_continue_each_other() {
    let (core, _) = CoreFixture::with_note("").await;
    for n in 2..=20 {
        saved(&core.send(&person(1), &create_note(note_id(n), &"a".repeat(30 * 1024))).await);
    }
    let mut seen = Vec::new();
    loop {
        let after = seen.last().map_or(Seq(0), |it: &sockbit_domain::Event| it.seq);
        let query = CoreQuery::Events(EventsQuery { board: board_id(1), after, id: None });
        let CoreReply::Events(page) = core.core.query(query).await else { panic!("no events") };
        if page.is_empty() {
            break;
        }
        let bytes: usize = page.iter().map(sockbit_application::json_size::json_bytes).sum();
        assert!(bytes <= 192 * 1024, "a page of {bytes} bytes");
        seen.extend(page);
    }
    assert_eq!(seen, core.log().await);
}

#[tokio::test]
async fn events_are_only_read_after_an_event_of_the_same_history() {
    let (core, _) = CoreFixture::with_note(&"a".repeat(60 * 1024)).await;
    let last = saved(&core.send(&person(1), &create_note(note_id(2), "second")).await);
    let log = core.log().await;
    let reply = async |after: Position| {
        let Position { seq, event } = after;
        core.core
            .query(CoreQuery::Events(EventsQuery {
                board: board_id(1),
                after: seq,
                id: Some(event),
            }))
            .await
    };

    for (index, event) in log.iter().enumerate() {
        assert_eq!(reply(event.position()).await, CoreReply::Events(log[index + 1..].to_vec()));
    }
    let other = log[0].id;
    for seq in [Seq(0), last.seq, last.seq.next(), Seq(u64::MAX)] {
        assert_eq!(
            reply(Position { seq, event: other }).await,
            CoreReply::HistoryDiverged,
            "{seq}"
        );
    }
}

#[tokio::test]
async fn an_event_larger_than_a_page_does_not_hide_later_ones() {
    let (core, _) = CoreFixture::with_note(&"\"".repeat(60 * 1024)).await;
    for n in 2..=4 {
        saved(&core.send(&person(1), &create_note(note_id(n), &"\"".repeat(60 * 1024))).await);
    }
    for event in core.log().await.iter().rev().skip(1) {
        let Position { seq, event } = event.position();
        let query =
            CoreQuery::Events(EventsQuery { board: board_id(1), after: seq, id: Some(event) });
        let CoreReply::Events(page) = core.core.query(query).await else { panic!("no events") };
        assert_eq!(page.first().map(|it| it.seq), Some(seq.next()));
    }
}
