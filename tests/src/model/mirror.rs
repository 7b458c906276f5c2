//! A view that knows only what the machine told it by its changes. It must always show the same.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_client::{BoardClient, JoinState, NoteView, SaveState, SaveStatus, ViewChange};
use sockbit_domain::wire::PersonPresence;
use sockbit_domain::{Delta, NoteId, Role, Text};
use uuid::Uuid;

use super::words::{Words, is_token};

#[derive(Default)]
pub(super) struct Mirror {
    cards: BTreeMap<NoteId, Card>,
    frame: Option<(String, Option<Role>, JoinState)>,
    people: Vec<PersonPresence>,
    drafts: BTreeSet<Uuid>,
    /// What was typed in and not flushed since.
    typed: BTreeSet<NoteId>,
    /// The texts of all drafts that were ever told.
    draft_texts: String,
}

struct Card {
    view: NoteView,
    save_status: SaveStatus,
    text: Text,
}

impl Mirror {
    /// A page that was opened just now.
    pub fn of(machine: &BoardClient) -> Self {
        let mut mirror = Self::default();
        mirror.read_anew(machine);
        let kept = machine.unsent_state().into_iter().flat_map(|saved| saved.notes);
        mirror.typed = kept.map(|kept| kept.note).collect();
        mirror
    }

    /// The person typed in the view.
    pub fn typed(&mut self, note: NoteId, delta: &Delta) -> Result<(), String> {
        self.typed.insert(note);
        self.change_text(note, delta)
    }

    pub fn flushed(&mut self, note: NoteId) {
        self.typed.remove(&note);
    }

    fn change_text(&mut self, note: NoteId, delta: &Delta) -> Result<(), String> {
        let card = self.cards.get_mut(&note).ok_or("typed in a note that is not shown")?;
        card.text = delta.apply(&card.text).map_err(|error| error.to_string())?;
        Ok(())
    }

    pub fn dismissed(&mut self, draft: Uuid) {
        self.drafts.remove(&draft);
    }

    /// Shows what is different.
    pub fn show(&mut self, change: ViewChange, machine: &BoardClient) -> Result<(), String> {
        match change {
            ViewChange::Text { note, delta } => self.change_text(note, &delta)?,
            ViewChange::Note { note } => {
                let view = machine.view(note).ok_or("a change of a note that is not there")?;
                let card =
                    self.cards.get_mut(&note).ok_or("a change of a note that is not shown")?;
                (card.view, card.save_status) = (view, machine.save_status(note));
            }
            ViewChange::Added { note } => {
                if self.cards.contains_key(&note) {
                    return Err("a note was added that is shown already".into());
                }
                self.read_note(machine, note)?;
            }
            ViewChange::Removed { note } => {
                self.cards.remove(&note).ok_or("a note was removed that is not shown")?;
            }
            ViewChange::Board => self.frame = Some(frame(machine)),
            ViewChange::People => self.people = machine.people(),
            ViewChange::Draft { draft } => {
                self.drafts.insert(draft.id);
                self.draft_texts += draft.text.as_str();
            }
            ViewChange::Notice { .. } => {}
            ViewChange::Reset => self.read_anew(machine),
        }
        Ok(())
    }

    /// Whether the machine shows the same.
    pub fn check(&self, machine: &BoardClient) -> Result<(), String> {
        let notes = machine.notes();
        if notes.len() != self.cards.len() {
            return Err(format!("{} notes, {} shown", notes.len(), self.cards.len()));
        }
        for view in notes {
            let card = self.cards.get(&view.id).ok_or("a note is not shown")?;
            let same = card.view == view
                && card.save_status == machine.save_status(view.id)
                && card.text == machine.text(view.id);
            if !same {
                return Err(format!(
                    "note {}: shown {:?} {:?} {:?}, but it is {:?} {:?} {:?}",
                    view.id,
                    card.text.as_str(),
                    card.view,
                    card.save_status,
                    machine.text(view.id).as_str(),
                    view,
                    machine.save_status(view.id)
                ));
            }
        }
        if let Some(note) = self.cards.values().find(|card| self.is_forgotten(card)) {
            return Err(format!("note {} was flushed, and that was forgotten", note.view.id));
        }
        if self.frame.as_ref() != Some(&frame(machine)) {
            return Err(format!("the frame is {:?}, shown {:?}", frame(machine), self.frame));
        }
        if self.people != machine.people() {
            return Err(format!("{:?} are here, shown {:?}", machine.people(), self.people));
        }
        let drafts: BTreeSet<Uuid> = machine.drafts().iter().map(|draft| draft.id).collect();
        if drafts != self.drafts {
            return Err(format!("drafts are {drafts:?}, shown {:?}", self.drafts));
        }
        Ok(())
    }

    /// The tokens in each note, as they are seen.
    pub fn seen(&self) -> BTreeMap<NoteId, Vec<char>> {
        let tokens = |card: &Card| card.text.as_str().chars().filter(|it| is_token(*it)).collect();
        self.cards.iter().map(|(note, card)| (*note, tokens(card))).collect()
    }

    /// Nothing vanishes from before anybody's eyes unless somebody deleted it or it became a
    /// draft, and nothing is ever there twice.
    pub fn check_words(
        &self,
        before: &BTreeMap<NoteId, Vec<char>>,
        words: &Words,
    ) -> Result<(), String> {
        for (note, mut tokens) in self.seen() {
            let was = before.get(&note).map_or(&[][..], |tokens| tokens);
            let mut gone = was.iter().filter(|it| !tokens.contains(it));
            if let Some(token) = gone.find(|it| !words.is_covered(**it) && !self.is_in_draft(**it))
            {
                return Err(format!("{token:?} vanished from note {note} while it was seen"));
            }
            tokens.sort_unstable();
            if tokens.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(format!("a word is twice in note {note}"));
            }
        }
        Ok(())
    }

    /// What may be sent stays on its way until it has an outcome.
    fn is_forgotten(&self, card: &Card) -> bool {
        card.save_status.state == SaveState::Editing && !self.typed.contains(&card.view.id)
    }

    fn is_in_draft(&self, token: char) -> bool {
        self.draft_texts.contains(token)
    }

    fn read_anew(&mut self, machine: &BoardClient) {
        self.cards.clear();
        for note in machine.notes() {
            let (save_status, text) = (machine.save_status(note.id), machine.text(note.id));
            self.cards.insert(note.id, Card { view: note, save_status, text });
        }
        self.frame = Some(frame(machine));
        self.drafts = machine.drafts().iter().map(|draft| draft.id).collect();
    }

    fn read_note(&mut self, machine: &BoardClient, note: NoteId) -> Result<(), String> {
        let view = machine.view(note).ok_or("a note was added that is not there")?;
        let (save_status, text) = (machine.save_status(note), machine.text(note));
        self.cards.insert(note, Card { view, save_status, text });
        Ok(())
    }
}

fn frame(machine: &BoardClient) -> (String, Option<Role>, JoinState) {
    (machine.title().to_owned(), machine.role(), machine.join_state())
}
