//! The clock and the dice of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use sockbit_application::ports::{Clock, Ids};
use sockbit_domain::Timestamp;
use uuid::Uuid;

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Random identifiers, which nobody can guess.
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is where identifiers come from")]
    fn mint(&self) -> Uuid {
        Uuid::new_v4()
    }
}
