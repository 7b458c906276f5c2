//! How each fault is injected and repaired.

use std::time::Duration;

use tokio::time::sleep;

use super::proxied_processes::Worker;
use super::reconnect_storm::reconnect_within_a_second;
use super::stalled_readers::{StallResult, clients_stop_reading};
use super::{Injection, RunLength, TestCluster};
use crate::proxy::NetworkState;

pub(super) async fn a_gateway_is_killed(cluster: &mut TestCluster, injection: Injection<'_>) {
    let count = cluster.gateways.len();
    let gateway = &mut cluster.gateways[injection.round % count].process;
    gateway.kill().await;
    gateway.launch().await;
}

/// How long a worker is blocked before it is killed.
const STUCK: Duration = Duration::from_millis(500);

/// Blocks the worker at one of five points, then kills it.
pub(super) async fn a_worker_is_killed(cluster: &mut TestCluster, injection: Injection<'_>) {
    let worker = &mut cluster.workers[injection.round % 2];
    match injection.round % 5 {
        // It has received commands and cannot load their boards.
        0 => worker.database.set(NetworkState::RequestsHeld),
        // It has decided, and its commit does not arrive.
        1 => worker.database.set(NetworkState::RequestsHeldFrom(b"COMMIT")),
        // It has committed and cannot announce.
        2 => worker.broker.set(NetworkState::RequestsHeld),
        // It has announced and sent outcomes, and cannot acknowledge.
        3 => worker.broker.set(NetworkState::ConnectionsHeld(b"sockbit consuming")),
        // It is acknowledging other deliveries.
        _ => {}
    }
    sleep(STUCK).await;
    kill_and_start(worker).await;
}

async fn kill_and_start(worker: &mut Worker) {
    worker.kill().await;
    worker.launch().await;
}

/// Cuts one connection. A long run covers each connection in each way, a short one each way.
pub(super) async fn a_connection_is_cut(
    cluster: &mut TestCluster,
    Injection { round, length, .. }: Injection<'_>,
) {
    let proxies = cluster.proxies(round);
    let states = [NetworkState::Down, NetworkState::ResponsesLost, NetworkState::RequestsLost];
    let proxy = proxies[round % proxies.len()];
    proxy.set(states[round % states.len()]);
    sleep(match length {
        RunLength::Short => Duration::from_secs(10),
        RunLength::Long => Duration::from_mins(3),
    })
    .await;
    // Established connections may have lost data, so they are closed.
    proxy.set(NetworkState::Down);
    proxy.set(NetworkState::Healthy);
}

const DELAY: Duration = Duration::from_millis(150);
/// Long enough to start work on a connection, too short to finish it.
const RESET_AFTER: Duration = Duration::from_secs(2);

/// Slows, fragments or resets one connection. A long run covers each connection in each way, a
/// short one each way.
pub(super) async fn a_connection_is_bad(
    cluster: &mut TestCluster,
    Injection { round, length, .. }: Injection<'_>,
) {
    let proxies = cluster.proxies(round);
    let proxy = proxies[round % proxies.len()];
    let states =
        [NetworkState::Delayed(DELAY), NetworkState::ByteByByte, NetworkState::Resets(RESET_AFTER)];
    proxy.set(states[(round + round / proxies.len()) % states.len()]);
    sleep(match length {
        RunLength::Short => Duration::from_secs(7),
        RunLength::Long => Duration::from_secs(100),
    })
    .await;
    proxy.set(NetworkState::Healthy);
}

/// The broker blocks publishers until the alarm is cleared.
pub(super) async fn the_broker_raises_an_alarm(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    let [alarm, all_clear]: [&[&str]; 2] = match injection.round % 2 {
        0 => [
            &["set_vm_memory_high_watermark", "0.000001"],
            &["set_vm_memory_high_watermark", "absolute", "768MB"],
        ],
        _ => [&["set_disk_free_limit", "900000GB"], &["set_disk_free_limit", "1MB"]],
    };
    cluster.broker_ctl(alarm);
    injection.probe.wait_until_not_saved_is_shown().await;
    cluster.broker_ctl(all_clear);
}

/// How long a disk stays full after the page has reported it.
const FULL_FOR: Duration = Duration::from_secs(4);

pub(super) async fn the_disk_of_the_store_is_full(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    cluster.disks().store.fill();
    injection.probe.wait_until_not_saved_is_shown().await;
    sleep(FULL_FOR).await;
    cluster.disks().store.clear();
    cluster.restart_database_if_ended();
}

pub(super) async fn the_disk_of_the_broker_is_full(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    cluster.disks().broker.fill();
    injection.probe.wait_until_not_saved_is_shown().await;
    sleep(FULL_FOR).await;
    cluster.disks().broker.clear();
    // Queues whose log could not be written need a restart.
    cluster.crash_broker();
}

pub(super) async fn fifty_clients_stop_reading(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    let StallResult { connected_for, relative_rate } =
        clients_stop_reading(cluster, injection.clients).await;
    injection.measurements.record(format!(
        "disconnected after {connected_for:.1?}, the other clients at {relative_rate:.2} of their rate"
    ));
    if injection.length == RunLength::Long {
        assert!(
            connected_for <= Duration::from_secs(10),
            "a client that does not read stays connected for {connected_for:?}"
        );
        assert!(
            relative_rate >= 0.5,
            "the other clients are served at {relative_rate:.2} of their rate"
        );
    }
}

pub(super) async fn two_thousand_clients_come_back(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    let took = reconnect_within_a_second(cluster).await;
    injection.measurements.record(format!("all clients were current after {took:.1?}"));
    if injection.length == RunLength::Long {
        assert!(took <= Duration::from_secs(15), "all clients are current only after {took:?}");
    }
}

pub(super) async fn everything_is_restarted_in_turn(cluster: &mut TestCluster) {
    for process in cluster.processes() {
        assert!(process.stop().await, "the process exits successfully");
        process.launch().await;
    }
}

/// Old and new processes run side by side until the last one is replaced.
pub(super) async fn an_older_program_is_replaced_in_turn(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    // Gateways and workers alternate, so that each version of one talks to the other version of the
    // other.
    let (gateways, workers) = (cluster.gateways.iter_mut(), cluster.workers.iter_mut());
    let mut workers = workers.map(|it| &mut it.process);
    for gateway in gateways {
        for process in [Some(&mut gateway.process), workers.next()].into_iter().flatten() {
            assert!(process.stop().await, "the process exits successfully");
            process.use_current_program();
            process.launch().await;
            injection.clients.wait_until_all_are_served().await;
        }
    }
}
