//! The figures of one measurement.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::deployment::{CpuTime, Deployment};
use crate::load::{Latencies, Load};
use crate::report::shown;
use crate::setup::stored_edits;

/// Figures by name, such as `p50 ms`. The names are the columns of the tables.
#[derive(Clone, Default, Debug)]
pub struct Figures {
    values: BTreeMap<String, f64>,
}

/// Prefix of the CPU time of one group of processes; the group's name follows.
const CPU_OF: &str = "CPU of ";
/// CPU seconds for each thousand edits, of all processes without the load generator.
pub const CPU: &str = "CPU s/1,000 edits";
/// The load generator's part of one core.
pub const GENERATOR: &str = "generator, % of a core";
pub const LOST: &str = "lost";
pub const DUPLICATED: &str = "duplicated";

impl Figures {
    /// Sets a figure.
    pub fn set(&mut self, name: &str, value: f64) -> &mut Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// A figure, if it was measured.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// These figures in one line.
    pub fn line(&self, columns: &[&str]) -> String {
        let shown = |name: &&str| Some(format!("{name} {}", shown(self.get(name)?)));
        columns.iter().filter_map(shown).collect::<Vec<_>>().join(", ")
    }

    /// CPU seconds for each thousand edits.
    pub fn cpu(&self) -> Option<f64> {
        self.get(CPU)
    }

    /// The CPU time of each group of processes, by name.
    pub fn cpu_of_groups(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().filter_map(|(name, time)| Some((name.strip_prefix(CPU_OF)?, *time)))
    }

    /// Sets the quantiles.
    pub fn set_latencies(&mut self, latencies: &Latencies) -> &mut Self {
        self.set("p50 ms", latencies.quantile_ms(0.5));
        self.set("p99 ms", latencies.quantile_ms(0.99));
        self.set("max ms", latencies.max_ms())
    }

    /// Sets the CPU time of a thousand units of work, and the load generator's part of a core.
    pub fn set_cpu(&mut self, cpu: &CpuTime, thousands: f64, duration: Duration) -> &mut Self {
        self.set(CPU, cpu.total() / thousands);
        for (group, time) in &cpu.groups {
            self.set(&format!("{CPU_OF}{group}"), time / thousands);
        }
        self.set(GENERATOR, cpu.generator / duration.as_secs_f64() * 100.0)
    }

    /// Sets what a finished load lost or duplicated, and fails if it is not nothing.
    pub fn set_losses(
        &mut self,
        deployment: &Deployment<'_>,
        load: &mut Load,
        may_miss_while_away: bool,
    ) -> Result<()> {
        load.settle()?;
        let losses = load.losses();
        let title = deployment.subject.title();
        ensure!(
            losses.lost == 0 && losses.duplicated == 0,
            "{title}: {} messages are lost and {} are duplicated",
            losses.lost,
            losses.duplicated
        );
        ensure!(
            may_miss_while_away || losses.missed_while_away == 0,
            "{title}: {} events were missed by clients that reconnected",
            losses.missed_while_away
        );
        let (sent, of_boards) = load.sent();
        let stored = stored_edits(deployment, load.plan())?;
        ensure!(
            stored == of_boards,
            "{title}: of {sent} edits, the store has {}",
            stored.iter().sum::<u64>()
        );
        self.set(LOST, losses.lost as f64);
        self.set(DUPLICATED, losses.duplicated as f64);
        Ok(())
    }
}
