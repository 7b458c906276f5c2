//! A view that knows a machine's state only by the changes that the machine reports. After each
//! input it must show exactly that state.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_client::{BoardClient, JoinState, NoteView, SaveState, SaveStatus, ViewChange};
use sockbit_domain::wire::PersonPresence;
use sockbit_domain::{Delta, NoteId, Role, Text};
use uuid::Uuid;

use crate::machine_input::MachineInput;
use crate::typed_tokens::tokens;

/// What one page shows.
#[derive(Default)]
pub(crate) struct ShownView {
    notes: BTreeMap<NoteId, ShownNote>,
    header: Option<Header>,
    people: Vec<PersonPresence>,
    drafts: BTreeSet<Uuid>,
    /// Notes that were typed in and not flushed since.
    typed: BTreeSet<NoteId>,
    /// The texts of all drafts that were reported.
    draft_texts: String,
}

/// The tokens in each note, sorted.
type TokensByNote = BTreeMap<NoteId, Vec<char>>;

#[derive(PartialEq, Eq)]
struct ShownNote {
    view: NoteView,
    save_status: SaveStatus,
    text: Text,
}

#[derive(PartialEq, Eq, Debug)]
struct Header {
    title: String,
    role: Option<Role>,
    join_state: JoinState,
}

impl ShownView {
    /// What a page shows that was just opened.
    pub fn of(machine: &BoardClient) -> Self {
        let mut view = Self::default();
        view.read_all(machine);
        let unsent = machine.persisted_state().into_iter().flat_map(|it| it.notes);
        view.typed = unsent.map(|it| it.note).collect();
        view
    }

    /// Shows what the user does, before the machine receives it.
    pub fn show_input(&mut self, input: &MachineInput) -> Result<(), String> {
        match input {
            MachineInput::Edit { note, delta } => {
                self.typed.insert(*note);
                self.change_text(*note, delta)?;
            }
            MachineInput::Flush { note } => {
                self.typed.remove(note);
            }
            MachineInput::DismissDraft { draft } => {
                self.drafts.remove(draft);
            }
            _ => {}
        }
        Ok(())
    }

    /// Shows the changes that a machine reports. Then the view must be the machine's state, and
    /// unless `may_be_missing` is `None`, no other token may be missing and none may be there twice.
    pub fn show_changes(
        &mut self,
        changes: Vec<ViewChange>,
        machine: &BoardClient,
        may_be_missing: Option<impl Fn(char) -> bool>,
    ) -> Result<(), String> {
        let may_be_missing = may_be_missing.filter(|_| changes.iter().any(may_change_texts));
        let checked = may_be_missing.map(|may_be_missing| (self.tokens(), may_be_missing));
        for change in changes {
            self.show(change, machine)?;
        }
        self.compare(machine)?;
        match checked {
            Some((before, may_be_missing)) => self.check_tokens(&before, may_be_missing),
            None => Ok(()),
        }
    }

    fn show(&mut self, change: ViewChange, machine: &BoardClient) -> Result<(), String> {
        match change {
            ViewChange::Text { note, delta } => self.change_text(note, &delta)?,
            ViewChange::Note { note } => {
                let shown = self.notes.get_mut(&note).ok_or("a note changed that is not shown")?;
                shown.view = machine.view(note).ok_or("a note changed that does not exist")?;
                shown.save_status = machine.save_status(note);
            }
            ViewChange::Added { note } => {
                let added = ShownNote::read(machine, note).ok_or("an added note does not exist")?;
                if self.notes.insert(note, added).is_some() {
                    return Err("a note was added that is shown already".into());
                }
            }
            ViewChange::Removed { note } => {
                self.notes.remove(&note).ok_or("a note was removed that is not shown")?;
            }
            ViewChange::Board => self.header = Some(Header::read(machine)),
            ViewChange::People => self.people = machine.people(),
            ViewChange::Draft { draft } => {
                self.drafts.insert(draft.id);
                self.draft_texts += draft.text.as_str();
            }
            ViewChange::Notice { .. } => {}
            ViewChange::Reset => self.read_all(machine),
        }
        Ok(())
    }

    fn change_text(&mut self, note: NoteId, delta: &Delta) -> Result<(), String> {
        let shown = self.notes.get_mut(&note).ok_or("a text changed that is not shown")?;
        shown.text = delta.apply(&shown.text).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn read_all(&mut self, machine: &BoardClient) {
        let notes = machine.notes().into_iter();
        self.notes = notes.map(|it| (it.id, ShownNote::read_rest(machine, it))).collect();
        self.header = Some(Header::read(machine));
        self.drafts = machine.drafts().iter().map(|draft| draft.id).collect();
    }

    fn compare(&self, machine: &BoardClient) -> Result<(), String> {
        let notes = machine.notes();
        if notes.len() != self.notes.len() {
            return Err(format!("{} notes instead of {}", self.notes.len(), notes.len()));
        }
        for view in notes {
            let shown = self.notes.get(&view.id).ok_or("a note is not shown")?;
            self.compare_note(shown, &ShownNote::read_rest(machine, view))?;
        }
        if self.header.as_ref() != Some(&Header::read(machine)) {
            return Err(format!("{:?} instead of {:?}", self.header, Header::read(machine)));
        }
        if self.people != machine.people() {
            return Err(format!("{:?} instead of {:?}", self.people, machine.people()));
        }
        let drafts: BTreeSet<Uuid> = machine.drafts().iter().map(|draft| draft.id).collect();
        if drafts != self.drafts {
            return Err(format!("the drafts {:?} instead of {drafts:?}", self.drafts));
        }
        Ok(())
    }

    fn compare_note(&self, shown: &ShownNote, actual: &ShownNote) -> Result<(), String> {
        let note = shown.view.id;
        if shown != actual {
            let (shown, actual) = (shown.describe(), actual.describe());
            return Err(format!("note {note} as {shown} instead of {actual}"));
        }
        if shown.save_status.state == SaveState::Editing && !self.typed.contains(&note) {
            return Err(format!("note {note} as being edited, although it was flushed"));
        }
        Ok(())
    }

    fn tokens(&self) -> TokensByNote {
        let sorted = |shown: &ShownNote| {
            let mut tokens: Vec<char> = tokens(shown.text.as_str()).collect();
            tokens.sort_unstable();
            tokens
        };
        self.notes.iter().map(|(note, shown)| (*note, sorted(shown))).collect()
    }

    /// A token disappears from a note only if a user deleted it or it became a draft, and no token
    /// is there twice.
    fn check_tokens(
        &self,
        before: &TokensByNote,
        may_be_missing: impl Fn(char) -> bool,
    ) -> Result<(), String> {
        for (note, after) in self.tokens() {
            let mut before = before.get(&note).into_iter().flatten();
            let is_lost = |token: char| {
                after.binary_search(&token).is_err()
                    && !may_be_missing(token)
                    && !self.draft_texts.contains(token)
            };
            if let Some(token) = before.find(|it| is_lost(**it)) {
                return Err(format!("note {note} without {token:?}, which was not deleted"));
            }
            if after.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err(format!("note {note} with a token twice"));
            }
        }
        Ok(())
    }
}

fn may_change_texts(change: &ViewChange) -> bool {
    matches!(change, ViewChange::Text { .. } | ViewChange::Added { .. } | ViewChange::Reset)
}

impl ShownNote {
    fn read(machine: &BoardClient, note: NoteId) -> Option<Self> {
        Some(Self::read_rest(machine, machine.view(note)?))
    }

    /// Reads what is not in the note's view.
    fn read_rest(machine: &BoardClient, view: NoteView) -> Self {
        let (save_status, text) = (machine.save_status(view.id), machine.text(view.id));
        Self { view, save_status, text }
    }

    fn describe(&self) -> String {
        format!("{:?} {:?} {:?}", self.text.as_str(), self.view, self.save_status)
    }
}

impl Header {
    fn read(machine: &BoardClient) -> Self {
        Self {
            title: machine.title().to_owned(),
            role: machine.role(),
            join_state: machine.join_state(),
        }
    }
}
