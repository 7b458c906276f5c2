//! How pages close and open: reloads, crashes, other identities, and long absences.

use std::time::Duration;

use sockbit_application::mutex::locked;
use sockbit_domain::wire::BoardPage;

use super::client::SimulatedClient;
use crate::board_setup::actor_id;
use crate::machine_input::MachineInput;

const DAY: Duration = Duration::from_hours(24);

impl SimulatedClient {
    /// The page is closed or crashes, and is opened again.
    pub(super) fn reload(&mut self) {
        self.lose();
        self.close_page();
        self.maybe_change_identity();
        self.open_page();
        let pause = self.random.millis(10, 2_000);
        self.connection.stay_offline(Some(pause));
    }

    /// A page that crashes loses what was typed and not stored.
    fn close_page(&mut self) {
        if self.random.percent(50) {
            locked(&self.context.typed_tokens).allow_missing(&self.unstored);
            self.unstored.clear();
            self.store_at = None;
        } else {
            self.store();
        }
    }

    /// The machine starts from the page's snapshot, if it has one, and from what was stored.
    pub(super) fn open_page(&mut self) {
        self.context.log(format_args!("client {}: opens the page", self.number));
        locked(&self.context.observations).counts.reloads += 1;
        self.clocks.restart_monotonic(self.context.now());
        let (board, id) = (self.board, self.actor.id);
        self.page_actor = id;
        let now = self.now().wall;
        let stored = self.stored.clone().map(|it| self.bug.restored(it, id, now));
        let input = match (self.page_snapshot(), stored) {
            (Some(snapshot), unsent) => {
                MachineInput::FromSnapshot { snapshot, unsent, actor: Some(id) }
            }
            (None, Some(saved)) => MachineInput::Restore { saved, actor: Some(id) },
            (None, None) => MachineInput::New { board, actor: id },
        };
        self.input(input);
        self.send_presence();
    }

    /// The snapshot of a page that is rendered now, or earlier if it comes from the browser's history.
    fn page_snapshot(&mut self) -> Option<BoardPage> {
        let actor = self.actor.id;
        let has_snapshot = self.random.percent(60);
        let is_own = self.last_page.as_ref().is_some_and(|(of, _)| *of == actor);
        let from_history = self.random.percent(20) && is_own;
        if !from_history {
            self.last_page = self.pages.render(self.board, actor).map(|page| (actor, page));
        }
        let page = self.last_page.as_ref().filter(|_| has_snapshot).map(|(_, page)| page.clone());
        let is_from_history = from_history && page.is_some();
        self.has_used_history |= is_from_history;
        let counts = &mut locked(&self.context.observations).counts;
        counts.pages_with_snapshot += u64::from(page.is_some());
        counts.pages_from_history += u64::from(is_from_history);
        page
    }

    /// The user's identity changes while the page stays open, as if another tab signed in.
    pub(super) fn change_identity_in_open_page(&mut self) {
        self.lose();
        if self.maybe_change_identity() {
            locked(&self.context.observations).counts.identity_changes_in_open_pages += 1;
        }
        let pause = self.random.millis(10, 2_000);
        self.connection.stay_offline(Some(pause));
    }

    /// The new identity is that of any client, so that it changes back as well. Returns whether it
    /// changed.
    fn maybe_change_identity(&mut self) -> bool {
        let parameters = &self.context.parameters;
        if !parameters.changes_identity || !self.random.percent(25) {
            return false;
        }
        let other = actor_id(self.random.below(parameters.clients));
        let changes = other != self.actor.id;
        self.actor.id = other;
        locked(&self.context.observations).counts.identity_changes += u64::from(changes);
        self.context.log(format_args!("client {} is now {other}", self.number));
        changes
    }

    /// The user leaves for a long time.
    pub fn leave(&mut self) {
        self.lose();
        self.connection.stay_offline(None);
    }

    /// Days passed, in which the computer slept or the page stayed open.
    pub fn days_passed(&mut self, days: i64) {
        if self.random.percent(50) {
            self.clocks.slept(DAY * u32::try_from(days).unwrap_or(0));
        }
    }

    /// The user returns to the open page, or opens it again.
    pub fn come_back(&mut self) {
        self.connection.end_absence();
        if self.random.percent(60) {
            self.reload();
        }
    }
}
