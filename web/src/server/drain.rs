//! Going away: people are told to move, what is under way is finished, and all of it within one deadline.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::compose::Site;

/// Until when connections are waited for, in percent of the whole. The core works on meanwhile, and has
/// the rest for what it began last.
const MOVED: u32 = 35;
/// Until when work is waited for: with the default, longer than one call to a store may take.
const FINISHED: u32 = 90;
/// What letting go of the store may take: it has written everything by then.
const RELEASE: u32 = 4;
/// What may be left to what is stuck.
const LINGER: u32 = 2;
const _: () = assert!(FINISHED + RELEASE + LINGER < 100, "nothing ends on the dot");

/// How long to wait at the very end for what is neither done nor given up.
#[must_use]
pub fn linger(within: Duration) -> Duration {
    percent(within, LINGER)
}

/// Has everybody move and everything finished, as far as there is time; `hurry` cuts that short.
pub(crate) async fn go_away(
    mut site: Site,
    all_moved: impl Future<Output = ()>,
    within: Duration,
    hurry: impl Future<Output = ()>,
) {
    let begun = Instant::now();
    tracing::info!(live = site.sessions(), "going away");
    tokio::select! {
        () = finish(&mut site, all_moved, begun, within) => {}
        () = hurry => {}
    }
    if timeout(percent(within, RELEASE), site.release()).await.is_err() {
        tracing::warn!("the store could not be closed in time");
    }
}

async fn finish(
    site: &mut Site,
    all_moved: impl Future<Output = ()>,
    begun: Instant,
    within: Duration,
) {
    let moving = async {
        site.drain().await;
        all_moved.await;
    };
    if timeout_at(begun + percent(within, MOVED), moving).await.is_err() {
        tracing::warn!("some connections had to be cut");
    }
    if timeout_at(begun + percent(within, FINISHED), site.finish()).await.is_err() {
        tracing::warn!("not everything under way could be finished");
    }
}

fn percent(whole: Duration, percent: u32) -> Duration {
    whole * percent / 100
}
