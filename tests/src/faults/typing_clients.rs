//! Twenty clients that type two hundred edits a second (eighty in a long run) during the faults,
//! and the check that every edit is stored exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use sockbit_application::ports::{ReadStore, SingleReads};
use sockbit_domain::{
    BoardId, Change, Colour, Command, Event, MessageId, NoteId, Rank, Role, Seq, Text,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::{RunLength, Transport};
use crate::servers::fresh_id;
use crate::system::{Endpoint, SyncClient};

const BOARDS: usize = 5;
const CLIENTS_PER_BOARD: usize = 4;
/// By the length of the run.
const BETWEEN_EDITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(250)];
const KEY: &str = "a key that the clients share";

/// The maximum time until a client is served again.
const SERVED_WITHIN: Duration = Duration::from_mins(1);

/// Clients that type.
pub struct TypingClients {
    typing: Vec<JoinHandle<TypingClient>>,
    /// The number of saved commands of each.
    saved: Vec<Arc<AtomicU64>>,
    stop: watch::Sender<bool>,
    boards: Vec<(BoardId, NoteId)>,
}

/// What the clients typed, once every command has its outcome.
pub struct TypingResult {
    clients: Vec<TypingClient>,
    boards: Vec<(BoardId, NoteId)>,
}

struct TypingClient {
    peer: SyncClient,
    note: NoteId,
    number: usize,
    tokens: Vec<String>,
    saved: Arc<AtomicU64>,
}

impl TypingClients {
    /// Creates the boards and starts all clients, spread over the endpoints.
    pub async fn begin(endpoints: &[Endpoint], transport: Transport, length: RunLength) -> Self {
        // A client of another transport would be created here.
        let Transport::WebSocket = transport;
        let boards: Vec<_> =
            (0..BOARDS).map(|_| (BoardId(fresh_id()), NoteId(fresh_id()))).collect();
        let mut clients = Vec::new();
        for (index, (board, note)) in boards.iter().enumerate() {
            for client in 0..CLIENTS_PER_BOARD {
                let number = index * CLIENTS_PER_BOARD + client;
                let first = number % endpoints.len();
                let endpoints = endpoints.iter().cycle().skip(first).take(endpoints.len()).cloned();
                clients.push(TypingClient::join(endpoints.collect(), *board, *note, number).await);
            }
        }
        let (stop, stopped) = watch::channel(false);
        let saved = clients.iter().map(|client| Arc::clone(&client.saved)).collect();
        let typing = clients
            .into_iter()
            .map(|it| tokio::spawn(it.type_until_stopped(stopped.clone(), length)))
            .collect();
        Self { typing, saved, stop, boards }
    }

    /// The boards on which the clients type.
    #[must_use]
    pub fn boards(&self) -> Vec<BoardId> {
        self.boards.iter().map(|(board, _)| *board).collect()
    }

    /// The key of the link to each board.
    #[must_use]
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// Waits until each client has two more saved commands, of which at least one was sent since.
    /// Returns how long that took.
    ///
    /// # Panics
    /// If a client is not served within a minute.
    pub async fn wait_until_all_are_served(&self) -> Duration {
        let started = Instant::now();
        let required: Vec<u64> =
            self.saved.iter().map(|saved| saved.load(Ordering::Relaxed) + 2).collect();
        loop {
            let late = self
                .saved
                .iter()
                .zip(&required)
                .position(|(saved, required)| saved.load(Ordering::Relaxed) < *required);
            let Some(late) = late else { return started.elapsed() };
            assert!(started.elapsed() < SERVED_WITHIN, "client {late} is not served");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The number of saved edits so far.
    #[must_use]
    pub fn saved(&self) -> u64 {
        self.saved.iter().map(|saved| saved.load(Ordering::Relaxed)).sum()
    }

    /// Saved edits a second since there were `saved` of them.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
    pub fn rate_since(&self, saved: u64, elapsed: Duration) -> f64 {
        (self.saved() - saved) as f64 / elapsed.as_secs_f64()
    }

    /// Measures the saved edits a second over this time.
    pub async fn rate_over(&self, time: Duration) -> f64 {
        let (started, saved) = (Instant::now(), self.saved());
        sleep(time).await;
        self.rate_since(saved, started.elapsed())
    }

    /// Stops all clients and waits until every command has its outcome.
    pub async fn end(self) -> TypingResult {
        self.stop.send_replace(true);
        let typed = join_all(self.typing).await;
        let mut clients: Vec<TypingClient> =
            typed.into_iter().map(|it| it.expect("a client does not panic")).collect();
        join_all(clients.iter_mut().map(|client| client.peer.settle())).await;
        for client in &clients {
            assert_eq!(client.peer.rejected, [], "no edit is rejected");
        }
        for (_, note) in &self.boards {
            let on_board: Vec<&mut TypingClient> =
                clients.iter_mut().filter(|it| it.note == *note).collect();
            let head =
                on_board.iter().filter_map(|it| it.peer.machine.position()).max_by_key(|it| it.seq);
            join_all(on_board.into_iter().map(|it| it.peer.catch_up(head))).await;
        }
        TypingResult { clients, boards: self.boards }
    }
}

impl TypingResult {
    /// The number of saved edits.
    #[must_use]
    pub fn saved(&self) -> usize {
        self.clients.iter().map(|client| client.peer.saved.len()).sum()
    }

    /// Checks the stored boards:
    ///
    /// - Every saved edit is in the log, which has no gap and no repeated message.
    /// - Replaying the log gives the stored text, and every client shows it.
    /// - Every typed token is in the text exactly once.
    pub async fn check(&self, store: &dyn ReadStore) {
        for (board, note) in &self.boards {
            let log = Log::read(store, *board, *note).await;
            for client in self.clients.iter().filter(|it| it.note == *note) {
                log.check_client(client);
                let shown = client.peer.machine.text(*note);
                assert_eq!(shown, log.text, "a client shows the stored text");
            }
        }
    }
}

impl TypingClient {
    /// The first client of a board creates it, the others join by its link.
    async fn join(endpoints: Vec<Endpoint>, board: BoardId, note: NoteId, number: usize) -> Self {
        let mut peer = SyncClient::guest(endpoints, board).await;
        if number.is_multiple_of(CLIENTS_PER_BOARD) {
            peer.submit(Command::CreateBoard { title: "Rig".to_owned() }, None);
            peer.submit(Command::AddLink { role: Role::Editor }, Some(KEY));
            let (text, rank) = (Text::normalise("begin end"), Rank::middle());
            peer.submit(Command::CreateNote { note, text, colour: Colour::Paper, rank }, None);
        } else {
            peer.submit(Command::JoinBoard {}, Some(KEY));
        }
        peer.settle().await;
        assert_eq!(peer.rejected, [], "client {number} joins the board");
        Self { peer, note, number, tokens: Vec::new(), saved: Arc::default() }
    }

    async fn type_until_stopped(
        mut self,
        stopped: watch::Receiver<bool>,
        length: RunLength,
    ) -> Self {
        self.peer.machine.set_presence(Some(self.note));
        let mut next = Instant::now();
        while !*stopped.borrow() {
            self.type_once();
            next += BETWEEN_EDITS[length as usize];
            self.peer.run_until(next).await;
            let saved = u64::try_from(self.peer.saved.len()).unwrap_or(u64::MAX);
            self.saved.store(saved, Ordering::Relaxed);
            sleep_until(next).await;
        }
        self
    }

    fn type_once(&mut self) {
        let round = self.tokens.len();
        let token = format!("<{}.{round}>", self.number);
        let text = self.peer.machine.text(self.note);
        let len = u32::try_from(text.len_utf16()).unwrap_or(0);
        let index = u32::try_from(self.number * 7_919 + round * 104_729).unwrap_or(0) % (len + 1);
        let index = outside_tokens(text.as_str(), index);
        self.peer.insert(self.note, index, &token);
        self.tokens.push(token);
    }
}

/// The next index that is not inside a token.
fn outside_tokens(text: &str, index: u32) -> u32 {
    let index = index as usize;
    let (before, after) = text.split_at(index);
    let is_inside = before.rfind('<') > before.rfind('>');
    let rest = if is_inside { after.find('>').map_or(0, |end| end + 1) } else { 0 };
    u32::try_from(index + rest).unwrap_or(0)
}

struct Log {
    events: BTreeMap<MessageId, Seq>,
    text: Text,
}

impl Log {
    async fn read(store: &dyn ReadStore, board: BoardId, note: NoteId) -> Self {
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
        let text = stored.expect("the note").text;
        assert_eq!(replayed(&events, note), text, "replaying the log gives the stored text");
        Self { events: by_message, text }
    }

    fn check_client(&self, client: &TypingClient) {
        // Everything typed while a client is not served becomes one edit.
        assert!(client.peer.saved.len() >= 5, "the client has typed");
        for (message, position) in &client.peer.saved {
            assert_eq!(
                self.events.get(message),
                Some(&position.seq),
                "every saved edit is in the log"
            );
        }
        for token in &client.tokens {
            let count = self.text.as_str().matches(token).count();
            assert_eq!(count, 1, "{token} occurs once in {}", self.text.as_str());
        }
    }
}

/// A note's text, replayed from its events.
fn replayed(events: &[Event], id: NoteId) -> Text {
    events.iter().fold(Text::default(), |before, event| match &event.change {
        Change::NoteCreated { note, text, .. } if *note == id => text.clone(),
        Change::NoteEdited { note, delta } if *note == id => {
            delta.apply(&before).expect("an edit fits the text before it")
        }
        _ => before,
    })
}
