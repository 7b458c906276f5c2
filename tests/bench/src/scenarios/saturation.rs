//! As many edits as the server saves.

use anyhow::Result;

use super::figures::Figures;
use super::length::Length;
use crate::deployment::Deployment;
use crate::load::{Load, Pace};
use crate::setup::{Ids, Population, prepare};

const PACE: Pace = Pace::InFlightPerWriter(8);

/// Measures edits that are finished.
pub fn run(deployment: &Deployment<'_>, ids: &mut Ids, length: Length) -> Result<Figures> {
    let mut load = prepare_load(deployment, ids)?;
    load.run(PACE, length.warm_up())?;
    let cpu = deployment.cpu_time();
    load.measure(PACE, length.measured())?;
    let cpu = deployment.cpu_time().since(&cpu);
    let mut figures = Figures::default();
    let finished = load.finished as f64;
    figures.set("edits/s", finished / length.measured().as_secs_f64());
    figures.set_cpu(&cpu, finished / 1e3, length.measured());
    figures.set_losses(deployment, &mut load, false)?;
    figures.set_latencies(&load.latencies);
    Ok(figures)
}

/// The same load without measurement: JavaScript is compiled while it runs.
pub fn warm_up(deployment: &Deployment<'_>, ids: &mut Ids, length: Length) -> Result<()> {
    let mut load = prepare_load(deployment, ids)?;
    load.run(PACE, length.measured() / 2)?;
    load.settle()
}

fn prepare_load(deployment: &Deployment<'_>, ids: &mut Ids) -> Result<Load> {
    let population = Population { boards: 32, writers: 64, ..Population::default() };
    prepare(deployment, ids, &population)
}
