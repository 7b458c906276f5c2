//! Pages of a board's log.

use sockbit_domain::{BoardId, Event, Position};

use crate::bus_messages::{AnnouncedEvent, Announcement};
use crate::slot::Slot;
use crate::trace_id::TraceId;

/// A page of the log after `after`, in the form of an announcement.
pub(super) fn announcement(board: BoardId, after: Position, page: Vec<Event>) -> Announcement {
    let mut previous = after;
    let announced = |event: Event| {
        let before = std::mem::replace(&mut previous, event.position());
        let follows = (before.seq.next() == event.from).then_some(before.event);
        AnnouncedEvent { trace: TraceId::default(), follows, event }
    };
    Announcement { slot: Slot::of(board), events: page.into_iter().map(announced).collect() }
}
