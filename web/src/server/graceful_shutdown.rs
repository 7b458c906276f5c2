//! Graceful shutdown within one deadline: drain connections, finish work, close the store.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::composition::RunningApp;

/// When to stop waiting for connections to close, in percent of the deadline. The rest is for the
/// core to finish its work in progress.
const DRAINED_BY: u32 = 35;
/// When to stop waiting for work. With the default deadline this is longer than the timeout of a
/// store call.
const FINISHED_BY: u32 = 90;
/// How long closing the store may take. Everything is committed by then.
const CLOSE: u32 = 4;
/// How long the runtime may wait for blocked threads.
const ABORT: u32 = 2;
const _: () = assert!(FINISHED_BY + CLOSE + ABORT < 100, "leaves a margin");

/// How long to wait at the very end for blocked threads.
#[must_use]
pub fn abort_timeout(within: Duration) -> Duration {
    percent(within, ABORT)
}

/// Drains connections and finishes work as far as the deadline allows. `hurry` skips the wait.
pub(crate) async fn shut_down(
    mut running: RunningApp,
    all_closed: impl Future<Output = ()>,
    within: Duration,
    hurry: impl Future<Output = ()>,
) {
    let started_at = Instant::now();
    tracing::info!(live = running.sessions(), "shutting down");
    tokio::select! {
        () = finish(&mut running, all_closed, started_at, within) => {}
        () = hurry => {}
    }
    if timeout(percent(within, CLOSE), running.close()).await.is_err() {
        tracing::warn!("the store could not be closed in time");
    }
}

async fn finish(
    running: &mut RunningApp,
    all_closed: impl Future<Output = ()>,
    started_at: Instant,
    within: Duration,
) {
    let draining = async {
        running.drain().await;
        all_closed.await;
    };
    if timeout_at(started_at + percent(within, DRAINED_BY), draining).await.is_err() {
        tracing::warn!("some connections were closed before they were drained");
    }
    if timeout_at(started_at + percent(within, FINISHED_BY), running.finish()).await.is_err() {
        tracing::warn!("some work in progress was aborted");
    }
}

fn percent(whole: Duration, percent: u32) -> Duration {
    whole * percent / 100
}
