//! One measurement of growth.

use anyhow::{Context, Result};

use super::axis::Axis;
use crate::clock::now;
use crate::deployment::{Deployment, Servers, Subject};
use crate::load::{Latencies, Plan};
use crate::scenarios::{Figures, Length, measure_latency, warm_up};
use crate::setup::{Ids, append_to_board, connect, connect_owner, move_to_heads, plan};

const EDITS_PER_SECOND: f64 = 200.0;
const SAMPLES: usize = 100;

/// The columns of the tables.
pub const COLUMNS: &[&str] = &["p50 ms", "p99 ms", "CPU ms/edit", "join ms", "load ms"];

/// The figures of one subject with this much of something.
#[derive(Clone, Debug)]
pub struct GrowthPoint {
    pub axis: Axis,
    pub value: usize,
    pub subject: Subject,
    pub figures: Figures,
}

/// Measures a new deployment.
pub fn measure(
    axis: Axis,
    value: usize,
    subject: Subject,
    servers: &Servers,
    length: Length,
) -> Result<GrowthPoint> {
    let mut deployment = Deployment::start_sized(subject, servers, None, axis.size(value))?;
    let mut ids = Ids::new();
    warm_up(&deployment, &mut ids, length)?;
    let mut plan = plan(&deployment, &mut ids, &axis.population(value))?;
    if let Some(seed) = axis.seed(value) {
        let board = plan.boards.first().context("there is a board")?.id;
        let notes: Vec<_> = plan.writers.iter().flat_map(|it| &it.notes).map(|it| it.1).collect();
        deployment.restart_after(|store| append_to_board(store, board, &notes, seed, &mut ids))?;
        move_to_heads(&deployment, &mut plan)?;
    }
    let (joins, loads) = time_joins(&deployment, &plan, &mut ids)?;
    let mut load = connect(&deployment, &mut ids, plan)?;
    let mut figures = measure_latency(&deployment, &mut load, EDITS_PER_SECOND, length)?;
    figures.set_losses(&deployment, &mut load, false)?;
    figures.set("join ms", joins.quantile_ms(0.5));
    figures.set("load ms", loads.quantile_ms(0.5));
    // Seconds for a thousand edits.
    let cpu = figures.cpu().unwrap_or_default();
    figures.set("CPU ms/edit", cpu);
    Ok(GrowthPoint { axis, value, subject, figures })
}

/// The times that it takes to join a board at its head, and to load its notes.
fn time_joins(
    deployment: &Deployment<'_>,
    plan: &Plan,
    ids: &mut Ids,
) -> Result<(Latencies, Latencies)> {
    let mut owner = connect_owner(deployment, plan)?;
    let (mut joins, mut loads) = (Latencies::new()?, Latencies::new()?);
    for board in plan.boards.iter().cycle().take(SAMPLES) {
        let start = now();
        owner.join_and_leave(board.id, board.head)?;
        joins.record(start.elapsed());
        let start = now();
        owner.load_board(ids, board.id)?;
        loads.record(start.elapsed());
    }
    Ok((joins, loads))
}
