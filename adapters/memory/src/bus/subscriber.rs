//! What one gateway subscribes to, and its inboxes.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use sockbit_application::bus_messages::{
    Announcement, CommandEnvelope, OutcomeEnvelope, PresenceUpdate,
};
use sockbit_application::mutex::locked;
use sockbit_application::ports::Incoming;
use sockbit_application::slot::Slot;
use uuid::Uuid;

use super::announcement_inbox::AnnouncementInbox;
use super::presence_inbox::PresenceInbox;

/// The receiving side of one gateway. Messages that it does not subscribe to are ignored.
#[derive(Default)]
pub(super) struct Subscriber {
    announcements: AnnouncementInbox,
    presence: PresenceInbox,
    slots: Mutex<BTreeSet<Slot>>,
    /// The gateways to which the outcomes of commands are sent: usually only this one.
    gateways: Mutex<HashSet<Uuid>>,
}

impl Subscriber {
    pub fn subscribe(&self, slot: Slot) {
        locked(&self.slots).insert(slot);
    }

    pub fn unsubscribe(&self, slot: Slot) {
        locked(&self.slots).remove(&slot);
    }

    /// Subscribes to the outcomes of these commands.
    pub fn add_senders(&self, commands: &[CommandEnvelope]) {
        locked(&self.gateways).extend(commands.iter().map(|it| it.reply_to.gateway));
    }

    /// Receives an announcement of this size.
    pub fn receive_announcement(&self, announcement: &Arc<Announcement>, bytes: usize) {
        if locked(&self.slots).contains(&announcement.slot) {
            self.announcements.push_announcement(announcement, bytes);
        }
    }

    pub fn receive_outcomes(&self, outcomes: &[OutcomeEnvelope]) {
        let gateways = locked(&self.gateways);
        let own = outcomes.iter().filter(|it| gateways.contains(&it.to.gateway));
        let own: Vec<_> = own.cloned().collect();
        drop(gateways);
        if !own.is_empty() {
            self.announcements.push_outcomes(own);
        }
    }

    pub fn receive_presence(&self, update: &Arc<PresenceUpdate>) {
        if locked(&self.slots).contains(&update.slot) {
            self.presence.push(update);
        }
    }

    /// Waits for the next announcement or outcomes.
    pub async fn next(&self) -> Incoming {
        self.announcements.next().await
    }

    /// Waits for the next presence update.
    pub async fn next_update(&self) -> PresenceUpdate {
        self.presence.next().await
    }
}
