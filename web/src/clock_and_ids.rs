//! The system clock and random ids, which implement the ports `Clock` and `Ids`.

use std::time::{SystemTime, UNIX_EPOCH};

use sockbit_application::ports::{Clock, Ids};
use sockbit_domain::Timestamp;
use uuid::Uuid;

/// The wall clock of this machine.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "all other code reads the clock through this")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Random ids (UUID version 4) from the operating system's secure generator.
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "all other code mints ids through this")]
    fn mint(&self) -> Uuid {
        Uuid::new_v4()
    }
}
