//! Who is here: what clients are shown, and what gateways tell each other.

mod between_gateways;
mod to_clients;

use sockbit_domain::NoteId;
use sockbit_domain::wire::PersonPresence;
use tokio::time::{advance, sleep};

use super::*;
use crate::envelope::BoardPresence;
use crate::testing::{board_id, position};

const BOARD: u64 = 1;
const MOMENT: Duration = Duration::from_millis(250);

fn house() -> House {
    Surroundings::answering(|_| admitted(position(1))).house()
}

fn note(n: u64) -> NoteId {
    NoteId(uuid(n))
}

fn here(note: Option<NoteId>) -> ClientMessage {
    ClientMessage::Presence { board: board_id(BOARD), note }
}

fn leave() -> ClientMessage {
    ClientMessage::Leave { board: board_id(BOARD) }
}

/// Another gateway tells who is at the board with it.
fn told_by(gateway: u64, people: Vec<PersonPresence>) -> PresenceUpdate {
    let board = board_id(BOARD);
    let boards = vec![BoardPresence { board, people, more: 0, asks: false }];
    PresenceUpdate { gateway: uuid(gateway), slot: Slot::of(board), boards }
}

fn person_here(n: u64, notes: &[u64]) -> PersonPresence {
    PersonPresence { actor: person(n), notes: notes.iter().copied().map(note).collect() }
}

/// What a client is shown: people by number, each with the notes that they are in.
type Shown = Vec<(u64, Vec<u64>)>;

fn shown(message: ServerMessage) -> Option<Shown> {
    let ServerMessage::Presence { people, .. } = message else { return None };
    let number = |id: Uuid| id.as_u64_pair().1;
    let notes = |it: &PersonPresence| it.notes.iter().map(|note| number(note.0)).collect();
    Some(people.iter().map(|it| (number(it.actor.id.0), notes(it))).collect())
}

impl House {
    /// Somebody who has joined the board from its last event on.
    async fn member(&self, n: u64) -> Client {
        let mut client = self.client(n);
        client.say(join(board_id(BOARD), Some(position(1)))).await;
        client.hears_the_welcome().await;
        assert!(matches!(client.hear().await, ServerMessage::Joined { .. }));
        client
    }

    async fn member_in(&self, n: u64, note: Option<NoteId>) -> Client {
        let client = self.member(n).await;
        client.say(here(note)).await;
        client
    }

    /// What was told of the board since the last time, as people by number.
    async fn tells(&mut self) -> Vec<BoardPresence> {
        sleep(MOMENT).await;
        let told = std::iter::from_fn(|| self.told.try_recv().ok());
        told.flat_map(|it| it.boards).collect()
    }
}

impl Client {
    /// Everything that it is shown of people within a time.
    async fn is_shown(&mut self, within: Duration) -> Vec<Shown> {
        let end = Instant::now() + within;
        let mut all = Vec::new();
        loop {
            let heard = std::mem::take(&mut self.heard);
            all.extend(heard.iter().filter_map(|it| shown(decode(it))));
            match tokio::time::timeout_at(end, self.session.next()).await {
                Ok(SessionOutput::Messages(messages)) => self.heard.extend(messages),
                Ok(other) => panic!("the session ended: {other:?}"),
                Err(_) => return all,
            }
        }
    }

    /// What it shows once everything has come.
    async fn sees(&mut self) -> Option<Shown> {
        self.is_shown(MOMENT).await.pop()
    }
}
