//! A scenario that chance does not play: a tab is away while thousands of edits are made and
//! compacted, and comes back with words that it never sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_domain::{NoteId, Seq};

use crate::compaction::compact;
use crate::planted_bugs::PlantedBug;
use crate::run_context::{Phase, RunContext};
use crate::run_parameters::RunParameters;
use crate::simulated_client::SimulatedClient;
use crate::simulation_run::SimulationRun;
use crate::{RunResult, locked, play};

/// Edits that are made while the tab is away.
const EDITS: u64 = 5_000;
/// Edits that one person makes before it is the other one's turn.
const TURN: u64 = 100;

/// Plays it. The tab's words have to be there in the end, once, and not as a draft.
#[must_use]
pub fn run_stale_tab(seed: u64) -> RunResult {
    play(|| RunContext::new(seed, RunParameters::calm(), PlantedBug::None, false), scene)
}

async fn scene(context: Arc<RunContext>) {
    let run = SimulationRun::new(&context).await;
    run.begin();
    let [writer, other, tab] = &run.clients[..] else { return };
    locked(writer).create();
    let note = match run.rest().await {
        Some(()) => locked(writer).machine.notes().first().map(|it| it.id),
        None => None,
    };
    let Some(note) = note else { return context.fault("no note to write in".to_owned()) };
    // It leaves in the midst of what one person writes, so that its position is squashed away.
    for n in 0..EDITS {
        if n == TURN / 2 {
            leave_with_words(tab, note);
        }
        let client = if (n / TURN).is_multiple_of(2) { writer } else { other };
        locked(client).type_and_leave(note);
        if !run.is_saved(client).await {
            return context.fault(format!("edit {n} is not saved"));
        }
    }
    let before = run.head(locked(tab).board).map_or(Seq(0), |it| it.seq);
    compact(&context, &run.processes.database, Duration::ZERO, 0).await;
    if locked(&context.observations).counts.squashed < EDITS / 2 || before < Seq(EDITS) {
        return context.fault("too little was squashed".to_owned());
    }
    let snapshots = locked(&context.observations).counts.snapshots;
    context.enter(Phase::Healed);
    if run.rest().await.is_none() {
        return;
    }
    if locked(&context.observations).counts.snapshots == snapshots {
        return context.fault("the tab resumed from a position that is gone".to_owned());
    }
    if !locked(tab).machine.drafts().is_empty() {
        return context.fault("the tab's words became a draft".to_owned());
    }
    run.check_final_state();
}

/// Types what is never sent.
fn leave_with_words(tab: &Arc<Mutex<SimulatedClient>>, note: NoteId) {
    let mut tab = locked(tab);
    tab.disconnect_forever();
    for _ in 0..3 {
        tab.type_in(note);
    }
}
