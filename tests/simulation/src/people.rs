//! Who is at a board, as its people know it and as they see it of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use sockbit_domain::{ActorId, BoardId, NoteId};

use crate::locked;
use crate::seat::Seat;

type Seats = [Arc<Mutex<Seat>>];
/// People, each with the notes that they are in.
type Places = BTreeMap<ActorId, BTreeSet<NoteId>>;

/// Whether each sees all others at its board, in the notes that they are in, and nobody else.
pub(crate) fn everybody_sees_the_others(seats: &Seats) -> bool {
    seats.iter().all(|seat| {
        let (board, me, seen) = {
            let seat = locked(seat);
            (seat.board, seat.actor.id, seen(&seat))
        };
        let mut others = places(seats, board);
        others.remove(&me);
        others == seen
    })
}

/// Where everybody is, and whom they see.
pub(crate) fn who_sees_whom(seats: &Seats) -> String {
    let state = |seat: &Arc<Mutex<Seat>>| {
        let seat = locked(seat);
        format!("seat {} in {:?} sees {:?}", seat.number, seat.place, seen(&seat))
    };
    seats.iter().map(state).collect::<Vec<_>>().join("; ")
}

fn places(seats: &Seats, board: BoardId) -> Places {
    let mut places = Places::new();
    for seat in seats {
        let seat = locked(seat);
        if seat.board == board {
            places.entry(seat.actor.id).or_default().extend(seat.place);
        }
    }
    places
}

fn seen(seat: &Seat) -> Places {
    let people = seat.machine.people().into_iter();
    people.map(|it| (it.actor.id, it.notes.into_iter().collect())).collect()
}
