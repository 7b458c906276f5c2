//! Processes as the system lists them in `/proc`.

use std::fs;

/// The process and all of its descendants.
pub fn processes_below(id: u32) -> Vec<u32> {
    let mut found = vec![id];
    let mut next = 0;
    while let Some(id) = found.get(next).copied() {
        found.extend(children(id));
        next += 1;
    }
    found
}

fn children(id: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let ids = lists.flat_map(|list| {
        list.split_whitespace().filter_map(|it| it.parse().ok()).collect::<Vec<_>>()
    });
    ids.collect()
}

/// Resident memory of these processes in KiB.
pub fn resident_kib(ids: &[u32]) -> u64 {
    ids.iter().filter_map(|id| resident_kib_of(*id)).sum()
}

fn resident_kib_of(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// CPU time of a process and of its children that have ended, in clock ticks.
pub fn cpu_ticks(id: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name, in parentheses, may contain spaces.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    // The state is the first of these fields; user and system time, and those of children, follow.
    let times = fields.split_whitespace().skip(11).take(4);
    times.filter_map(|it| it.parse::<u64>().ok()).sum()
}
