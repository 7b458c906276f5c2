//! Waiting for what is to come, but not for ever.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until there is an answer; panics with `what` where none comes in time.
pub async fn eventually<T, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    within(PATIENCE, what, ask).await
}

/// Like [`eventually`], with a deadline of one's own.
pub async fn within<T, F>(patience: Duration, what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + patience;
    loop {
        match timeout(patience, ask()).await {
            Ok(Some(answer)) => return answer,
            Ok(None) if Instant::now() < end => sleep(Duration::from_millis(25)).await,
            _ => panic!("not in time: {what}"),
        }
    }
}
