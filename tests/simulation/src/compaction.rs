//! Compaction as a worker does it: over a network that may fail it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::compaction::Compaction;
use sockbit_application::ports::Store;

use crate::life::Life;
use crate::random::Part;
use crate::sabotage;
use crate::sim::{Sim, SimClock};
use crate::store::{StoreEnd, Vault};

/// Goes round once. Each time has a number of its own.
pub(crate) async fn compact(sim: &Arc<Sim>, vault: &Arc<Vault>, after: Duration, number: usize) {
    let store = StoreEnd {
        sim: Arc::clone(sim),
        vault: Arc::clone(vault),
        life: Arc::new(Life::default()),
        random: Mutex::new(sim.random(Part::Compaction, number)),
        is_cut: Arc::default(),
        delivered_again: Arc::default(),
    };
    let store: Arc<dyn Store> = sabotage::compaction(sim, vault, Arc::new(store));
    let clock = SimClock::new(Arc::clone(sim), number);
    let result = Compaction::new(store, Arc::new(clock), after).round().await;
    sim.tell(format_args!("compaction of what is older than {after:?}: {result:?}"));
}
