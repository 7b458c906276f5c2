//! What people do: typing, wishing, losing their connection, closing the page.

use sockbit_client::NoteView;
use sockbit_domain::wire::BoardPage;
use sockbit_domain::{ActorId, Colour, Command, Delta, MessageId, NoteId, NoteState, Text};

use sockbit_application::ports::Clock;

use super::call::Call;
use super::gateway::{DAY, KEY};
use super::seat::Connection;
use super::words::is_token;
use super::world::World;

/// In milliseconds.
const HOUR: i64 = DAY / 24;
const COLOURS: [Colour; 3] = [Colour::Paper, Colour::Blue, Colour::Red];

impl World {
    /// One thing happens somewhere.
    pub(super) fn step(&mut self) -> Result<(), String> {
        let seat = self.random.below(self.seats.len());
        match self.random.below(100) {
            0..18 => self.type_something(seat),
            18..21 => self.look_at_something(seat),
            21..32 => self.blur(seat),
            32..37 => self.wish_something(seat),
            37..51 => self.uplink(seat),
            51..62 => {
                let max = 1 + self.random.below(3);
                self.core_turn(max)
            }
            62..74 => {
                self.hear(seat);
                Ok(())
            }
            74..88 => self.receive_some(seat),
            88..90 => self.wait(seat),
            90 => self.call(seat, Call::Check),
            91..95 => self.toggle_connection(seat),
            95..97 => self.reload(seat),
            97 => self.squash(),
            98 => {
                self.forget();
                Ok(())
            }
            _ => self.dismiss(seat),
        }
    }

    fn receive_some(&mut self, seat: usize) -> Result<(), String> {
        for _ in 0..=self.random.below(8) {
            if !self.downlink(seat)? {
                break;
            }
        }
        Ok(())
    }

    fn wait(&mut self, seat: usize) -> Result<(), String> {
        let milliseconds = i64::try_from(self.random.next() % 6_000).unwrap_or(0);
        self.server.clock.advance(milliseconds);
        if self.random.percent(20) {
            self.jump_clock(seat);
        }
        self.call(seat, Call::Tick)
    }

    /// NTP or the user steps the wall clock, or the device sleeps and its monotonic clock stands.
    fn jump_clock(&mut self, seat: usize) {
        let milliseconds = i64::try_from(self.random.next() % HOUR.unsigned_abs()).unwrap_or(0);
        let client = &mut self.seats[seat];
        match self.random.below(3) {
            0 => client.wall_offset = (client.wall_offset + milliseconds).min(DAY / 4),
            1 => client.wall_offset = (client.wall_offset - milliseconds).max(-DAY / 4),
            _ => {
                self.server.clock.advance(milliseconds);
                client.monotonic_offset -= milliseconds;
            }
        }
    }

    fn some_note(&mut self, seat: usize) -> Option<NoteView> {
        let notes = self.seats[seat].machine.notes();
        self.random.pick(&notes).cloned()
    }

    /// The person is in a note now, or in none.
    fn look_at_something(&mut self, seat: usize) -> Result<(), String> {
        let note = self.some_note(seat).map(|note| note.id).filter(|_| self.random.percent(70));
        self.call(seat, Call::SetPresence { note })
    }

    /// Typing in a note; without a note, a first one is made.
    fn type_something(&mut self, seat: usize) -> Result<(), String> {
        let Some(note) = self.some_note(seat) else { return self.create(seat) };
        let delta = self.change_of(seat, note.id);
        self.seats[seat].mirror.typed(note.id, &delta)?;
        self.call(seat, Call::Edit { note: note.id, delta })
    }

    /// A new token, perhaps with more, in the place of up to a few characters.
    fn change_of(&mut self, seat: usize, note: NoteId) -> Delta {
        let text = self.seats[seat].machine.text(note);
        let chars: Vec<char> = text.as_str().chars().collect();
        let start = match self.random.below(4) {
            0 => 0,
            1 => chars.len(),
            _ => self.random.below(chars.len() + 1),
        };
        let deletes = if self.random.percent(25) { 1 + self.random.below(6) } else { 0 };
        let end = (start + deletes).min(chars.len());
        let gone: String = chars[start..end].iter().collect();
        self.words.cover(&gone);
        let inserts = gone.is_empty() || self.random.percent(30);
        let new = if inserts { self.something_new(seat, note) } else { String::new() };
        let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(0);
        let before: String = chars[..start].iter().collect();
        Delta::new().retain(units(&before)).insert(&new).delete(units(&gone))
    }

    fn something_new(&mut self, seat: usize, note: NoteId) -> String {
        const AROUND: [&str; 6] = ["", "", " ", "\n", "a", "é "];
        let actor = self.seats[seat].actor.id;
        let token = self.words.mint(seat, note, actor);
        self.seats[seat].unkept.push(token);
        let before = self.random.pick(&AROUND).copied().unwrap_or_default();
        let after = self.random.pick(&AROUND).copied().unwrap_or_default();
        format!("{before}{token}{after}")
    }

    fn blur(&mut self, seat: usize) -> Result<(), String> {
        match self.some_note(seat) {
            Some(note) => self.call(seat, Call::Flush { note: note.id }),
            None => Ok(()),
        }
    }

    pub(super) fn submit(&mut self, seat: usize, command: Command) -> Result<(), String> {
        let id = MessageId(self.ids.uuid());
        self.call(seat, Call::Submit { command, id, key: None })
    }

    pub(super) fn create(&mut self, seat: usize) -> Result<(), String> {
        let note = NoteId(self.ids.uuid());
        let text = Text::normalise(&self.something_new(seat, note));
        let machine = &self.seats[seat].machine;
        let last = machine.notes().last().map(|last| last.id);
        let rank = machine.rank_between(last, None);
        self.submit(seat, Command::CreateNote { note, text, colour: Colour::Yellow, rank })
    }

    fn wish_something(&mut self, seat: usize) -> Result<(), String> {
        let Some(NoteView { id: note, state, .. }) = self.some_note(seat) else {
            return self.create(seat);
        };
        let command = match self.random.below(12) {
            0..3 => return self.create(seat),
            3..5 => {
                let other = self.some_note(seat).map(|other| other.id);
                let rank = self.seats[seat].machine.rank_between(other, None);
                Command::MoveNote { note, rank }
            }
            5..7 => {
                let colour = self.random.pick(&COLOURS).copied().unwrap_or_default();
                Command::RecolourNote { note, colour }
            }
            7..9 => Command::TrashNote { note },
            9 => Command::RestoreNote { note },
            10 => return self.delete(seat, note, state),
            _ => Command::RenameBoard { title: format!("title {}", self.random.below(9)) },
        };
        self.submit(seat, command)
    }

    /// Puts a note into the trash, if somebody thinks of that, and deletes it for good.
    fn delete(&mut self, seat: usize, note: NoteId, state: NoteState) -> Result<(), String> {
        self.words.cover(self.seats[seat].machine.text(note).as_str());
        if state != NoteState::Trashed && self.random.percent(80) {
            self.submit(seat, Command::TrashNote { note })?;
        }
        self.submit(seat, Command::DeleteNote { note })
    }

    pub(super) fn connect(&mut self, seat: usize) -> Result<(), String> {
        self.sessions += 1;
        self.seats[seat].connection = Some(Connection::new(self.sessions));
        let actor = self.seats[seat].actor.clone();
        self.call(seat, Call::Connected { actor })
    }

    /// The gateway may have taken in what was on its way up; nobody hears what was on its way down.
    fn disconnect(&mut self, seat: usize) -> Result<(), String> {
        while self.random.percent(60) {
            self.uplink(seat)?;
        }
        self.seats[seat].connection = None;
        self.call(seat, Call::Disconnected)
    }

    fn toggle_connection(&mut self, seat: usize) -> Result<(), String> {
        match self.seats[seat].connection {
            Some(_) => self.disconnect(seat),
            None => self.connect(seat),
        }
    }

    /// The page is closed, or crashes, and is opened again: perhaps by somebody else, or long after.
    fn reload(&mut self, seat: usize) -> Result<(), String> {
        self.disconnect(seat)?;
        let crashes = self.random.percent(40);
        if crashes {
            let lost = std::mem::take(&mut self.seats[seat].unkept);
            self.words.cover(&lost);
        } else {
            self.seats[seat].keep();
        }
        if self.random.percent(5) {
            self.pass_two_months()?;
        }
        if self.random.percent(5) {
            let other = ActorId(uuid::Uuid::from_u128(1 + self.random.below(2) as u128));
            self.seats[seat].actor.id = other;
        }
        // The monotonic clock of a page starts anew.
        self.seats[seat].monotonic_offset = -self.server.clock.now().0;
        let actor = self.seats[seat].actor.id;
        let kept = self.seats[seat].kept.clone();
        let call = match (self.page_snapshot(actor), kept) {
            (Some(snapshot), unsent) => Call::FromSnapshot { snapshot, unsent, actor: Some(actor) },
            (None, Some(saved)) => Call::Restore { saved, actor: Some(actor) },
            (None, None) => Call::New { board: self.board, actor },
        };
        self.call(seat, call)
    }

    /// The snapshot in a page that was just rendered, or earlier; sometimes a page has none.
    fn page_snapshot(&mut self, actor: ActorId) -> Option<BoardPage> {
        let is_old = self.random.percent(20);
        if !is_old {
            self.rendered = self.server.snapshot(actor).or(self.rendered.take());
        }
        self.rendered.clone().filter(|_| self.random.percent(60))
    }

    /// No connection stands for that long.
    fn pass_two_months(&mut self) -> Result<(), String> {
        for seat in 0..self.seats.len() {
            self.disconnect(seat)?;
        }
        self.server.clock.advance(61 * DAY);
        Ok(())
    }

    fn dismiss(&mut self, seat: usize) -> Result<(), String> {
        let place = &mut self.seats[seat];
        let Some(draft) = self.random.pick(place.machine.drafts()).cloned() else { return Ok(()) };
        place.dismissed.extend(draft.text.as_str().chars().filter(|it| is_token(*it)));
        place.mirror.dismissed(draft.id);
        self.call(seat, Call::DismissDraft { draft: draft.id })
    }

    /// Opens the board's link, with the right key.
    pub(super) fn open_link(&mut self, seat: usize) -> Result<(), String> {
        let id = MessageId(self.ids.uuid());
        let key = Some(KEY.to_owned());
        self.call(seat, Call::Submit { command: Command::JoinBoard {}, id, key })
    }
}
