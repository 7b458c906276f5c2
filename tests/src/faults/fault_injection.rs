//! How it goes wrong, and how it is mended.

use std::time::Duration;

use tokio::time::sleep;

use super::proxied_processes::Worker;
use super::reconnect_storm::reconnect_within_a_second;
use super::stalled_readers::{StallResult, clients_stop_reading};
use super::{Injection, RunLength, TestCluster};
use crate::proxy::NetworkState;

pub(super) async fn a_gateway_is_killed(cluster: &mut TestCluster, injection: Injection<'_>) {
    let of = cluster.gateways.len();
    let gateway = &mut cluster.gateways[injection.round % of].process;
    gateway.kill().await;
    gateway.launch().await;
}

/// Long enough for some work to get as far as it can.
const STUCK: Duration = Duration::from_millis(500);

/// The worker gets so far with what it has, and no further; then it is killed.
pub(super) async fn a_worker_is_killed(cluster: &mut TestCluster, injection: Injection<'_>) {
    let worker = &mut cluster.workers[injection.round % 2];
    match injection.round % 5 {
        // It received commands, and cannot load what they are about.
        0 => worker.database.set(NetworkState::RequestsHeld),
        // It decided, and its commit does not arrive.
        1 => worker.database.set(NetworkState::RequestsHeldFrom(b"COMMIT")),
        // It committed, and can tell nobody.
        2 => worker.broker.set(NetworkState::RequestsHeld),
        // It announced and answered, and cannot acknowledge.
        3 => worker.broker.set(NetworkState::ConnectionsHeld(b"sockbit working")),
        // It acknowledges as it works.
        _ => {}
    }
    sleep(STUCK).await;
    kill_and_start(worker).await;
}

async fn kill_and_start(worker: &mut Worker) {
    worker.kill().await;
    worker.launch().await;
}

/// Each line once in each way, in the long run; in the short one each way and each line.
pub(super) async fn a_connection_is_cut(
    cluster: &mut TestCluster,
    Injection { round, length, .. }: Injection<'_>,
) {
    let proxies = cluster.proxies(round);
    let ways = [NetworkState::Down, NetworkState::ResponsesLost, NetworkState::RequestsLost];
    let line = proxies[round % proxies.len()];
    line.set(ways[round % ways.len()]);
    sleep(match length {
        RunLength::Short => Duration::from_secs(10),
        RunLength::Long => Duration::from_mins(3),
    })
    .await;
    // Connections that lost something are of no use to anybody.
    line.set(NetworkState::Down);
    line.set(NetworkState::Healthy);
}

const LATE: Duration = Duration::from_millis(150);
/// Long enough to get to work on a connection, and too short to finish it.
const RESET_AFTER: Duration = Duration::from_secs(2);

/// Each line in each way, in the long run; in the short one each way and each line.
pub(super) async fn a_connection_is_bad(
    cluster: &mut TestCluster,
    Injection { round, length, .. }: Injection<'_>,
) {
    let proxies = cluster.proxies(round);
    let line = proxies[round % proxies.len()];
    let ways =
        [NetworkState::Delayed(LATE), NetworkState::ByteByByte, NetworkState::Resets(RESET_AFTER)];
    line.set(ways[(round + round / proxies.len()) % ways.len()]);
    sleep(match length {
        RunLength::Short => Duration::from_secs(7),
        RunLength::Long => Duration::from_secs(100),
    })
    .await;
    line.set(NetworkState::Healthy);
}

/// It takes nothing more until it has room again.
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

/// What is full stays full for so long after somebody was told.
const FULL_FOR: Duration = Duration::from_secs(4);

pub(super) async fn the_disk_of_the_store_is_full(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    cluster.disks().store.fill();
    injection.probe.wait_until_not_saved_is_shown().await;
    sleep(FULL_FOR).await;
    cluster.disks().store.clear();
    cluster.revive_database();
}

pub(super) async fn the_disk_of_the_broker_is_full(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    cluster.disks().broker.fill();
    injection.probe.wait_until_not_saved_is_shown().await;
    sleep(FULL_FOR).await;
    cluster.disks().broker.clear();
    // Queues whose log could not be written do not come back by themselves.
    cluster.crash_broker();
}

pub(super) async fn fifty_clients_stop_reading(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    let StallResult { connected_for, pace } =
        clients_stop_reading(cluster, injection.clients).await;
    injection
        .measurements
        .record(format!("cut after {connected_for:.1?}, the others at {pace:.2} of their pace"));
    if injection.length == RunLength::Long {
        assert!(
            connected_for <= Duration::from_secs(10),
            "who does not read stays for {connected_for:?}"
        );
        assert!(pace >= 0.5, "others are served at {pace:.2} of their pace");
    }
}

pub(super) async fn two_thousand_clients_come_back(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    let took = reconnect_within_a_second(cluster).await;
    injection.measurements.record(format!("all knew everything after {took:.1?}"));
    if injection.length == RunLength::Long {
        assert!(took <= Duration::from_secs(15), "all know everything after {took:?}");
    }
}

pub(super) async fn everything_is_restarted_in_turn(cluster: &mut TestCluster) {
    for process in cluster.processes() {
        assert!(process.stop().await, "it ends well when it is asked to");
        process.launch().await;
    }
}

/// The older and the newer one work side by side, until the last one is replaced.
pub(super) async fn an_older_program_is_replaced_in_turn(
    cluster: &mut TestCluster,
    injection: Injection<'_>,
) {
    // Gateways and workers in turn, so that each talks to the other's other version.
    let (gateways, workers) = (cluster.gateways.iter_mut(), cluster.workers.iter_mut());
    let mut workers = workers.map(|it| &mut it.process);
    for gateway in gateways {
        for process in [Some(&mut gateway.process), workers.next()].into_iter().flatten() {
            assert!(process.stop().await, "it ends well when it is asked to");
            process.use_current_program();
            process.launch().await;
            injection.clients.wait_until_all_are_served().await;
        }
    }
}
