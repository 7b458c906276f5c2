//! A core that announces nothing: it creates the boards before a run and reads them for pages.

use std::sync::Arc;

use sockbit_application::bus_messages::{Announcement, OutcomeEnvelope};
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::ports::{
    Announcer, Confirm, DecisionStore, ReadStore, StoreHealth, Unavailable, ready_confirm,
};

use crate::run_context::{RunContext, SimulatedClock, SimulatedIds};

/// A core on a store.
pub(crate) fn core_without_bus<S>(context: &Arc<RunContext>, store: Arc<S>) -> Core
where
    S: DecisionStore + ReadStore + StoreHealth + 'static,
{
    let ports = CorePorts {
        decisions: Arc::clone(&store) as _,
        reads: Arc::clone(&store) as _,
        health: store,
        announcer: Arc::new(DiscardingAnnouncer),
        clock: Arc::new(SimulatedClock::new(Arc::clone(context), 0)),
        ids: Arc::new(SimulatedIds::new(Arc::clone(context), usize::MAX, false)),
    };
    Core::new(ports, context.parameters.limits.clone())
}

struct DiscardingAnnouncer;

impl Announcer for DiscardingAnnouncer {
    fn publish(&self, _: Vec<Announcement>, _: Vec<OutcomeEnvelope>) -> Confirm<Unavailable> {
        ready_confirm(Ok(()))
    }
}
