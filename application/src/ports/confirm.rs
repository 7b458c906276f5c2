//! The result of publishing, which follows later.

use futures::future::{BoxFuture, ready};

/// Waits until the bus has confirmed what was published, or has failed to. Dropping it takes back
/// nothing.
pub type Confirm<E> = BoxFuture<'static, Result<(), E>>;

/// A confirm whose result is known already.
#[must_use]
pub fn ready_confirm<E: Send + 'static>(result: Result<(), E>) -> Confirm<E> {
    Box::pin(ready(result))
}
