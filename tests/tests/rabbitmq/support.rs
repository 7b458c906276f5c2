//! Ends with short names for what the tests do with them.

use std::sync::Arc;

use sockbit_application::envelope::CommandEnvelope;
use sockbit_application::ports::{Announcements, Announcer, Commands, Incoming, WorkQueue};
use sockbit_application::slot::Slot;
use sockbit_rabbitmq::{GatewayEndpoint, WorkerEndpoint};
use sockbit_tests::contracts::bus::GatewayPorts;
use sockbit_tests::contracts::bus::fixtures::{
    MANY, QUIET, announcement, command, number, take_commands, uuid, within_deadline,
};
use sockbit_tests::rabbitmq_namespace::gateway_ends;
use sockbit_tests::system::eventually;
use tokio::time::timeout;

pub fn ends(gateway: &Arc<GatewayEndpoint>) -> GatewayPorts {
    GatewayPorts { id: uuid(0x9a7e), ..gateway_ends(Arc::clone(gateway)) }
}

/// Commands with these numbers, each on a board of its own.
pub fn commands(
    gateway: &Arc<GatewayEndpoint>,
    numbers: std::ops::Range<u64>,
) -> Vec<CommandEnvelope> {
    let ends = ends(gateway);
    numbers.map(|n| command(&ends, n, n)).collect()
}

/// Sends as a gateway does: again and again, until it is taken.
pub async fn send_until_taken(gateway: &Arc<GatewayEndpoint>, batch: &[CommandEnvelope]) {
    eventually("a confirmation", async || gateway.send(batch.to_vec()).await.ok()).await;
}

pub async fn take_numbers(worker: &WorkerEndpoint, count: usize) -> Vec<u64> {
    let mut numbers: Vec<_> = take_commands(worker, count).await.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Takes until a command with this number comes, and acknowledges what it can.
pub async fn take_until(worker: &WorkerEndpoint, wanted: u64) {
    loop {
        let taken =
            within_deadline("a delivery", worker.take(MANY)).await.expect("the bus is open");
        worker.acknowledge(taken.iter().map(|it| it.tag).collect()).await.ok();
        if taken.iter().flat_map(|it| &it.commands).any(|it| number(it) == wanted) {
            return;
        }
    }
}

/// Announces until a gateway subscribe it: while bindings are made anew, it may pass by.
pub async fn assert_hears(
    gateway: &GatewayEndpoint,
    worker: &WorkerEndpoint,
    slot: u8,
    wanted: u64,
) {
    let is_wanted = |news: &Incoming| {
        matches!(news, Incoming::Announcement(it)
            if it.slot == Slot(slot) && it.events.iter().any(|it| it.event.seq.0 == wanted))
    };
    eventually("an announcement", async || {
        worker.announce(vec![announcement(slot, wanted)]).await.ok()?;
        let hearing = async { while !is_wanted(&gateway.next().await.expect("it is open")) {} };
        timeout(QUIET, hearing).await.ok()
    })
    .await;
}

pub async fn assert_is_interrupted(gateway: &GatewayEndpoint) {
    loop {
        if let Incoming::Interrupted =
            within_deadline("news", gateway.next()).await.expect("the bus is open")
        {
            return;
        }
    }
}

/// Waits until a worker holds so many queues.
pub async fn until_held(worker: &WorkerEndpoint, count: usize) {
    let holds = async || (worker.consumed_queues().len() == count).then_some(());
    eventually("queues to be held", holds).await;
}

/// Waits until an end can serve.
pub async fn until_well(health: impl Fn() -> Result<(), String>) {
    eventually("health", async || health().ok()).await;
}

/// Waits until the broker takes something again.
pub async fn until_taking(gateway: &GatewayEndpoint) {
    let takes = || gateway.health().err().filter(|it| it.contains("out of memory or disk"));
    eventually("the broker to take something", async || takes().is_none().then_some(())).await;
}

/// Waits until a gateway knows that the broker is away.
pub async fn until_away(gateway: &GatewayEndpoint) {
    let is_away = || gateway.health().err().filter(|it| it.contains("no connection"));
    eventually("the broker to be missed", async || is_away()).await;
}
