//! Prints warnings of the processes of a running cluster, and their end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sockbit_servers::Folder;

use super::cluster_process::ClusterProcess;
use super::servers::Servers;

const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Prints until the cluster is stopped.
pub fn run_until(
    is_stopped: &AtomicBool,
    folder: &Folder,
    servers: &mut Servers,
    processes: &mut [ClusterProcess],
) {
    let mut reported = [false; 2];
    while !is_stopped.load(Ordering::Relaxed) {
        for process in &mut *processes {
            print_warnings(process, folder);
            if process.has_ended() {
                process.process = None;
                print_end(&process.name, &folder.last_lines(&process.name));
            }
        }
        print_ended_servers(servers, &mut reported);
        sleep(POLL_INTERVAL);
    }
}

fn print_ended_servers(servers: &mut Servers, reported: &mut [bool; 2]) {
    let [postgres_is_reported, rabbitmq_is_reported] = reported;
    if !*postgres_is_reported && !servers.postgres.is_running() {
        *postgres_is_reported = true;
        print_end("PostgreSQL", &servers.postgres.last_lines());
    }
    if !*rabbitmq_is_reported && !servers.rabbitmq.is_running() {
        *rabbitmq_is_reported = true;
        print_end("RabbitMQ", &servers.rabbitmq.last_lines());
    }
}

fn print_end(name: &str, last_lines: &str) {
    println!("{name} has ended; its log ends with");
    for line in last_lines.lines() {
        println!("    {line}");
    }
}

fn print_warnings(process: &mut ClusterProcess, folder: &Folder) {
    let log = folder.log_since(&process.name, process.log_read);
    // A line that is still being written is printed once it is complete.
    let whole = log.rfind('\n').map_or(0, |end| end + 1);
    for line in log[..whole].lines().filter(|line| is_warning(line)) {
        println!("{}: {line}", process.name);
    }
    process.log_read += whole as u64;
}

/// The level follows the time; panics have no level. Failed readiness requests are this task's own
/// and not printed.
fn is_warning(line: &str) -> bool {
    if line.contains("route=\"/readyz\"") {
        return false;
    }
    let level = line.split_whitespace().nth(1);
    level.is_some_and(|it| it == "WARN" || it == "ERROR") || line.contains("panicked at")
}

#[cfg(test)]
mod tests {
    use super::is_warning;

    #[test]
    fn warnings_errors_and_panics_are_printed_and_other_lines_are_not() {
        assert!(is_warning(
            "2026-11-21T11:00:00.0Z  WARN sockbit_rabbitmq: disconnected from RabbitMQ connection=\"publishing\""
        ));
        assert!(is_warning(
            "2026-11-21T11:00:00.0Z ERROR sockbit_rabbitmq: a command is dead-lettered"
        ));
        assert!(is_warning("thread 'main' (1) panicked at src/main.rs:1:1:"));
        assert!(!is_warning("2026-11-21T11:00:00.0Z  INFO sockbit: no WARN here"));
    }

    #[test]
    fn failed_readiness_requests_are_not_printed() {
        let line =
            "2026-11-21T11:00:00.0Z  WARN request{route=\"/readyz\"}: request finished status=503";
        assert!(!is_warning(line));
    }
}
