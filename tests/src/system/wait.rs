//! Waiting for what is to come, but not for ever.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until there is an answer; panics with `what` where none comes in time.
pub async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, ask).await
}

/// Like [`eventually`], with a deadline of one's own.
pub async fn within<T>(
    patience: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let end = Instant::now() + patience;
    loop {
        match timeout(patience, ask()).await {
            Ok(Some(answer)) => return answer,
            Ok(None) if Instant::now() < end => sleep(Duration::from_millis(25)).await,
            _ => panic!("not in time: {what}"),
        }
    }
}
