//! The bindings of a gateway's queue: which ones it needs, and how they change.

use std::collections::BTreeSet;
use std::sync::Mutex;

use sockbit_application::mutex::locked;
use sockbit_application::slot::Slot;
use uuid::Uuid;

use super::exclusive_queue::ExclusiveQueue;
use crate::names::{Names, gateway_key, slot_key};

/// A change of the bindings to the exchange of announcements.
#[derive(Clone, Copy, Debug)]
pub(super) enum BindingChange {
    /// Receives the announcements of a slot.
    AddSlot(Slot),
    RemoveSlot(Slot),
    /// Receives the outcomes and replies to a gateway.
    AddGateway(Uuid),
}

impl BindingChange {
    pub async fn apply(self, queue: &ExclusiveQueue, names: &Names) -> lapin::Result<()> {
        let exchange = names.announce();
        match self {
            Self::AddSlot(slot) => queue.bind(exchange, slot_key(slot)).await,
            Self::RemoveSlot(slot) => queue.unbind(exchange, slot_key(slot)).await,
            Self::AddGateway(id) => queue.bind(exchange, gateway_key(id)).await,
        }
    }
}

/// The bindings that each new connection needs.
pub(super) struct Bindings {
    slots: Mutex<BTreeSet<Slot>>,
    /// The gateways to which the outcomes of commands are sent: usually only this one.
    gateways: Mutex<BTreeSet<Uuid>>,
}

impl Bindings {
    pub fn new(gateway: Uuid) -> Self {
        Self { slots: Mutex::default(), gateways: Mutex::new(BTreeSet::from([gateway])) }
    }

    pub fn has_slot(&self, slot: Slot) -> bool {
        locked(&self.slots).contains(&slot)
    }

    pub fn has_gateway(&self, id: Uuid) -> bool {
        locked(&self.gateways).contains(&id)
    }

    pub fn add_slot(&self, slot: Slot) {
        locked(&self.slots).insert(slot);
    }

    pub fn remove_slot(&self, slot: Slot) {
        locked(&self.slots).remove(&slot);
    }

    /// Returns whether the gateway is new.
    pub fn add_gateway(&self, id: Uuid) -> bool {
        locked(&self.gateways).insert(id)
    }

    pub fn remove_gateway(&self, id: Uuid) {
        locked(&self.gateways).remove(&id);
    }

    /// The changes that bind a new queue.
    pub fn all(&self) -> Vec<BindingChange> {
        let gateways =
            locked(&self.gateways).iter().copied().map(BindingChange::AddGateway).collect();
        let slots: Vec<_> =
            locked(&self.slots).iter().copied().map(BindingChange::AddSlot).collect();
        [gateways, slots].concat()
    }
}
