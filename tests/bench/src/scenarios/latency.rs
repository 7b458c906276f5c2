//! Latency of edits that are sent at fixed times.

use anyhow::Result;

use super::figures::Figures;
use super::length::Length;
use crate::deployment::Deployment;
use crate::load::{Load, Pace};
use crate::setup::{Ids, Population, prepare};

const BOARDS: usize = 10;
const WRITERS: usize = 20;
const READERS: usize = 80;

/// Edits of 20 writers at a rate.
pub fn run(
    deployment: &Deployment<'_>,
    ids: &mut Ids,
    edits_per_second: f64,
    length: Length,
) -> Result<Figures> {
    let population =
        Population { boards: BOARDS, writers: WRITERS, readers: READERS, ..Population::default() };
    let mut load = prepare(deployment, ids, &population)?;
    let mut figures = measure_latency(deployment, &mut load, edits_per_second, length)?;
    figures.set_losses(deployment, &mut load, false)?;
    Ok(figures)
}

/// Measures latency and CPU time at a rate.
pub fn measure_latency(
    deployment: &Deployment<'_>,
    load: &mut Load,
    edits_per_second: f64,
    length: Length,
) -> Result<Figures> {
    let pace = Pace::EditsPerSecond(edits_per_second);
    load.run(pace, length.warm_up())?;
    let cpu = deployment.cpu_time();
    load.measure(pace, length.measured())?;
    let cpu = deployment.cpu_time().since(&cpu);
    load.settle()?;
    let mut figures = Figures::default();
    figures.set_latencies(&load.latencies);
    let thousands = edits_per_second * length.measured().as_secs_f64() / 1e3;
    figures.set_cpu(&cpu, thousands, length.measured());
    Ok(figures)
}
