//! Many connections that do nothing.

use std::time::Duration;

use anyhow::Result;

use super::figures::{Figures, GENERATOR};
use super::length::Length;
use crate::clock::now;
use crate::deployment::Deployment;
use crate::load::Pace;
use crate::setup::{Ids, Population, connect, plan};

const BOARDS: usize = 100;
const FIRST: usize = 100;
const MORE: usize = 10_000;
const MORE_IF_QUICK: usize = 2_000;
const SETTLE: Duration = Duration::from_secs(2);

/// Memory for each connection beyond the first.
pub fn run(deployment: &Deployment<'_>, ids: &mut Ids, length: Length) -> Result<Figures> {
    let more = if length == Length::Quick { MORE_IF_QUICK } else { MORE };
    let population =
        Population { boards: BOARDS, writers: 1, readers: FIRST + more, ..Population::default() };
    let mut first = plan(deployment, ids, &population)?;
    let mut rest = first.clone();
    rest.readers = first.readers.split_off(FIRST);
    let mut load = connect(deployment, ids, first)?;
    load.run(Pace::Pause, SETTLE)?;
    let memory_before = deployment.gateway_memory_kib();
    let (cpu_before, start) = (deployment.cpu_time(), now());
    load.add_readers(&rest)?;
    let took = start.elapsed();
    let cpu = deployment.cpu_time().since(&cpu_before);
    load.run(Pace::Pause, SETTLE)?;
    let memory = deployment.gateway_memory_kib().saturating_sub(memory_before);
    let mut figures = Figures::default();
    figures.set("KiB/connection", memory as f64 / more as f64);
    figures.set("connections/s", more as f64 / took.as_secs_f64());
    figures.set(GENERATOR, cpu.generator / took.as_secs_f64() * 100.0);
    Ok(figures)
}
