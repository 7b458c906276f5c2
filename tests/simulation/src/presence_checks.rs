//! Whether clients see who is present, and in which notes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use sockbit_application::mutex::locked;
use sockbit_domain::{ActorId, BoardId, NoteId};

use crate::simulated_client::SimulatedClient;

type Clients = [Arc<Mutex<SimulatedClient>>];
/// Users, each with the notes that they are in.
type NotesByActor = BTreeMap<ActorId, BTreeSet<NoteId>>;

/// Whether each client sees exactly the other users of its board, in the notes that they are in.
pub(crate) fn presences_are_complete(clients: &Clients) -> bool {
    clients.iter().all(|client| {
        let (board, me, seen) = {
            let client = locked(client);
            (client.board, client.actor.id, seen(&client))
        };
        let mut others = notes_by_actor(clients, board);
        others.remove(&me);
        others == seen
    })
}

/// Which note each client is in, and which users it sees.
pub(crate) fn describe_presences(clients: &Clients) -> String {
    let state = |client: &Arc<Mutex<SimulatedClient>>| {
        let client = locked(client);
        format!("client {} in {:?} sees {:?}", client.number, client.location, seen(&client))
    };
    clients.iter().map(state).collect::<Vec<_>>().join("; ")
}

fn notes_by_actor(clients: &Clients, board: BoardId) -> NotesByActor {
    let mut notes = NotesByActor::new();
    for client in clients {
        let client = locked(client);
        if client.board == board {
            notes.entry(client.actor.id).or_default().extend(client.location);
        }
    }
    notes
}

fn seen(client: &SimulatedClient) -> NotesByActor {
    let people = client.machine.people().into_iter();
    people.map(|it| (it.actor.id, it.notes.into_iter().collect())).collect()
}
