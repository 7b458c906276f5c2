//! What happens in a running cluster: warnings of its processes, and that one has ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sockbit_servers::Folder;

use super::member::Member;
use super::servers::Servers;

const LOOKS_EVERY: Duration = Duration::from_millis(200);

/// Tells what happens until it is over.
pub fn until(is_over: &AtomicBool, folder: &Folder, servers: &mut Servers, members: &mut [Member]) {
    let mut are_told = [false; 2];
    while !is_over.load(Ordering::Relaxed) {
        for member in &mut *members {
            tell_warnings(member, folder);
            if member.has_ended() {
                member.process = None;
                tell_end(&member.name, &folder.last_lines(&member.name));
            }
        }
        tell_ended_servers(servers, &mut are_told);
        sleep(LOOKS_EVERY);
    }
}

fn tell_ended_servers(servers: &mut Servers, are_told: &mut [bool; 2]) {
    let [postgres_is_told, rabbitmq_is_told] = are_told;
    if !*postgres_is_told && !servers.postgres.is_running() {
        *postgres_is_told = true;
        tell_end("PostgreSQL", &servers.postgres.last_lines());
    }
    if !*rabbitmq_is_told && !servers.rabbitmq.is_running() {
        *rabbitmq_is_told = true;
        tell_end("RabbitMQ", &servers.rabbitmq.last_lines());
    }
}

fn tell_end(name: &str, last_lines: &str) {
    println!("{name} has ended; its log ends with");
    for line in last_lines.lines() {
        println!("    {line}");
    }
}

fn tell_warnings(member: &mut Member, folder: &Folder) {
    let log = folder.log_since(&member.name, member.log_read);
    // A line that is being written is told when it is whole.
    let whole = log.rfind('\n').map_or(0, |end| end + 1);
    for line in log[..whole].lines().filter(|line| is_warning(line)) {
        println!("{}: {line}", member.name);
    }
    member.log_read += whole as u64;
}

/// After the time comes the level; panics come as they are. That a process was not ready is known to us, who
/// asked.
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
    fn warnings_errors_and_panics_are_told_and_news_are_not() {
        assert!(is_warning("2026-11-21T11:00:00.0Z  WARN sockbit: the bus is away"));
        assert!(is_warning("2026-11-21T11:00:00.0Z ERROR sockbit: the store is away"));
        assert!(is_warning("thread 'main' (1) panicked at src/main.rs:1:1:"));
        assert!(!is_warning("2026-11-21T11:00:00.0Z  INFO sockbit: no WARN here"));
    }

    #[test]
    fn our_own_questions_are_not_told() {
        let asked = "2026-11-21T11:00:00.0Z  WARN request{route=\"/readyz\"}: answered status=503";
        assert!(!is_warning(asked));
    }
}
