//! The presence on one board: the clients of this gateway, and what other gateways published.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sockbit_domain::wire::{PersonPresence, ServerMessage};
use sockbit_domain::{Actor, BoardId, NoteId};
use tokio::time::Instant;
use uuid::Uuid;

use super::presence_merge::{PEOPLE_MAX, PresenceMerge};
use crate::bus_messages::{BoardPresence, EncodedMessage};
use crate::gateway::outgoing_queue::OutgoingQueue;
use crate::gateway::server_message_encoding::encode;

/// The shortest interval at which a board's presence is shown and published: five times a second.
const INTERVAL_MIN: Duration = Duration::from_millis(200);
/// The interval doubles at so many members, triples at twice as many, and so on, which bounds the
/// messages in total.
const MEMBERS_PER_INTERVAL: u32 = 50;
const INTERVAL_MAX: Duration = Duration::from_secs(2);
/// The longest interval at which presence is published even if nothing changes.
pub(super) const REPUBLISH_WITHIN: Duration = Duration::from_secs(15);
/// How long the presence of another gateway is valid: one lost update does no harm.
const REMOTE_VALID_FOR: Duration = Duration::from_secs(35);
/// More gateways than there are; a limit against unbounded memory.
const GATEWAYS_MAX: usize = 256;

/// The presence on a board that sessions of this gateway have joined.
pub(super) struct BoardPresenceState {
    id: BoardId,
    /// By session number.
    members: BTreeMap<u64, Member>,
    remote: BTreeMap<Uuid, RemotePresence>,
    /// What members were shown last.
    shown: Option<EncodedMessage>,
    processed_at: Option<Instant>,
    /// Whether `shown` is out of date.
    must_show: bool,
    /// Whether the local presence changed since it was published.
    must_publish: bool,
    /// Whether the next update asks other gateways to publish theirs.
    must_ask: bool,
    /// When the local presence is published again, if it is not empty.
    republish_at: Option<Instant>,
    republish_interval: Duration,
}

struct Member {
    outgoing: Arc<OutgoingQueue>,
    /// Where its person is; `None` until the client sends it. Boxed, since many never do.
    location: Option<Box<Location>>,
}

#[derive(PartialEq, Eq)]
struct Location {
    actor: Actor,
    note: Option<NoteId>,
}

/// The last update of another gateway.
struct RemotePresence {
    people: Vec<PersonPresence>,
    unlisted: u32,
    expires_at: Instant,
}

impl BoardPresenceState {
    /// `republish_interval` differs between boards, so that not all are due at once.
    pub fn new(id: BoardId, republish_interval: Duration) -> Self {
        Self {
            id,
            members: BTreeMap::new(),
            remote: BTreeMap::new(),
            shown: None,
            processed_at: None,
            must_show: false,
            must_publish: true,
            must_ask: true,
            republish_at: None,
            republish_interval,
        }
    }

    pub fn add_member(&mut self, session: u64, outgoing: Arc<OutgoingQueue>) {
        if let Some(shown) = &self.shown {
            outgoing.set_presence(self.id, shown.clone());
        }
        self.members.insert(session, Member { outgoing, location: None });
    }

    pub fn set_location(&mut self, session: u64, actor: &Actor, note: Option<NoteId>) {
        let Some(member) = self.members.get_mut(&session) else { return };
        let location = Some(Box::new(Location { actor: actor.clone(), note }));
        if member.location != location {
            member.location = location;
            self.must_show = true;
            self.must_publish = true;
        }
    }

    pub fn remove_member(&mut self, session: u64) {
        if self.members.remove(&session).is_some_and(|member| member.location.is_some()) {
            self.must_show = true;
            self.must_publish = true;
        }
    }

    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// Whether the update that was published last lists people.
    pub fn has_published_people(&self) -> bool {
        self.republish_at.is_some()
    }

    /// Applies an update of another gateway.
    pub fn apply(&mut self, gateway: Uuid, update: BoardPresence, now: Instant) {
        self.must_publish |= update.asks && self.has_people();
        let (mut people, unlisted) = (update.people, update.more);
        people.truncate(PEOPLE_MAX);
        if people.is_empty() && unlisted == 0 {
            self.must_show |= self.remote.remove(&gateway).is_some();
            return;
        }
        if self.remote.len() >= GATEWAYS_MAX && !self.remote.contains_key(&gateway) {
            return;
        }
        let remote = RemotePresence { people, unlisted, expires_at: now + REMOTE_VALID_FOR };
        let differs =
            |old: &RemotePresence| (&old.people, old.unlisted) != (&remote.people, remote.unlisted);
        self.must_show |= self.remote.get(&gateway).is_none_or(differs);
        self.remote.insert(gateway, remote);
    }

    /// When [`Self::process`] has to be called next.
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let has_changes = self.must_show || self.must_publish;
        let changes = has_changes.then(|| self.processed_at.map_or(now, |at| at + self.interval()));
        let expirations = self.remote.values().map(|it| it.expires_at);
        let republish = self.republish_at.filter(|_| !has_changes);
        expirations.chain(changes).chain(republish).min()
    }

    /// Shows changes to members, as far as they are due. Returns what is to be published.
    pub fn process(&mut self, now: Instant) -> Option<BoardPresence> {
        let before = self.remote.len();
        self.remote.retain(|_, remote| remote.expires_at > now);
        self.must_show |= self.remote.len() < before;
        self.must_publish |= self.republish_at.is_some_and(|at| at <= now);
        if self.processed_at.is_some_and(|at| at + self.interval() > now) {
            return None;
        }
        self.processed_at = Some(now);
        if std::mem::take(&mut self.must_show) {
            self.show();
        }
        std::mem::take(&mut self.must_publish).then(|| self.local_presence(now))
    }

    fn show(&mut self) {
        let mut merge = self.merge_local();
        for remote in self.remote.values() {
            remote.people.iter().for_each(|it| merge.add(&it.actor, it.notes.iter().copied()));
            merge.add_unlisted(remote.unlisted);
        }
        let (people, more) = merge.finish();
        let shown = encode(&ServerMessage::Presence { board: self.id, people, more });
        if self.shown.as_ref() != Some(&shown) {
            for member in self.members.values() {
                member.outgoing.set_presence(self.id, shown.clone());
            }
            self.shown = Some(shown);
        }
    }

    fn local_presence(&mut self, now: Instant) -> BoardPresence {
        let (people, more) = self.merge_local().finish();
        self.republish_at = (!people.is_empty()).then(|| now + self.republish_interval);
        let asks = std::mem::take(&mut self.must_ask);
        BoardPresence { board: self.id, people, more, asks }
    }

    fn merge_local(&self) -> PresenceMerge<'_> {
        let mut merge = PresenceMerge::default();
        for location in self.members.values().filter_map(|member| member.location.as_deref()) {
            merge.add(&location.actor, location.note);
        }
        merge
    }

    fn has_people(&self) -> bool {
        self.members.values().any(|member| member.location.is_some())
    }

    fn interval(&self) -> Duration {
        let members = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        INTERVAL_MIN.saturating_mul(1 + members / MEMBERS_PER_INTERVAL).min(INTERVAL_MAX)
    }
}
