//! How it goes wrong, and how it is mended.

use std::time::Duration;

use tokio::time::sleep;

use super::crowd::a_crowd_comes_back;
use super::deaf::{Suffered, clients_stop_reading};
use super::parts::Worker;
use super::{Blow, House, Size};
use crate::proxy::NetworkState;

pub(super) async fn a_gateway_is_killed(house: &mut House, blow: Blow<'_>) {
    let of = house.gateways.len();
    let gateway = &mut house.gateways[blow.round % of].process;
    gateway.kill().await;
    gateway.launch().await;
}

/// Long enough for some work to get as far as it can.
const STUCK: Duration = Duration::from_millis(500);

/// The worker gets so far with what it has, and no further; then it is killed.
pub(super) async fn a_worker_is_killed(house: &mut House, blow: Blow<'_>) {
    let worker = &mut house.workers[blow.round % 2];
    match blow.round % 5 {
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
pub(super) async fn a_line_is_cut(house: &mut House, Blow { round, size, .. }: Blow<'_>) {
    let lines = house.lines(round);
    let ways = [NetworkState::Down, NetworkState::ResponsesLost, NetworkState::RequestsLost];
    let line = lines[round % lines.len()];
    line.set(ways[round % ways.len()]);
    sleep(match size {
        Size::Short => Duration::from_secs(10),
        Size::Long => Duration::from_mins(3),
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
pub(super) async fn a_line_is_bad(house: &mut House, Blow { round, size, .. }: Blow<'_>) {
    let lines = house.lines(round);
    let line = lines[round % lines.len()];
    let ways =
        [NetworkState::Delayed(LATE), NetworkState::ByteByByte, NetworkState::Resets(RESET_AFTER)];
    line.set(ways[(round + round / lines.len()) % ways.len()]);
    sleep(match size {
        Size::Short => Duration::from_secs(7),
        Size::Long => Duration::from_secs(100),
    })
    .await;
    line.set(NetworkState::Healthy);
}

/// It takes nothing more until it has room again.
pub(super) async fn the_broker_gives_the_alarm(house: &mut House, blow: Blow<'_>) {
    let [alarm, all_clear]: [&[&str]; 2] = match blow.round % 2 {
        0 => [
            &["set_vm_memory_high_watermark", "0.000001"],
            &["set_vm_memory_high_watermark", "absolute", "768MB"],
        ],
        _ => [&["set_disk_free_limit", "900000GB"], &["set_disk_free_limit", "1MB"]],
    };
    house.tell_broker(alarm);
    blow.witness.until_it_says_not_saved().await;
    house.tell_broker(all_clear);
}

/// What is full stays full for so long after somebody was told.
const FULL_FOR: Duration = Duration::from_secs(4);

pub(super) async fn the_disk_of_the_store_is_full(house: &mut House, blow: Blow<'_>) {
    house.disks().store.fill();
    blow.witness.until_it_says_not_saved().await;
    sleep(FULL_FOR).await;
    house.disks().store.clear();
    house.revive_database();
}

pub(super) async fn the_disk_of_the_broker_is_full(house: &mut House, blow: Blow<'_>) {
    house.disks().broker.fill();
    blow.witness.until_it_says_not_saved().await;
    sleep(FULL_FOR).await;
    house.disks().broker.clear();
    // Queues whose log could not be written do not come back by themselves.
    house.crash_broker();
}

pub(super) async fn fifty_clients_stop_reading(house: &mut House, blow: Blow<'_>) {
    let Suffered { stayed, pace } = clients_stop_reading(house, blow.people).await;
    blow.remarks.say(format!("cut after {stayed:.1?}, the others at {pace:.2} of their pace"));
    if blow.size == Size::Long {
        assert!(stayed <= Duration::from_secs(10), "who does not read stays for {stayed:?}");
        assert!(pace >= 0.5, "others are served at {pace:.2} of their pace");
    }
}

pub(super) async fn two_thousand_clients_come_back(house: &mut House, blow: Blow<'_>) {
    let took = a_crowd_comes_back(house).await;
    blow.remarks.say(format!("all knew everything after {took:.1?}"));
    if blow.size == Size::Long {
        assert!(took <= Duration::from_secs(15), "all know everything after {took:?}");
    }
}

pub(super) async fn everything_is_restarted_in_turn(house: &mut House) {
    for process in house.processes() {
        assert!(process.stop().await, "it ends well when it is asked to");
        process.launch().await;
    }
}

/// The older and the newer one work side by side, until the last one is replaced.
pub(super) async fn an_older_program_is_replaced_in_turn(house: &mut House, blow: Blow<'_>) {
    // Gateways and workers in turn, so that each talks to the other's other version.
    let (gateways, workers) = (house.gateways.iter_mut(), house.workers.iter_mut());
    let mut workers = workers.map(|it| &mut it.process);
    for gateway in gateways {
        for process in [Some(&mut gateway.process), workers.next()].into_iter().flatten() {
            assert!(process.stop().await, "it ends well when it is asked to");
            process.use_current_program();
            process.launch().await;
            blow.people.until_each_is_served().await;
        }
    }
}
