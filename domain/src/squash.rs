//! Squashing: consecutive edits of one actor become one event over their range, which bounds the log.

use alloc::vec::Vec;

use crate::{ActorId, Change, Delta, Event, NoteId, Op, Position, Seq};

/// A longer pause ends a run, so that a note's history still shows when it was edited.
const PAUSE_MS_MAX: i64 = 10 * 60 * 1_000;
/// The approximate maximum size of a squashed edit, and of its inverse, as JSON: a page of history
/// has many of them.
const RUN_BYTES_MAX: usize = 16 * 1024;
/// The approximate size of an operation as JSON without its text.
const OP_BYTES: usize = 16;

/// Consecutive events, and the one that replaces them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The positions of the replaced events, in order. The new event has the position of the last.
    pub replaced: Vec<Position>,
    /// The new event.
    pub event: Event,
    /// The inverse of the new event.
    pub inverse: Delta,
}

/// The result of [`squash()`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Squashed {
    /// The runs, in order. Events outside of them are unchanged.
    pub runs: Vec<Run>,
    /// The first event of the last run, if events after this part may still extend it.
    pub open: Option<Seq>,
}

/// Squashes a part of a board's log. Each edit comes with its inverse.
///
/// A run consists of edits of one note by one actor, with no other event between them and no long
/// pause. It may include squashed events.
#[must_use]
pub fn squash(log: &[(Event, Option<Delta>)]) -> Squashed {
    let mut squashed = Squashed::default();
    let mut rest = log;
    while let Some((first, after)) = rest.split_first() {
        let Some(mut run) = Run::start(first) else {
            squashed.open = None;
            rest = after;
            continue;
        };
        let appended = after.iter().take_while(|next| run.append(next)).count();
        rest = after.get(appended..).unwrap_or_default();
        squashed.open = Some(run.event.from);
        squashed.runs.extend((appended > 0).then_some(run));
    }
    squashed
}

impl Run {
    fn start((event, inverse): &(Event, Option<Delta>)) -> Option<Self> {
        edit(event)?;
        let (event, inverse) = (event.clone(), inverse.clone()?);
        Some(Self { replaced: [event.position()].into(), event, inverse })
    }

    /// Appends the next event; false if it does not belong to the run.
    fn append(&mut self, (next, inverse): &(Event, Option<Delta>)) -> bool {
        let Some((delta, inverse)) = self.composed(next, inverse.as_ref()) else { return false };
        let Some((_, note, _)) = edit(next) else { return false };
        let change = Change::NoteEdited { note, delta };
        self.event = Event { from: self.event.from, change, ..next.clone() };
        self.inverse = inverse;
        self.replaced.push(next.position());
        true
    }

    /// The composition of the run and the next event, and its inverse.
    fn composed(&self, next: &Event, inverse: Option<&Delta>) -> Option<(Delta, Delta)> {
        let (actor, note, delta) = edit(&self.event)?;
        let (next_actor, next_note, next_delta) = edit(next)?;
        let follows = self.event.board == next.board && next.from == self.event.seq.next();
        let pause = next.at.0.saturating_sub(self.event.at.0);
        if !follows || (actor, note) != (next_actor, next_note) || pause > PAUSE_MS_MAX {
            return None;
        }
        let delta = delta.compose(next_delta).ok()?;
        let inverse = inverse?.compose(&self.inverse).ok()?;
        (is_small(&delta) && is_small(&inverse)).then_some((delta, inverse))
    }

    /// Whether these events (`from` and position of each) are exactly those that the run replaces.
    #[must_use]
    pub fn is_made_of(&self, found: &[(Seq, Position)]) -> bool {
        let mut next = self.event.from;
        found.len() == self.replaced.len()
            && found.iter().zip(&self.replaced).all(|((from, found), replaced)| {
                let is_next = *from == next && found == replaced;
                next = found.seq.next();
                is_next
            })
    }
}

fn edit(event: &Event) -> Option<(ActorId, NoteId, &Delta)> {
    match &event.change {
        Change::NoteEdited { note, delta } => Some((event.actor.id, *note, delta)),
        _ => None,
    }
}

fn is_small(delta: &Delta) -> bool {
    let bytes = |op: &Op| match op {
        Op::Insert(text) => OP_BYTES.saturating_add(text.len()),
        Op::Retain(_) | Op::Delete(_) => OP_BYTES,
    };
    delta.ops().iter().map(bytes).sum::<usize>() <= RUN_BYTES_MAX
}
