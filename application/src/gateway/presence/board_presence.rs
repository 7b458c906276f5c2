//! Who is at one board: the clients of this gateway, and whom other gateways have told of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sockbit_domain::wire::{PersonPresence, ServerMessage};
use sockbit_domain::{Actor, BoardId, NoteId};
use tokio::time::Instant;
use uuid::Uuid;

use super::presence_merge::{PEOPLE_MAX, PresenceMerge};
use crate::envelope::{BoardPresence, EncodedMessage};
use crate::gateway::encode;
use crate::gateway::outgoing_queue::OutgoingQueue;

/// Nothing is shown or told of a board sooner after the last time: five times a second.
const PACE: Duration = Duration::from_millis(200);
/// Where so many look, the pace is half as fast, and so on: what is sent in all has a bound.
const MEMBERS_AT_FULL_PACE: u32 = 50;
const PACE_SLOWEST: Duration = Duration::from_secs(2);
/// How often other gateways are told who is here even where nothing changes, at the least.
pub(super) const TOLD_EVERY: Duration = Duration::from_secs(15);
/// A gateway that was not heard for so long is gone, and its people with it: one time may be lost.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_secs(35);
/// More than there are, so that nothing grows for ever.
const GATEWAYS_MAX: usize = 256;

/// One board at which somebody looks.
pub(super) struct BoardPresenceState {
    id: BoardId,
    /// By their sessions.
    members: BTreeMap<u64, Member>,
    elsewhere: BTreeMap<Uuid, Elsewhere>,
    /// What members were shown last.
    shown: Option<EncodedMessage>,
    served_at: Option<Instant>,
    /// Whether members are to be shown something else than that.
    is_changed: bool,
    /// Whether other gateways are to be told who is here.
    is_untold: bool,
    /// Whether they are to be asked for theirs.
    asks: bool,
    /// When they are told again whatever happens.
    tell_by: Option<Instant>,
    told_every: Duration,
}

/// Somebody who looks, and where they are if they said so.
struct Member {
    outgoing: Arc<OutgoingQueue>,
    here: Option<Here>,
}

#[derive(PartialEq, Eq)]
struct Here {
    actor: Actor,
    note: Option<NoteId>,
}

/// What another gateway told last.
struct Elsewhere {
    people: Vec<PersonPresence>,
    more: u32,
    until: Instant,
}

impl BoardPresenceState {
    /// Nobody is known yet, so other gateways are asked. They are told again after a time that is
    /// not the same for every board.
    pub fn new(id: BoardId, told_every: Duration) -> Self {
        Self {
            id,
            members: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            shown: None,
            served_at: None,
            is_changed: false,
            is_untold: true,
            asks: true,
            tell_by: None,
            told_every,
        }
    }

    pub fn add(&mut self, session: u64, outgoing: Arc<OutgoingQueue>) {
        if let Some(shown) = &self.shown {
            outgoing.show(self.id, shown.clone());
        }
        self.members.insert(session, Member { outgoing, here: None });
    }

    /// A member says where its person is.
    pub fn place(&mut self, session: u64, actor: &Actor, note: Option<NoteId>) {
        let Some(member) = self.members.get_mut(&session) else { return };
        let here = Some(Here { actor: actor.clone(), note });
        if member.here != here {
            member.here = here;
            self.is_changed = true;
            self.is_untold = true;
        }
    }

    pub fn remove(&mut self, session: u64) {
        if self.members.remove(&session).is_some_and(|member| member.here.is_some()) {
            self.is_changed = true;
            self.is_untold = true;
        }
    }

    pub fn is_deserted(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether others believe that somebody is here.
    pub fn is_known_elsewhere(&self) -> bool {
        self.tell_by.is_some()
    }

    /// Takes in what another gateway tells.
    pub fn hear(&mut self, gateway: Uuid, told: BoardPresence, now: Instant) {
        self.is_untold |= told.asks && self.is_anybody_here();
        let (mut people, more) = (told.people, told.more);
        people.truncate(PEOPLE_MAX);
        if people.is_empty() && more == 0 {
            self.is_changed |= self.elsewhere.remove(&gateway).is_some();
            return;
        }
        if self.elsewhere.len() >= GATEWAYS_MAX && !self.elsewhere.contains_key(&gateway) {
            return;
        }
        let news = Elsewhere { people, more, until: now + FORGOTTEN_AFTER };
        let is_new = |old: &Elsewhere| (&old.people, old.more) != (&news.people, news.more);
        self.is_changed |= self.elsewhere.get(&gateway).is_none_or(is_new);
        self.elsewhere.insert(gateway, news);
    }

    /// When there is something to do here.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let has_news = self.is_changed || self.is_untold;
        let serving = has_news.then(|| self.served_at.map_or(now, |at| at + self.pace()));
        let expiring = self.elsewhere.values().map(|it| it.until);
        let telling = self.tell_by.filter(|_| !has_news);
        expiring.chain(serving).chain(telling).min()
    }

    /// Does what is due. What is to be told to other gateways, if anything is.
    pub fn turn(&mut self, now: Instant) -> Option<BoardPresence> {
        let known = self.elsewhere.len();
        self.elsewhere.retain(|_, told| told.until > now);
        self.is_changed |= self.elsewhere.len() < known;
        self.is_untold |= self.tell_by.is_some_and(|at| at <= now);
        if self.served_at.is_some_and(|at| at + self.pace() > now) {
            return None;
        }
        self.served_at = Some(now);
        if std::mem::take(&mut self.is_changed) {
            self.show();
        }
        std::mem::take(&mut self.is_untold).then(|| self.tell(now))
    }

    fn show(&mut self) {
        let mut crowd = self.here();
        for told in self.elsewhere.values() {
            told.people.iter().for_each(|it| crowd.add(&it.actor, it.notes.iter().copied()));
            crowd.add_unnamed(told.more);
        }
        let (people, more) = crowd.told();
        let shown = encode(&ServerMessage::Presence { board: self.id, people, more });
        if self.shown.as_ref() != Some(&shown) {
            for member in self.members.values() {
                member.outgoing.show(self.id, shown.clone());
            }
            self.shown = Some(shown);
        }
    }

    fn tell(&mut self, now: Instant) -> BoardPresence {
        let (people, more) = self.here().told();
        self.tell_by = (!people.is_empty()).then(|| now + self.told_every);
        let asks = std::mem::take(&mut self.asks);
        BoardPresence { board: self.id, people, more, asks }
    }

    /// The people at this gateway.
    fn here(&self) -> PresenceMerge<'_> {
        let mut crowd = PresenceMerge::default();
        for here in self.members.values().filter_map(|member| member.here.as_ref()) {
            crowd.add(&here.actor, here.note);
        }
        crowd
    }

    fn is_anybody_here(&self) -> bool {
        self.members.values().any(|member| member.here.is_some())
    }

    fn pace(&self) -> Duration {
        let members = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        PACE.saturating_mul(1 + members / MEMBERS_AT_FULL_PACE).min(PACE_SLOWEST)
    }
}
