//! What must be true in the end.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_application::ports::Store;
use sockbit_domain::{
    Board, BoardId, Event, Fact, MessageId, Note, NoteId, NoteState, Outcome, Position, Seq, Title,
};
use sockbit_memory::MemoryStore;

use crate::evidence::Evidence;
use crate::seat::Seat;
use crate::store::at_once;
use crate::words::{Token, Words, inserted};

/// Everything by which a run is judged.
pub(crate) struct Case<'a> {
    pub store: &'a MemoryStore,
    pub boards: &'a [BoardId],
    pub seats: &'a [&'a Seat],
    pub evidence: &'a Evidence,
    pub words: &'a Words,
}

/// One board as the store has it.
struct Stored {
    board: BoardId,
    log: Vec<Event>,
    title: Title,
    notes: Vec<Note>,
}

impl Case<'_> {
    /// Everybody agrees, everything saved is in the log once, and every word is somewhere.
    pub fn verdict(&self) -> Result<(), String> {
        let mut stored = Vec::new();
        for board in self.boards {
            stored.push(self.stored(*board)?);
        }
        for board in &stored {
            ranges_cover_everything(&board.log)?;
            if replayed(&board.log)? != board.notes {
                return Err("the log replays to something else than what is stored".into());
            }
            for seat in self.seats.iter().filter(|it| it.board == board.board) {
                shows(seat, board).map_err(|fault| format!("seat {}: {fault}", seat.number))?;
            }
            self.everybody_wrote_what_is_theirs(&board.log)?;
        }
        self.told_is_in_the_log(&stored)?;
        self.every_word_is_somewhere(&stored)
    }

    fn stored(&self, board: BoardId) -> Result<Stored, String> {
        let log = at_once(self.store.events(board, Seq(0), usize::MAX));
        let page = at_once(self.store.notes(board, None, usize::MAX));
        let page = page.map_err(|error| error.to_string())?.ok_or("the board is gone")?;
        let log = log.map_err(|error| error.to_string())?;
        Ok(Stored { board, log, title: page.title, notes: page.notes })
    }

    /// Each command of which a client was told made exactly the event that it was told of, or none.
    fn told_is_in_the_log(&self, stored: &[Stored]) -> Result<(), String> {
        let mut found: BTreeMap<MessageId, Vec<&Event>> = BTreeMap::new();
        for event in stored.iter().flat_map(|it| &it.log) {
            found.entry(event.message).or_default().push(event);
        }
        if let Some((message, _)) = found.iter().find(|(_, events)| events.len() > 1) {
            return Err(format!("{message} had more than one effect"));
        }
        for (message, outcome) in self.evidence.told() {
            let event = found.get(message).and_then(|events| events.first());
            let is_so = match outcome {
                Outcome::Saved { position } => {
                    event.is_some_and(|it| it.position() == *position)
                        || self.evidence.is_gone(position.event)
                        || self.is_inside_a_range(*position, stored)
                }
                Outcome::Unchanged { .. } | Outcome::Rejected(_) => event.is_none(),
            };
            // What came after a backup may be undone by it.
            let is_undone = event.is_none() && self.evidence.counts.restores > 0;
            if !is_so && !is_undone {
                return Err(format!("{message} was told to be {outcome:?}, but is {event:?}"));
            }
        }
        Ok(())
    }

    /// Whether an event was squashed, and what it was squashed into stands for it.
    fn is_inside_a_range(&self, position: Position, stored: &[Stored]) -> bool {
        let into = self.evidence.squashed_into(position.event);
        let mut log = stored.iter().flat_map(|it| &it.log);
        log.any(|it| Some(it.id) == into && it.from <= position.seq && position.seq < it.seq)
    }

    fn everybody_wrote_what_is_theirs(&self, log: &[Event]) -> Result<(), String> {
        for event in log {
            for token in inserted(event) {
                if self.words.typist(token) != Some(event.actor.id) {
                    return Err(format!("{token:?} was sent by {:?}", event.actor.id));
                }
            }
        }
        Ok(())
    }

    fn every_word_is_somewhere(&self, stored: &[Stored]) -> Result<(), String> {
        let notes = stored.iter().flat_map(|it| &it.notes);
        let texts: BTreeMap<NoteId, &str> = notes.map(|it| (it.id, it.text.as_str())).collect();
        let log = stored.iter().flat_map(|it| &it.log);
        let logged: BTreeSet<char> = log.flat_map(inserted).collect();
        for (token, place) in self.words.iter() {
            let here = texts.get(&place.note).map(|text| count(text, token));
            let everywhere: usize = texts.values().map(|text| count(text, token)).sum();
            if everywhere > here.unwrap_or(0) || everywhere > 1 {
                return Err(format!("{token:?} of {place:?} is there {everywhere} times"));
            }
            let may_be_gone = self.words.is_covered(token)
                || here == Some(1)
                || self.is_draft(token, place)
                || (here.is_none() && logged.contains(&token))
                || self.evidence.is_gone_token(token);
            if !may_be_gone {
                return Err(format!("{token:?} of {place:?} was lost"));
            }
        }
        Ok(())
    }

    fn is_draft(&self, token: char, place: Token) -> bool {
        let Some(seat) = self.seats.iter().find(|it| it.number == place.seat) else {
            return false;
        };
        let drafts = seat.machine.drafts();
        drafts.iter().any(|draft| count(draft.text.as_str(), token) > 0)
            || count(&seat.dismissed, token) > 0
    }
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

fn shows(seat: &Seat, stored: &Stored) -> Result<(), String> {
    let machine = &seat.machine;
    if machine.title() != stored.title.as_str() {
        return Err(format!("the title is {:?}, shown {:?}", stored.title, machine.title()));
    }
    let mut shown = machine.notes();
    shown.sort_by_key(|note| note.id);
    if shown.len() != stored.notes.len() {
        return Err(format!("{} notes are stored, {} shown", stored.notes.len(), shown.len()));
    }
    for (view, note) in shown.iter().zip(&stored.notes) {
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

fn count(text: &str, token: char) -> usize {
    text.chars().filter(|it| *it == token).count()
}
