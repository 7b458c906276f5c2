//! What must hold at the end of a run.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_application::ports::{ReadStore, SingleReads};
use sockbit_domain::{
    Board, BoardId, Event, Fact, Limits, MessageId, Note, NoteId, NoteState, Outcome, Position,
    Seq, Title,
};
use sockbit_memory::MemoryStore;

use crate::database::now_or_panic;
use crate::observations::Observations;
use crate::simulated_client::SimulatedClient;
use crate::typed_tokens::{TokenOrigin, TypedTokens, inserted};

/// Everything that the checks look at.
pub(crate) struct FinalState<'a> {
    pub store: &'a MemoryStore,
    pub boards: &'a [BoardId],
    pub clients: &'a [&'a SimulatedClient],
    pub observations: &'a Observations,
    pub typed_tokens: &'a TypedTokens,
    pub limits: &'a Limits,
}

/// One board as the store holds it.
struct StoredBoard {
    board: BoardId,
    log: Vec<Event>,
    title: Title,
    notes: Vec<Note>,
}

impl FinalState<'_> {
    /// All clients agree, everything saved is in the log exactly once, and no typed token is lost.
    pub fn result(&self) -> Result<(), String> {
        let mut stored = Vec::new();
        for board in self.boards {
            stored.push(self.stored(*board)?);
        }
        for board in &stored {
            ranges_cover_everything(&board.log)?;
            if replayed(&board.log)? != board.notes {
                return Err("the replayed log differs from the stored notes".into());
            }
            self.limits_hold(board)?;
            for client in self.clients.iter().filter(|it| it.board == board.board) {
                check_client(client, board)
                    .map_err(|fault| format!("client {}: {fault}", client.number))?;
            }
            self.tokens_have_their_authors(&board.log)?;
        }
        self.outcomes_match_the_log(&stored)?;
        self.no_token_is_lost_or_repeated(&stored)
    }

    fn stored(&self, board: BoardId) -> Result<StoredBoard, String> {
        let log = now_or_panic(self.store.events(board, Seq(0), usize::MAX));
        let page = now_or_panic(self.store.notes(board, None, usize::MAX));
        let page = page.map_err(|error| error.to_string())?.ok_or("the board is missing")?;
        let log = log.map_err(|error| error.to_string())?;
        Ok(StoredBoard { board, log, title: page.title, notes: page.notes })
    }

    fn limits_hold(&self, board: &StoredBoard) -> Result<(), String> {
        let longest = board.notes.iter().map(|it| it.text.as_str().len()).max().unwrap_or(0);
        let count = u32::try_from(board.notes.len()).unwrap_or(u32::MAX);
        if longest > self.limits.note_bytes_max || count > self.limits.notes_max {
            return Err(format!("{count} notes of up to {longest} bytes exceed {:?}", self.limits));
        }
        Ok(())
    }

    /// Each command with an outcome made exactly the event that its outcome names, or none.
    fn outcomes_match_the_log(&self, stored: &[StoredBoard]) -> Result<(), String> {
        let mut found: BTreeMap<MessageId, Vec<&Event>> = BTreeMap::new();
        for event in stored.iter().flat_map(|it| &it.log) {
            found.entry(event.message).or_default().push(event);
        }
        if let Some((message, _)) = found.iter().find(|(_, events)| events.len() > 1) {
            return Err(format!("{message} has more than one event"));
        }
        for (message, outcome) in self.observations.outcomes_received() {
            let event = found.get(message).and_then(|events| events.first());
            let is_so = match outcome {
                Outcome::Saved { position } => {
                    event.is_some_and(|it| it.position() == *position)
                        || self.observations.is_gone(position.event)
                        || self.is_inside_a_range(*position, stored)
                }
                Outcome::Unchanged { .. } | Outcome::Rejected(_) => event.is_none(),
            };
            // A restore may have undone what came after the backup.
            let is_undone = event.is_none() && self.observations.counts.restores > 0;
            if !is_so && !is_undone {
                return Err(format!("{message} has the outcome {outcome:?}, but made {event:?}"));
            }
        }
        Ok(())
    }

    /// Whether an event was squashed into one that covers its position.
    fn is_inside_a_range(&self, position: Position, stored: &[StoredBoard]) -> bool {
        let into = self.observations.squashed_into(position.event);
        let mut log = stored.iter().flat_map(|it| &it.log);
        log.any(|it| Some(it.id) == into && it.from <= position.seq && position.seq < it.seq)
    }

    fn tokens_have_their_authors(&self, log: &[Event]) -> Result<(), String> {
        for event in log {
            for token in inserted(event) {
                if self.typed_tokens.author(token) != Some(event.actor.id) {
                    return Err(format!("{token:?} was sent by {:?}", event.actor.id));
                }
            }
        }
        Ok(())
    }

    fn no_token_is_lost_or_repeated(&self, stored: &[StoredBoard]) -> Result<(), String> {
        let notes = stored.iter().flat_map(|it| &it.notes);
        let texts: BTreeMap<NoteId, &str> = notes.map(|it| (it.id, it.text.as_str())).collect();
        let log = stored.iter().flat_map(|it| &it.log);
        let logged: BTreeSet<char> = log.flat_map(inserted).collect();
        for (token, origin) in self.typed_tokens.iter() {
            let here = texts.get(&origin.note).map(|text| count(text, token));
            let everywhere: usize = texts.values().map(|text| count(text, token)).sum();
            if everywhere > here.unwrap_or(0) || everywhere > 1 {
                return Err(format!("{token:?} of {origin:?} occurs {everywhere} times"));
            }
            let may_be_gone = self.typed_tokens.may_be_missing(token)
                || here == Some(1)
                || self.is_draft(token, origin)
                || (here.is_none() && logged.contains(&token))
                || self.observations.is_gone_token(token);
            if !may_be_gone {
                return Err(format!("{token:?} of {origin:?} was lost"));
            }
        }
        Ok(())
    }

    fn is_draft(&self, token: char, origin: TokenOrigin) -> bool {
        let Some(client) = self.clients.iter().find(|it| it.number == origin.client) else {
            return false;
        };
        let drafts = client.machine.drafts();
        drafts.iter().any(|draft| count(draft.text.as_str(), token) > 0)
            || count(&client.dismissed, token) > 0
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

/// The notes that the log leads to, without those deleted permanently.
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

fn check_client(client: &SimulatedClient, stored: &StoredBoard) -> Result<(), String> {
    let machine = &client.machine;
    if machine.title() != stored.title.as_str() {
        return Err(format!("the title is {:?}, shown {:?}", stored.title, machine.title()));
    }
    let mut shown = machine.notes();
    if shown.windows(2).any(|pair| (&pair[0].rank, pair[0].id) >= (&pair[1].rank, pair[1].id)) {
        return Err("the notes are not in order".to_owned());
    }
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
