//! Many readers that are disconnected at once.

use anyhow::Result;

use super::figures::{Figures, GENERATOR};
use super::length::Length;
use crate::deployment::Deployment;
use crate::load::Pace;
use crate::setup::{Ids, Population, prepare};

const READERS: usize = 5_000;
const PACE: Pace = Pace::EditsPerSecond(100.0);

/// Measures the time until all are back, and what they missed.
pub fn run(deployment: &Deployment<'_>, ids: &mut Ids, length: Length) -> Result<Figures> {
    let population = Population {
        boards: 50,
        writers: 50,
        readers: READERS,
        readers_resume: true,
        ..Population::default()
    };
    let mut load = prepare(deployment, ids, &population)?;
    load.run(PACE, length.warm_up())?;
    let cpu = deployment.cpu_time();
    let took = load.reconnect_readers(PACE)?;
    let cpu = deployment.cpu_time().since(&cpu);
    load.run(PACE, length.warm_up())?;
    let mut figures = Figures::default();
    figures.set("all back, s", took.as_secs_f64());
    figures.set(GENERATOR, cpu.generator / took.as_secs_f64() * 100.0);
    figures.set_losses(deployment, &mut load, deployment.subject.is_peer())?;
    figures.set("missed/client", load.losses().missed_while_away as f64 / READERS as f64);
    Ok(figures)
}
