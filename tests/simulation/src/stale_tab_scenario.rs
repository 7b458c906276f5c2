//! A scenario that random runs do not reach: a tab is offline while thousands of edits are made and
//! compacted, and returns with text that it never sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::mutex::locked;
use sockbit_domain::{NoteId, Seq};

use crate::compaction::compact;
use crate::planted_bugs::PlantedBug;
use crate::run_context::{Phase, Recording, RunContext};
use crate::run_parameters::RunParameters;
use crate::simulated_client::SimulatedClient;
use crate::simulation_run::SimulationRun;
use crate::{RunResult, play};

/// Edits made while the tab is offline.
const EDITS: u64 = 5_000;
/// Edits of one user before it is the other one's turn.
const TURN: u64 = 100;

/// Runs it. At the end the tab's text must be there once, and not as a draft.
#[must_use]
pub fn run_stale_tab(seed: u64) -> RunResult {
    play(
        || {
            RunContext::new(
                seed,
                RunParameters::without_faults(),
                PlantedBug::None,
                Recording::default(),
            )
        },
        scenario,
    )
}

async fn scenario(context: Arc<RunContext>) {
    let run = SimulationRun::new(&context).await;
    run.spawn_all();
    let [writer, other, tab] = &run.clients[..] else { return };
    locked(writer).create();
    let note = match run.wait_until_settled().await {
        Some(()) => locked(writer).machine.notes().first().map(|it| it.id),
        None => None,
    };
    let Some(note) = note else {
        return context.fault("the first note was not created".to_owned());
    };
    // The tab leaves in the middle of one user's turn, so that its position is squashed.
    for n in 0..EDITS {
        if n == TURN / 2 {
            leave_with_unsent_text(tab, note);
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
    let snapshots = locked(&context.observations).counts.base_gone;
    context.enter(Phase::Settling);
    if run.wait_until_settled().await.is_none() {
        return;
    }
    if locked(&context.observations).counts.base_gone == snapshots {
        return context.fault("the tab resumed from a compacted position".to_owned());
    }
    if !locked(tab).machine.drafts().is_empty() {
        return context.fault("the tab's text became a draft".to_owned());
    }
    run.check_final_state();
}

/// Types text that is never sent.
fn leave_with_unsent_text(tab: &Arc<Mutex<SimulatedClient>>, note: NoteId) {
    let mut tab = locked(tab);
    tab.disconnect_forever();
    for _ in 0..3 {
        tab.type_in(note);
    }
}
