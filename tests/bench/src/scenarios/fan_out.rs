//! Events of one board to many readers.

use anyhow::Result;

use super::figures::{CPU, Figures};
use super::length::Length;
use crate::deployment::Deployment;
use crate::load::Pace;
use crate::setup::{Ids, Population, prepare};

const UNRECEIVED: Pace = Pace::UntilAllReceived(4);
/// Deliveries a second while latency is measured, about a tenth of what a server can do.
const PACED_DELIVERIES: f64 = 20_000.0;

/// Measures deliveries at saturation, then latency at a pace.
pub fn run(
    deployment: &Deployment<'_>,
    ids: &mut Ids,
    readers: usize,
    length: Length,
) -> Result<Figures> {
    let population = Population { readers, ..Population::default() };
    let mut load = prepare(deployment, ids, &population)?;
    load.run(UNRECEIVED, length.warm_up())?;
    let cpu = deployment.cpu_time();
    load.measure(UNRECEIVED, length.measured())?;
    let cpu = deployment.cpu_time().since(&cpu);
    load.settle()?;
    let deliveries = load.deliveries as f64;
    let mut figures = Figures::default();
    figures.set("deliveries/s", deliveries / length.measured().as_secs_f64());
    figures.set_cpu(&cpu, deliveries / 1e6, length.measured());
    let cpu_per_million = figures.get(CPU).unwrap_or_default();
    figures.set("CPU s/million deliveries", cpu_per_million);

    load.reset_latencies()?;
    let pace = Pace::EditsPerSecond(PACED_DELIVERIES / readers as f64);
    load.measure(pace, length.measured())?;
    figures.set_losses(deployment, &mut load, false)?;
    figures.set_latencies(&load.latencies);
    Ok(figures)
}
