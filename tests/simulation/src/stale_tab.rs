//! A scenario that chance does not play: a tab is away while thousands of edits are made and
//! compacted, and comes back with words that it never sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_domain::{NoteId, Seq};

use crate::compaction::compact;
use crate::plan::Plan;
use crate::seat::Seat;
use crate::sim::{Phase, Sim};
use crate::trick::Trick;
use crate::world::World;
use crate::{Ended, locked, play};

/// Edits that are made while the tab is away.
const EDITS: u64 = 5_000;
/// Edits that one person makes before it is the other one's turn.
const TURN: u64 = 100;

/// Plays it. The tab's words have to be there in the end, once, and not as a draft.
#[must_use]
pub fn stale_tab(seed: u64) -> Ended {
    play(|| Sim::new(seed, Plan::calm(), Trick::None, false), scene)
}

async fn scene(sim: Arc<Sim>) {
    let world = World::new(&sim).await;
    world.begin();
    let [writer, other, tab] = &world.seats[..] else { return };
    locked(writer).create();
    let note = match world.rest().await {
        Some(()) => locked(writer).machine.notes().first().map(|it| it.id),
        None => None,
    };
    let Some(note) = note else { return sim.fault("no note to write in".to_owned()) };
    // It leaves in the midst of what one person writes, so that its position is squashed away.
    for n in 0..EDITS {
        if n == TURN / 2 {
            leave_with_words(tab, note);
        }
        let seat = if (n / TURN).is_multiple_of(2) { writer } else { other };
        locked(seat).type_and_leave(note);
        if !world.is_saved(seat).await {
            return sim.fault(format!("edit {n} is not saved"));
        }
    }
    let before = world.head(locked(tab).board).map_or(Seq(0), |it| it.seq);
    compact(&sim, &world.house.vault, Duration::ZERO, 0).await;
    if locked(&sim.evidence).counts.squashed < EDITS / 2 || before < Seq(EDITS) {
        return sim.fault("too little was squashed".to_owned());
    }
    let snapshots = locked(&sim.evidence).counts.snapshots;
    sim.enter(Phase::Healed);
    if world.rest().await.is_none() {
        return;
    }
    if locked(&sim.evidence).counts.snapshots == snapshots {
        return sim.fault("the tab resumed from a position that is gone".to_owned());
    }
    if !locked(tab).machine.drafts().is_empty() {
        return sim.fault("the tab's words became a draft".to_owned());
    }
    world.judge();
}

/// Types what is never sent.
fn leave_with_words(tab: &Arc<Mutex<Seat>>, note: NoteId) {
    let mut tab = locked(tab);
    tab.leave_for_good();
    for _ in 0..3 {
        tab.type_in(note);
    }
}
