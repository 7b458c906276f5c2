//! What must be true in the end.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::{
    Board, Change, Event, Fact, MessageId, Note, NoteId, NoteState, Op, Outcome, Seq,
};

use super::seat::Seat;
use super::words::{Token, is_token};
use super::world::World;

/// Everybody agrees, everything saved is in the log once, and every word is somewhere.
pub(super) fn verdict(world: &World) -> Result<(), String> {
    let log = world.server.events(Seq(0));
    let (title, stored) = world.server.stored()?;
    ranges_cover_everything(&log)?;
    if replayed(&log)? != stored {
        return Err("the log replays to something else than what is stored".into());
    }
    for (number, seat) in world.seats.iter().enumerate() {
        shows(seat, title.as_str(), &stored).map_err(|fault| format!("seat {number}: {fault}"))?;
    }
    saved_is_in_the_log(world, &log)?;
    everybody_wrote_what_is_theirs(world, &log)?;
    every_word_is_somewhere(world, &log, &stored)
}

fn ranges_cover_everything(log: &[Event]) -> Result<(), String> {
    let mut next = Seq(1);
    for event in log {
        if event.from != next || event.seq < event.from {
            return Err(format!("{next} is followed by {}..{}", event.from, event.seq));
        }
        next = event.seq.next();
    }
    Ok(())
}

/// The notes that the log makes, without those deleted for good.
fn replayed(log: &[Event]) -> Result<Vec<Note>, String> {
    let mut board: Option<Board> = None;
    for event in log {
        let fact = Fact { event: event.clone(), inverse: None, key: None };
        match &mut board {
            Some(board) => board.apply(&fact).map_err(|error| error.to_string())?,
            None => board = Board::created(event),
        }
    }
    let notes = board.ok_or("the log is empty")?.notes.into_values();
    Ok(notes.filter(|note| note.state != NoteState::Deleted).collect())
}

fn shows(seat: &Seat, title: &str, stored: &[Note]) -> Result<(), String> {
    let machine = &seat.machine;
    if machine.title() != title {
        return Err(format!("the title is {title:?}, shown {:?}", machine.title()));
    }
    let mut shown = machine.notes();
    if shown.windows(2).any(|pair| (&pair[0].rank, pair[0].id) >= (&pair[1].rank, pair[1].id)) {
        return Err("the notes are not in order".into());
    }
    shown.sort_by_key(|note| note.id);
    if shown.len() != stored.len() {
        return Err(format!("{} notes are stored, {} shown", stored.len(), shown.len()));
    }
    for (view, note) in shown.iter().zip(stored) {
        let text = machine.text(view.id);
        let same = view.id == note.id
            && text == note.text
            && (view.colour, &view.rank, view.state) == (note.colour, &note.rank, note.state)
            && (view.seq, view.edited_at) == (note.seq, note.edited_at)
            && view.edited_by.as_ref() == Some(&note.edited_by);
        if !same || view.is_new {
            return Err(format!("{note:?} is stored, but {view:?} {:?} shown", text.as_str()));
        }
    }
    Ok(())
}

/// Each command with the outcome 'saved' made exactly one event, where the outcome says.
fn saved_is_in_the_log(world: &World, log: &[Event]) -> Result<(), String> {
    let mut positions: BTreeMap<MessageId, Vec<Seq>> = BTreeMap::new();
    for event in log {
        positions.entry(event.message).or_default().push(event.seq);
    }
    let squashed = |seq: Seq| log.iter().any(|event| event.from <= seq && seq < event.seq);
    for (message, outcome) in &world.server.outcomes {
        let found = positions.remove(message).unwrap_or_default();
        let expected = match outcome {
            Outcome::Saved { position } if squashed(position.seq) => vec![],
            Outcome::Saved { position } => vec![position.seq],
            Outcome::Unchanged { .. } | Outcome::Rejected(_) => vec![],
        };
        if found != expected {
            return Err(format!("{message} has {outcome:?}, but is in the log at {found:?}"));
        }
    }
    if !positions.is_empty() {
        return Err(format!("events without outcome: {positions:?}"));
    }
    Ok(())
}

/// Nothing was sent under another identity than the one that it was typed under.
fn everybody_wrote_what_is_theirs(world: &World, log: &[Event]) -> Result<(), String> {
    for event in log {
        for token in inserted(event) {
            if world.words.typist(token) != Some(event.actor.id) {
                return Err(format!("{token:?} was sent by {:?}", event.actor.id));
            }
        }
    }
    Ok(())
}

fn every_word_is_somewhere(world: &World, log: &[Event], stored: &[Note]) -> Result<(), String> {
    let texts: BTreeMap<NoteId, &str> =
        stored.iter().map(|note| (note.id, note.text.as_str())).collect();
    let logged: BTreeSet<char> = log.iter().flat_map(inserted).collect();
    for (token, place) in world.words.iter() {
        let here = texts.get(&place.note).map(|text| count(text, token));
        let everywhere: usize = texts.values().map(|text| count(text, token)).sum();
        if everywhere > here.unwrap_or(0) || everywhere > 1 {
            return Err(format!("{token:?} of {place:?} is there {everywhere} times"));
        }
        let may_be_gone = world.words.is_covered(token)
            || here == Some(1)
            || is_draft(world, token, place)
            || (here.is_none() && logged.contains(&token));
        if !may_be_gone {
            return Err(format!("{token:?} of {place:?} was lost"));
        }
    }
    Ok(())
}

fn is_draft(world: &World, token: char, place: Token) -> bool {
    let seat = &world.seats[place.seat];
    let kept = seat.machine.drafts().iter().any(|draft| count(draft.text.as_str(), token) > 0);
    kept || count(&seat.dismissed, token) > 0
}

fn count(text: &str, token: char) -> usize {
    text.chars().filter(|it| *it == token).count()
}

fn inserted(event: &Event) -> Vec<char> {
    let texts: Vec<&str> = match &event.change {
        Change::NoteCreated { text, .. } => vec![text.as_str()],
        Change::NoteEdited { delta, .. } => delta.ops().iter().filter_map(insert).collect(),
        _ => Vec::new(),
    };
    texts.into_iter().flat_map(str::chars).filter(|it| is_token(*it)).collect()
}

fn insert(op: &Op) -> Option<&str> {
    match op {
        Op::Insert(text) => Some(text),
        _ => None,
    }
}
