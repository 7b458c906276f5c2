//! CPU time by group of processes.

use std::collections::BTreeMap;

use super::processes::{cpu_ticks, processes_below};

/// Linux reports in ticks of a hundredth of a second, whatever the kernel's own rate is.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds of each group, such as `gateway`, and of this process.
#[derive(Clone, Default, Debug)]
pub struct CpuTime {
    /// By name of the group.
    pub groups: BTreeMap<&'static str, f64>,
    /// Of the load generator.
    pub generator: f64,
}

impl CpuTime {
    /// The times so far of groups, each with the process above all of its processes.
    pub fn of(groups: &[(&'static str, u32)]) -> Self {
        let mut times = BTreeMap::new();
        for (name, id) in groups {
            let ticks: u64 = processes_below(*id).into_iter().map(cpu_ticks).sum();
            *times.entry(*name).or_default() += ticks as f64 / TICKS_PER_SECOND;
        }
        let generator = cpu_ticks(std::process::id()) as f64 / TICKS_PER_SECOND;
        Self { groups: times, generator }
    }

    /// The time between then and now.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |name| earlier.groups.get(name).copied().unwrap_or_default();
        let groups = self.groups.iter().map(|(name, time)| (*name, time - before(name)));
        Self { groups: groups.collect(), generator: self.generator - earlier.generator }
    }

    /// The time of all groups, without the load generator.
    pub fn total(&self) -> f64 {
        self.groups.values().sum()
    }
}
