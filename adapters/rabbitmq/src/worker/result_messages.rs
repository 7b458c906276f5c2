//! The bus messages for the results of a batch: its events and outcomes.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::{AnnouncedEvent, Announcement, OutcomeEnvelope};
use sockbit_application::byte_batches::split_by_bytes;
use sockbit_application::json_size::json_bytes;
use sockbit_application::slot::Slot;
use uuid::Uuid;

use crate::announcement_message::AnnouncementMessage;
use crate::names::{gateway_key, slot_key};
use crate::outgoing_message::OutgoingMessage;
use crate::settings::Settings;

/// A gateway prefetches many messages.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
const OUTCOMES_MAX: usize = 512;

/// The messages in the order in which they must be published. Outcomes go with the events of their
/// slot, so that a gateway that needs both receives one message.
pub(super) fn result_messages(
    settings: &Settings,
    announcements: Vec<Announcement>,
    outcomes: Vec<OutcomeEnvelope>,
) -> Result<Vec<OutgoingMessage>, String> {
    let slots = announcements.iter().map(|it| it.slot).collect();
    let (mut by_slot, mut others) = outcomes_by_slot(outcomes, &slots);
    let mut messages = ResultMessages { settings, messages: Vec::with_capacity(slots.len()) };
    for Announcement { slot, events } in announcements {
        let mut outcomes = by_slot.remove(&slot).unwrap_or_default();
        others.extend(outcomes.drain(outcomes.len().min(OUTCOMES_MAX)..));
        messages.add_slot(slot, events, outcomes)?;
    }
    messages.add_outcomes(others)?;
    Ok(messages.messages)
}

/// The outcomes that can go with the events of one of these slots, and the others.
fn outcomes_by_slot(
    outcomes: Vec<OutcomeEnvelope>,
    slots: &BTreeSet<Slot>,
) -> (BTreeMap<Slot, Vec<OutcomeEnvelope>>, Vec<OutcomeEnvelope>) {
    let mut by_slot: BTreeMap<Slot, Vec<OutcomeEnvelope>> = BTreeMap::new();
    let mut others = Vec::new();
    for outcome in outcomes {
        let slot = Slot::of(outcome.board);
        if outcome.to.reads_outcomes_with_events && slots.contains(&slot) {
            by_slot.entry(slot).or_default().push(outcome);
        } else {
            others.push(outcome);
        }
    }
    (by_slot, others)
}

struct ResultMessages<'a> {
    settings: &'a Settings,
    messages: Vec<OutgoingMessage>,
}

impl ResultMessages<'_> {
    /// Adds the events of a slot, and outcomes with the last of them.
    fn add_slot(
        &mut self,
        slot: Slot,
        events: Vec<AnnouncedEvent>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Result<(), String> {
        let mut batches = split_by_bytes(events, MESSAGE_BYTES_MAX, json_bytes);
        let last = batches.pop().unwrap_or_default();
        for events in batches {
            self.add_announcement(&AnnouncementMessage { slot, events, outcomes: Vec::new() })?;
        }
        self.add_announcement(&AnnouncementMessage { slot, events: last, outcomes })
    }

    fn add_announcement(&mut self, message: &AnnouncementMessage) -> Result<(), String> {
        let gateways: BTreeSet<Uuid> = message.outcomes.iter().map(|it| it.to.gateway).collect();
        let added = self.message(MessageKind::Announcements, slot_key(message.slot), message)?;
        self.messages.push(added.with_further_keys(gateways.into_iter().map(gateway_key)));
        Ok(())
    }

    /// Adds outcomes that go to one gateway each.
    fn add_outcomes(&mut self, outcomes: Vec<OutcomeEnvelope>) -> Result<(), String> {
        let mut gateways: BTreeMap<Uuid, Vec<OutcomeEnvelope>> = BTreeMap::new();
        for outcome in outcomes {
            gateways.entry(outcome.to.gateway).or_default().push(outcome);
        }
        for (gateway, outcomes) in gateways {
            for outcomes in outcomes.chunks(OUTCOMES_MAX) {
                let key = gateway_key(gateway);
                self.messages.push(self.message(MessageKind::Outcomes, key, &outcomes)?);
            }
        }
        Ok(())
    }

    fn message<T: serde::Serialize>(
        &self,
        kind: MessageKind,
        key: String,
        message: &T,
    ) -> Result<OutgoingMessage, String> {
        let body = self.settings.sign(kind, message)?;
        Ok(OutgoingMessage::transient(self.settings.names.announce(), key, kind.name(), body))
    }
}
