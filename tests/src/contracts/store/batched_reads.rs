//! Clauses about reads of many boards in one call.

use std::sync::Arc;

use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{BoardStatusRequest, EventPageRequest, SingleReads, Store};
use sockbit_domain::{Event, Role, Seq};

use super::fixtures::{ALL, Script, actor, board_id, note_id};

/// Boards 1, 2 and 3, of which board n has n notes and actor n as an editor.
async fn three_boards(store: &Arc<dyn Store>) -> Vec<Script> {
    let mut scripts = Vec::new();
    for n in 1..=3 {
        let mut script = Script::new_by(board_id(n.into()), actor(9), n.into());
        script.join(actor(n), Role::Editor);
        for note in 1..=n {
            script.create(note_id(note.into()), "a note of a board");
        }
        script.save(store).await;
        scripts.push(script);
    }
    scripts
}

fn status_request(board: u128, of: u8, position: Option<u64>) -> BoardStatusRequest {
    BoardStatusRequest { board: board_id(board), actor: actor(of).id, position: position.map(Seq) }
}

fn page_request(board: u128, after: u64) -> EventPageRequest {
    EventPageRequest { board: board_id(board), after: Seq(after) }
}

pub async fn board_statuses_are_in_the_order_of_the_requests(store: Arc<dyn Store>) {
    let scripts = three_boards(&store).await;
    let boards = [3, 1, 2];
    let requests = boards.map(|n| status_request(n.into(), n, None));
    let statuses = store.board_statuses(&requests).await.expect("the store is available");
    let heads: Vec<_> = statuses.iter().flatten().map(|it| (it.head, it.role)).collect();
    let head = |n: u8| (scripts[usize::from(n) - 1].state.head, Some(Role::Editor));
    assert_eq!(heads, boards.map(head));
}

pub async fn board_statuses_of_one_batch_are_those_of_single_requests(store: Arc<dyn Store>) {
    three_boards(&store).await;
    let requests = [
        status_request(2, 2, Some(3)),
        status_request(404, 2, Some(3)),
        // Not a member.
        status_request(2, 1, Some(2)),
        status_request(1, 1, Some(1)),
        status_request(2, 2, Some(3)),
        status_request(2, 2, None),
        status_request(3, 3, Some(u64::MAX)),
    ];
    let statuses = store.board_statuses(&requests).await.expect("the store is available");
    assert_eq!(statuses.len(), requests.len());
    for (BoardStatusRequest { board, actor, position }, status) in requests.iter().zip(statuses) {
        assert_eq!(store.board_status(*board, *actor, *position).await, Ok(status));
    }
}

pub async fn event_pages_are_in_the_order_of_the_requests(store: Arc<dyn Store>) {
    let scripts = three_boards(&store).await;
    let requests = [(3, 0), (1, 1), (404, 0), (2, 2), (1, 1), (3, u64::MAX)];
    let requests = requests.map(|(board, after)| page_request(board, after));
    let pages = store.event_pages(&requests, ALL).await.expect("the store is available");
    let expected = requests.map(|EventPageRequest { board, after }| -> Vec<Event> {
        let events = scripts.iter().filter(|it| it.board() == board);
        events.flat_map(Script::events).filter(|it| it.seq > after).collect()
    });
    assert_eq!(pages, expected);
}

pub async fn each_event_page_of_a_batch_has_the_size_limit(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    for note in 1..=6 {
        script.create(note_id(note), "six events of one size");
    }
    script
        .create(note_id(7), &"large".repeat(1_000))
        .create(note_id(8), "small")
        .save(&store)
        .await;
    let size = json_bytes(script.events().get(1).expect("an event"));
    let requests = [1, 3, 7, 8].map(|after| page_request(1, after));

    let pages = store.event_pages(&requests, 3 * size).await.expect("the store is available");

    let numbers = |page: &Vec<Event>| page.iter().map(|it| it.seq.0).collect::<Vec<_>>();
    let found: Vec<_> = pages.iter().map(numbers).collect();
    assert_eq!(found, [vec![2, 3, 4], vec![4, 5, 6], vec![8], vec![9]]);
}
