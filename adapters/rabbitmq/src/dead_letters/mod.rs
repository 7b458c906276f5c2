//! What cannot be dealt with is set aside, with the reason, for a person to look at.

mod admin;

use std::sync::Arc;

use lapin::types::{AMQPValue, FieldTable, LongString};
use sockbit_application::ports::Clock;

use crate::publisher::{OutgoingMessage, Publisher};
use crate::settings::Settings;

pub use admin::{DeadLetter, DeadLetterAdmin, DeadLetterAdminError};

/// The headers that tell where it was and why it is here.
const ORIGIN: &str = "x-sockbit-origin";
const REASON: &str = "x-sockbit-reason";
/// The header that tells which outcome its command has, under its id. Where it is not, nobody knows.
const OUTCOME: &str = "x-sockbit-outcome";
const INTERNAL: &str = "internal";
/// Longer, and the headers of a message would not fit a frame.
const REASON_BYTES_MAX: usize = 1_024;

/// Publishes to the exchange of dead letters.
#[derive(Clone)]
pub(crate) struct DeadLetterPublisher {
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    pub clock: Arc<dyn Clock>,
}

impl DeadLetterPublisher {
    /// Sets aside what cannot be read; when this returns well, the broker has it safely.
    pub async fn put(&self, body: Vec<u8>, origin: &str, reason: &str) -> Result<(), String> {
        self.put_with(FieldTable::default(), body, origin, reason).await
    }

    /// Sets aside a command on which deciding failed, which is its outcome.
    pub async fn put_failed(
        &self,
        body: Vec<u8>,
        origin: &str,
        reason: &str,
    ) -> Result<(), String> {
        let mut headers = FieldTable::default();
        headers.insert(OUTCOME.into(), text(INTERNAL));
        self.put_with(headers, body, origin, reason).await
    }

    async fn put_with(
        &self,
        mut headers: FieldTable,
        body: Vec<u8>,
        origin: &str,
        reason: &str,
    ) -> Result<(), String> {
        headers.insert(REASON.into(), text(shortened(reason)));
        headers.insert(ORIGIN.into(), text(origin));
        let seconds = self.clock.now().0 / 1_000;
        let (exchange, key) = (self.settings.names.dead(), origin.to_owned());
        let parcel = OutgoingMessage::kept_by(exchange, key, "dead-letter", body).with(|it| {
            it.with_headers(headers).with_timestamp(u64::try_from(seconds).unwrap_or_default())
        });
        self.publisher.set_aside(parcel).await.taken()?;
        metrics::counter!("sockbit_bus_dead_letters_total").increment(1);
        Ok(())
    }
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
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
