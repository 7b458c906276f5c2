//! What cannot be dealt with is set aside, with the reason, for a person to look at.

mod desk;

use std::sync::Arc;

use lapin::types::{AMQPValue, FieldTable, LongString};
use sockbit_application::ports::Clock;

use crate::publishing::{Parcel, Publisher, Verdict};
use crate::settings::Settings;

pub use desk::{Desk, DeskError, Letter};

/// The headers that tell where it was and why it is here.
const ORIGIN: &str = "x-sockbit-origin";
const REASON: &str = "x-sockbit-reason";
/// Longer, and the headers of a message would not fit a frame.
const REASON_BYTES_MAX: usize = 1_024;

/// Publishes to the exchange of dead letters.
#[derive(Clone)]
pub(crate) struct DeadLetters {
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    pub clock: Arc<dyn Clock>,
}

impl DeadLetters {
    /// Sets these bytes aside; when this returns well, the broker has them safely.
    pub async fn put(&self, body: Vec<u8>, origin: &str, reason: &str) -> Result<(), String> {
        let mut headers = FieldTable::default();
        let text = |text: &str| AMQPValue::LongString(LongString::from(text));
        headers.insert(REASON.into(), text(shortened(reason)));
        headers.insert(ORIGIN.into(), text(origin));
        let seconds = self.clock.now().0 / 1_000;
        let (exchange, key) = (self.settings.names.dead(), origin.to_owned());
        let parcel = Parcel::kept_by(exchange, key, "dead-letter", body).with(|it| {
            it.with_headers(headers).with_timestamp(u64::try_from(seconds).unwrap_or_default())
        });
        self.publisher.publish(vec![parcel]).await.into_iter().try_for_each(Verdict::taken)?;
        metrics::counter!("sockbit_bus_dead_letters_total").increment(1);
        Ok(())
    }
}

fn shortened(reason: &str) -> &str {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    reason.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(shortened("why"), "why");
        let long = "é".repeat(2_000);
        assert_eq!(shortened(&long).len(), REASON_BYTES_MAX);
        assert_eq!(shortened(&format!("x{long}")).len(), REASON_BYTES_MAX - 1);
    }
}
