//! What keeps a log bounded: edits that one person made in one go become one event, which names its
//! range.

use alloc::vec::Vec;

use crate::{ActorId, Change, Delta, Event, NoteId, Op, Position, Seq};

/// A longer pause ends a run, so that a note's history stays a history of sittings.
const PAUSE_MS_MAX: i64 = 10 * 60 * 1_000;
/// What a squashed edit, and what takes it back, may take as JSON, more or less: a page of history
/// has many of them.
const RUN_BYTES_MAX: usize = 16 * 1024;
/// What a step takes besides its text, more or less.
const STEP_BYTES: usize = 16;

/// Events in a row, and the one that stands for them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Where those stand that it replaces, in order; it has the place and the id of the last.
    pub replaced: Vec<Position>,
    /// What they did together.
    pub event: Event,
    /// What takes all of it back.
    pub inverse: Delta,
}

/// What can be made of a part of a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Squashed {
    /// In order. What stands in none of them stays as it is.
    pub runs: Vec<Run>,
    /// Where the edits at the end of the part begin, which those after it may join.
    pub open: Option<Seq>,
}

/// Squashes a part of a board's log, in which each edit comes with its inverse.
///
/// A run is edits of one note by one person, with nothing between them and no long pause. What was
/// squashed before may become part of a longer run.
#[must_use]
pub fn squash(log: &[(Event, Option<Delta>)]) -> Squashed {
    let mut squashed = Squashed::default();
    let mut rest = log;
    while let Some((first, after)) = rest.split_first() {
        let Some(mut run) = Run::begun(first) else {
            squashed.open = None;
            rest = after;
            continue;
        };
        let joined = after.iter().take_while(|next| run.join(next)).count();
        rest = after.get(joined..).unwrap_or_default();
        squashed.open = Some(run.event.from);
        squashed.runs.extend((joined > 0).then_some(run));
    }
    squashed
}

impl Run {
    fn begun((event, inverse): &(Event, Option<Delta>)) -> Option<Self> {
        edit(event)?;
        let (event, inverse) = (event.clone(), inverse.clone()?);
        Some(Self { replaced: [event.position()].into(), event, inverse })
    }

    /// Takes in what follows, if it belongs to the run.
    fn join(&mut self, (next, inverse): &(Event, Option<Delta>)) -> bool {
        let Some((delta, inverse)) = self.with(next, inverse.as_ref()) else { return false };
        let Some((_, note, _)) = edit(next) else { return false };
        let change = Change::NoteEdited { note, delta };
        self.event = Event { from: self.event.from, change, ..next.clone() };
        self.inverse = inverse;
        self.replaced.push(next.position());
        true
    }

    /// What both do, and what takes both back.
    fn with(&self, next: &Event, inverse: Option<&Delta>) -> Option<(Delta, Delta)> {
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

    /// Whether these events, each with the number of the first that it stands for, are the very ones
    /// that it was made of.
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
        Op::Insert(text) => STEP_BYTES.saturating_add(text.len()),
        Op::Retain(_) | Op::Delete(_) => STEP_BYTES,
    };
    delta.ops().iter().map(bytes).sum::<usize>() <= RUN_BYTES_MAX
}
