//! Polling a condition with a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// Polls until there is a result; panics with `what` after a minute.
pub async fn eventually<T>(what: &str, poll: impl AsyncFnMut() -> Option<T>) -> T {
    within(DEFAULT_TIMEOUT, what, poll).await
}

/// Like [`eventually`], with its own time-out.
pub async fn within<T>(
    time_limit: Duration,
    what: &str,
    mut poll: impl AsyncFnMut() -> Option<T>,
) -> T {
    let end = Instant::now() + time_limit;
    loop {
        match timeout(time_limit, poll()).await {
            Ok(Some(result)) => return result,
            Ok(None) if Instant::now() < end => sleep(Duration::from_millis(25)).await,
            _ => panic!("not in time: {what}"),
        }
    }
}
