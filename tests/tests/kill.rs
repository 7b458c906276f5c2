//! The process is killed in the middle of the work: what was saved is there once, and so is the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use sockbit_application::ports::Store;
use sockbit_domain::{BoardId, Colour, Command, Event, MessageId, NoteId, Rank, Role, Seq, Text};
use sockbit_sqlite::SqliteStore;
use sockbit_tests::system::{App, Peer};
use tokio::time::Instant;
use uuid::Uuid;

const BOARDS: usize = 4;
const CLIENTS_PER_BOARD: usize = 5;
const EDITS_PER_CLIENT: usize = 60;
/// 20 clients that type every 100 ms: 200 edits a second.
const BETWEEN_EDITS: Duration = Duration::from_millis(100);
const KEY: &str = "a key that the clients share";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_edit_is_there_once_though_the_process_was_killed_three_times() {
    let mut app = App::start().await;
    let boards: Vec<(BoardId, NoteId)> = (0..BOARDS).map(|n| board(n as u128)).collect();
    let mut peers = Vec::new();
    for (index, board) in boards.iter().enumerate() {
        for client in 0..CLIENTS_PER_BOARD {
            peers.push(join(&app, *board, index * CLIENTS_PER_BOARD + client).await);
        }
    }

    let typing: Vec<_> = peers.into_iter().map(|peer| tokio::spawn(type_away(peer))).collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        app.kill().await;
        app.start_again().await;
    }
    let mut typists: Vec<Typist> =
        join_all(typing).await.into_iter().map(|it| it.expect("a client goes on")).collect();
    join_all(typists.iter_mut().map(|typist| typist.peer.settle())).await;
    assert!(app.stop().await, "the app ends well when it is asked to");

    let store = SqliteStore::open(&app.database()).await.expect("the database is whole");
    for (board, note) in boards {
        let log = Log::read(&store, board, note).await;
        for typist in typists.iter().filter(|it| it.note == note) {
            log.has_each_once(typist);
            assert_eq!(typist.peer.machine.text(note), log.text, "a client shows what is stored");
        }
    }
}

struct Typist {
    peer: Peer,
    note: NoteId,
    tokens: Vec<String>,
}

/// The first client of a board makes it, the others come by its link.
async fn join(app: &App, (board, note): (BoardId, NoteId), number: usize) -> (Peer, NoteId, usize) {
    let mut peer = Peer::guest(&app.url(), &app.websocket(), board).await;
    if number.is_multiple_of(CLIENTS_PER_BOARD) {
        peer.wish(Command::CreateBoard { title: "Rig".to_owned() }, None);
        peer.wish(Command::AddLink { role: Role::Editor }, Some(KEY));
        let (text, rank) = (Text::normalise("begin end"), Rank::middle());
        peer.wish(Command::CreateNote { note, text, colour: Colour::Paper, rank }, None);
    } else {
        peer.wish(Command::JoinBoard {}, Some(KEY));
    }
    peer.settle().await;
    assert_eq!(peer.rejected, [], "client {number} is on the board");
    (peer, note, number)
}

async fn type_away((mut peer, note, number): (Peer, NoteId, usize)) -> Typist {
    let mut tokens = Vec::new();
    let begin = Instant::now();
    for round in 0..EDITS_PER_CLIENT {
        let token = format!("<{number}.{round}>");
        let len = u32::try_from(peer.machine.text(note).len_utf16()).unwrap_or(0);
        let place = u32::try_from(number * 7_919 + round * 104_729).unwrap_or(0) % (len + 1);
        peer.insert(note, outside_tokens(peer.machine.text(note).as_str(), place), &token);
        tokens.push(token);
        peer.run_until(begin + BETWEEN_EDITS * u32::try_from(round + 1).unwrap_or(u32::MAX)).await;
    }
    Typist { peer, note, tokens }
}

/// The next place that is not inside a token, so that tokens stay whole.
fn outside_tokens(text: &str, place: u32) -> u32 {
    let place = place as usize;
    let (before, after) = text.split_at(place);
    let is_inside = before.rfind('<') > before.rfind('>');
    let on = if is_inside { after.find('>').map_or(0, |end| end + 1) } else { 0 };
    u32::try_from(place + on).unwrap_or(0)
}

struct Log {
    events: BTreeMap<MessageId, Seq>,
    text: Text,
}

impl Log {
    async fn read(store: &SqliteStore, board: BoardId, note: NoteId) -> Self {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map_or(Seq(0), |event| event.seq);
            let page = store.events(board, after, 1 << 20).await.expect("the log can be read");
            if page.is_empty() {
                break;
            }
            events.extend(page);
        }
        let seqs: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
        assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>(), "no gap in the log");
        let by_message: BTreeMap<_, _> = events.iter().map(|it| (it.message, it.seq)).collect();
        assert_eq!(by_message.len(), events.len(), "no message has two events");
        let (_, stored) = store.note(board, note).await.expect("readable").expect("the board");
        Self { events: by_message, text: stored.expect("the note").text }
    }

    fn has_each_once(&self, typist: &Typist) {
        assert!(typist.peer.saved.len() > EDITS_PER_CLIENT / 4, "it was working");
        for (message, position) in &typist.peer.saved {
            assert_eq!(self.events.get(message), Some(&position.seq), "what was saved is there");
        }
        for token in &typist.tokens {
            let count = self.text.as_str().matches(token).count();
            assert_eq!(count, 1, "{token} is there once");
        }
    }
}

fn board(n: u128) -> (BoardId, NoteId) {
    (BoardId(Uuid::from_u128(0xb0a_0000 + n)), NoteId(Uuid::from_u128(0x207_0000 + n)))
}
