//! What users do: type, submit commands, lose the connection, close the page or the computer.

use sockbit_application::mutex::locked;
use sockbit_client::NoteView;
use sockbit_domain::{Colour, Command, Delta, NoteId, NoteState, Text};

use super::client::SimulatedClient;
use crate::machine_input::MachineInput;
use crate::typed_tokens::{TokenOrigin, tokens};

/// Unsent commands after which a user waits.
const UNSENT_MAX: usize = 8;
const COLOURS: [Colour; 3] = [Colour::Paper, Colour::Blue, Colour::Red];

impl SimulatedClient {
    /// The user does one thing, unless too many commands are unsent.
    pub(super) fn act(&mut self) {
        if self.machine.unsent_count() > UNSENT_MAX {
            return;
        }
        match self.context.is_typing_turn(self.number) {
            Some(true) if self.random.percent(85) => return self.keep_typing(),
            Some(false) if self.random.percent(90) => return,
            _ => {}
        }
        match self.random.below(100) {
            0..46 => self.type_something(),
            46..68 => self.leave_a_note(),
            68..84 => self.submit_something(),
            84..88 => self.go_offline(),
            88..90 => self.input(MachineInput::Check),
            90..95 => self.reload(),
            95 => self.change_identity_in_open_page(),
            96 => self.suspend(),
            _ => self.dismiss(),
        }
    }

    fn some_note(&mut self) -> Option<NoteView> {
        let notes = self.machine.notes();
        let chosen = self.random.below(notes.len());
        notes.into_iter().nth(chosen)
    }

    /// The user moves to another note, or to none.
    pub(super) fn move_to_another_note(&mut self) {
        let notes = self.machine.notes();
        let chosen = self.presence_random.below(notes.len());
        let is_in_one = self.presence_random.percent(70);
        self.location = notes.get(chosen).map(|note| note.id).filter(|_| is_in_one);
        self.send_presence();
    }

    /// Announces the note that the user is in, also after a reload.
    pub(super) fn send_presence(&mut self) {
        self.input(MachineInput::SetPresence { note: self.location });
    }

    /// Types in a note; creates a first one if there is none.
    fn type_something(&mut self) {
        match self.some_note() {
            Some(note) => self.type_in(note.id),
            None => self.create(),
        }
    }

    pub fn type_in(&mut self, id: NoteId) {
        let (delta, new) = self.change_of(id);
        let number = self.number;
        self.context.log(format_args!("client {number}: types {delta:?} in {id}"));
        self.input(MachineInput::Edit { note: id, delta });
        self.typed(&new);
    }

    /// Types something and leaves the note.
    pub fn type_and_leave(&mut self, note: NoteId) {
        self.type_in(note);
        self.input(MachineInput::Flush { note });
    }

    /// Disconnects until the end of the faults.
    pub fn disconnect_forever(&mut self) {
        self.lose();
        self.connection.stay_offline(None);
    }

    /// Types more in the note that the user keeps typing in.
    fn keep_typing(&mut self) {
        let notes = self.machine.notes();
        let note = notes.iter().find(|it| Some(it.id) == self.typing_note).or(notes.last());
        let Some(note) = note.map(|it| it.id) else { return self.create() };
        self.typing_note = Some(note);
        self.type_and_leave(note);
    }

    /// A new token, perhaps with more text, in place of up to a few characters.
    fn change_of(&mut self, note: NoteId) -> (Delta, String) {
        let text = self.machine.text(note);
        let chars: Vec<char> = text.as_str().chars().collect();
        let start = match self.random.below(4) {
            0 => 0,
            1 => chars.len(),
            _ => self.random.below(chars.len() + 1),
        };
        let deletes = if self.random.percent(25) { 1 + self.random.below(6) } else { 0 };
        let end = (start + deletes).min(chars.len());
        let gone: String = chars[start..end].iter().collect();
        locked(&self.context.typed_tokens).allow_missing(&gone);
        let inserts = gone.is_empty() || self.random.percent(30);
        let new = if inserts { self.something_new(note) } else { String::new() };
        let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(0);
        let before: String = chars[..start].iter().collect();
        let delta = Delta::new().retain(units(&before)).insert(&new).delete(units(&gone));
        (delta, new)
    }

    fn something_new(&mut self, note: NoteId) -> String {
        const AROUND: [&str; 6] = ["", "", " ", "\n", "a", "é "];
        let (client, actor) = (self.number, self.page_actor);
        let token = locked(&self.context.typed_tokens).mint(TokenOrigin { client, note, actor });
        let before = self.random.pick(&AROUND, "");
        let after = self.random.pick(&AROUND, "");
        format!("{before}{token}{after}")
    }

    fn leave_a_note(&mut self) {
        if let Some(note) = self.some_note() {
            self.input(MachineInput::Flush { note: note.id });
        }
    }

    pub fn create(&mut self) {
        let note = NoteId(self.ids.uuid());
        let new = self.something_new(note);
        let last = self.machine.notes().last().map(|last| last.id);
        let rank = self.machine.rank_between(last, None);
        self.typed(&new);
        let text = Text::normalise(&new);
        self.submit(Command::CreateNote { note, text, colour: Colour::Yellow, rank }, None);
    }

    fn submit_something(&mut self) {
        let Some(NoteView { id: note, state, .. }) = self.some_note() else {
            return self.create();
        };
        let command = match self.random.below(14) {
            0..5 => return self.create(),
            5..7 => {
                let other = self.some_note().map(|other| other.id);
                let rank = self.machine.rank_between(other, None);
                Command::MoveNote { note, rank }
            }
            7..9 => Command::RecolourNote { note, colour: self.random.pick(&COLOURS, Colour::Red) },
            9..11 => Command::TrashNote { note },
            11 => Command::RestoreNote { note },
            12 => return self.delete(note, state),
            _ => Command::RenameBoard { title: format!("title {}", self.random.below(9)) },
        };
        self.submit(command, None);
    }

    /// Deletes a note permanently, most often after moving it to the trash.
    fn delete(&mut self, note: NoteId, state: NoteState) {
        let text = self.machine.text(note);
        locked(&self.context.typed_tokens).allow_missing(text.as_str());
        if state != NoteState::Trashed && self.random.percent(80) {
            self.submit(Command::TrashNote { note }, None);
        }
        self.submit(Command::DeleteNote { note }, None);
    }

    /// Drops the connection, for a moment or until the end of the faults.
    fn go_offline(&mut self) {
        self.context.log(format_args!("client {}: goes offline", self.number));
        self.lose();
        let pause = self.random.millis(10, 9_000);
        let is_long = self.random.percent(15);
        self.connection.stay_offline((!is_long).then_some(pause));
    }

    /// The computer sleeps for a while, perhaps longer than the connection lives.
    fn suspend(&mut self) {
        if self.context.parameters.has_wrong_clocks {
            self.context.log(format_args!("client {}: the computer sleeps", self.number));
            locked(&self.context.observations).counts.suspensions += 1;
            self.sleeps_for = Some(self.random.millis(100, 40_000));
        }
    }

    fn dismiss(&mut self) {
        let drafts = self.machine.drafts();
        let Some(draft) = drafts.get(self.random.below(drafts.len())).cloned() else { return };
        self.dismissed.extend(tokens(draft.text.as_str()));
        self.input(MachineInput::DismissDraft { draft: draft.id });
        // Otherwise a reload would bring the draft back.
        self.store();
    }
}
