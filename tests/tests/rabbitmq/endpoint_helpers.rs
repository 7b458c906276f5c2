//! Helpers that send and take messages, and wait for endpoints.

use std::sync::Arc;

use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::ports::{Announcements, Announcer, Commands, Incoming, WorkQueue};
use sockbit_application::slot::Slot;
use sockbit_rabbitmq::{GatewayEndpoint, WorkerEndpoint};
use sockbit_tests::contracts::bus::GatewayPorts;
use sockbit_tests::contracts::bus::fixtures::{
    MANY, QUIET, announcement, command, number, take_commands, uuid, within_deadline,
};
use sockbit_tests::rabbitmq_namespace::gateway_ports;
use sockbit_tests::system::eventually;
use tokio::time::timeout;

pub fn ports(gateway: &Arc<GatewayEndpoint>) -> GatewayPorts {
    GatewayPorts { id: uuid(0x9a7e), ..gateway_ports(Arc::clone(gateway)) }
}

/// Commands with these numbers, each on its own board.
pub fn commands(
    gateway: &Arc<GatewayEndpoint>,
    numbers: std::ops::Range<u64>,
) -> Vec<CommandEnvelope> {
    let ports = ports(gateway);
    numbers.map(|n| command(&ports, n, n)).collect()
}

/// Sends a batch again and again until it is accepted.
pub async fn send_until_accepted(gateway: &Arc<GatewayEndpoint>, batch: &[CommandEnvelope]) {
    eventually("a confirm", async || gateway.send(batch.to_vec()).await.ok()).await;
}

pub async fn take_numbers(worker: &WorkerEndpoint, count: usize) -> Vec<u64> {
    let mut numbers: Vec<_> = take_commands(worker, count).await.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Takes deliveries until a command with this number is delivered, and acknowledges them.
pub async fn take_until(worker: &WorkerEndpoint, expected: u64) {
    loop {
        let taken =
            within_deadline("a delivery", worker.take(MANY)).await.expect("the bus is open");
        worker.acknowledge(taken.iter().map(|it| it.tag).collect()).await.ok();
        if taken.iter().flat_map(|it| &it.commands).any(|it| number(it) == expected) {
            return;
        }
    }
}

/// Announces until a gateway receives it: while bindings are restored, announcements are lost.
pub async fn assert_receives(
    gateway: &GatewayEndpoint,
    worker: &WorkerEndpoint,
    slot: u8,
    expected: u64,
) {
    let is_expected = |incoming: &Incoming| {
        matches!(incoming, Incoming::Announcement(it)
            if it.slot == Slot(slot) && it.events.iter().any(|it| it.event.seq.0 == expected))
    };
    eventually("an announcement", async || {
        worker.publish(vec![announcement(slot, expected)], Vec::new()).await.ok()?;
        let receiving = async { while !is_expected(&gateway.next().await.expect("it is open")) {} };
        timeout(QUIET, receiving).await.ok()
    })
    .await;
}

pub async fn assert_is_interrupted(gateway: &GatewayEndpoint) {
    loop {
        if let Incoming::Interrupted =
            within_deadline("a message", gateway.next()).await.expect("the bus is open")
        {
            return;
        }
    }
}

/// Waits until a worker consumes this many queues.
pub async fn until_consumed(worker: &WorkerEndpoint, count: usize) {
    let consumes = async || (worker.consumed_queues().len() == count).then_some(());
    eventually("queues to be consumed", consumes).await;
}

/// Waits until an endpoint is healthy.
pub async fn until_healthy(health: impl Fn() -> Result<(), String>) {
    eventually("health", async || health().ok()).await;
}

/// Waits until the broker accepts messages again.
pub async fn until_accepting(gateway: &GatewayEndpoint) {
    let blocked = || gateway.health().err().filter(|it| it.contains("out of memory or disk"));
    eventually("the broker to accept messages", async || blocked().is_none().then_some(())).await;
}

/// Waits until a gateway has noticed that it is disconnected.
pub async fn until_disconnected(gateway: &GatewayEndpoint) {
    let error = || gateway.health().err().filter(|it| it.contains("no connection"));
    eventually("the disconnection", async || error()).await;
}
