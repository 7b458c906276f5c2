//! Presence: what clients are sent, and what gateways publish to each other.

mod between_gateways;
mod to_clients;

use sockbit_domain::NoteId;
use sockbit_domain::wire::PersonPresence;
use tokio::time::{Instant, advance, sleep};
use uuid::Uuid;

use super::*;
use crate::bus_messages::BoardPresence;
use crate::test_fixtures::{board_id, position};

const BOARD: u64 = 1;
/// Longer than the interval at which presence is processed.
const INTERVAL: Duration = Duration::from_millis(250);

fn start() -> GatewayFixture {
    FixtureBuilder::replying(|_| admitted(position(1))).start()
}

fn note(n: u64) -> NoteId {
    NoteId(uuid(n))
}

fn presence(note: Option<NoteId>) -> ClientMessage {
    ClientMessage::Presence { board: board_id(BOARD), note }
}

fn leave() -> ClientMessage {
    ClientMessage::Leave { board: board_id(BOARD) }
}

/// An update of another gateway.
fn update_of(gateway: u64, people: Vec<PersonPresence>) -> PresenceUpdate {
    let board = board_id(BOARD);
    let boards = vec![BoardPresence { board, people, more: 0, asks: false }];
    PresenceUpdate { gateway: uuid(gateway), slot: Slot::of(board), boards }
}

fn person_here(n: u64, notes: &[u64]) -> PersonPresence {
    PersonPresence { actor: person(n), notes: notes.iter().copied().map(note).collect() }
}

/// The presence that a client was sent: people by number, each with the notes that they are in.
type People = Vec<(u64, Vec<u64>)>;

fn people(message: ServerMessage) -> Option<People> {
    let ServerMessage::Presence { people, .. } = message else { return None };
    let number = |id: Uuid| id.as_u64_pair().1;
    let notes = |it: &PersonPresence| it.notes.iter().map(|note| number(note.0)).collect();
    Some(people.iter().map(|it| (number(it.actor.id.0), notes(it))).collect())
}

impl GatewayFixture {
    /// A client that has joined the board at its head.
    async fn member(&self, n: u64) -> TestClient {
        let mut client = self.client(n);
        client.send(join(board_id(BOARD), Some(position(1)))).await;
        client.receive_welcome().await;
        assert!(matches!(client.receive().await, ServerMessage::Joined { .. }));
        client
    }

    async fn present_member(&self, n: u64, note: Option<NoteId>) -> TestClient {
        let client = self.member(n).await;
        client.send(presence(note)).await;
        client
    }

    /// The updates that were published since the last call.
    async fn published(&mut self) -> Vec<BoardPresence> {
        sleep(INTERVAL).await;
        let updates = std::iter::from_fn(|| self.published_presence.try_recv().ok());
        updates.flat_map(|it| it.boards).collect()
    }
}

impl TestClient {
    /// All presences that it is sent within a time.
    async fn presences(&mut self, within: Duration) -> Vec<People> {
        let end = Instant::now() + within;
        let mut all = Vec::new();
        loop {
            let received = std::mem::take(&mut self.received);
            all.extend(received.iter().filter_map(|it| people(decode(it))));
            match tokio::time::timeout_at(end, self.session.next()).await {
                Ok(TransportOutput::Messages(messages)) => self.received.extend(messages),
                Ok(other) => panic!("the session was closed: {other:?}"),
                Err(_) => return all,
            }
        }
    }

    /// The latest presence, if a new one is sent.
    async fn latest_presence(&mut self) -> Option<People> {
        self.presences(INTERVAL).await.pop()
    }
}
