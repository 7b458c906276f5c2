//! Publishes to the dead-letter exchange.

use std::sync::Arc;

use lapin::types::{AMQPValue, FieldTable, LongString};
use sockbit_application::ports::Clock;

use super::headers::{INTERNAL_OUTCOME, ORIGIN, OUTCOME, REASON};
use crate::outgoing_message::OutgoingMessage;
use crate::publisher::Publisher;
use crate::settings::Settings;

/// The headers of a message must fit into one AMQP frame.
const REASON_BYTES_MAX: usize = 1_024;

#[derive(Clone)]
pub(crate) struct DeadLetterPublisher {
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    pub clock: Arc<dyn Clock>,
}

impl DeadLetterPublisher {
    /// Dead-letters a message that cannot be read. It is done once the broker has confirmed it.
    pub async fn publish_unreadable(
        &self,
        body: Vec<u8>,
        origin: &str,
        reason: &str,
    ) -> Result<(), String> {
        self.publish(FieldTable::default(), body, origin, reason).await
    }

    /// Dead-letters a command on which deciding failed. That failure is its outcome.
    pub async fn publish_failed(
        &self,
        body: Vec<u8>,
        origin: &str,
        reason: &str,
    ) -> Result<(), String> {
        let mut headers = FieldTable::default();
        headers.insert(OUTCOME.into(), text(INTERNAL_OUTCOME));
        self.publish(headers, body, origin, reason).await
    }

    async fn publish(
        &self,
        mut headers: FieldTable,
        body: Vec<u8>,
        origin: &str,
        reason: &str,
    ) -> Result<(), String> {
        headers.insert(REASON.into(), text(truncated(reason)));
        headers.insert(ORIGIN.into(), text(origin));
        let seconds = u64::try_from(self.clock.now().0 / 1_000).unwrap_or_default();
        let (exchange, key) = (self.settings.names.dead_letter_exchange(), origin.to_owned());
        let message = OutgoingMessage::persistent(exchange, key, "dead-letter", body)
            .with_properties(|it| it.with_headers(headers).with_timestamp(seconds));
        self.publisher.publish_dead_letter(message).await.into_result()?;
        metrics::counter!("sockbit_bus_dead_letters_total").increment(1);
        Ok(())
    }
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
}

fn truncated(reason: &str) -> &str {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    reason.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_truncated_between_characters() {
        assert_eq!(truncated("why"), "why");
        let long = "é".repeat(2_000);
        assert_eq!(truncated(&long).len(), REASON_BYTES_MAX);
        assert_eq!(truncated(&format!("x{long}")).len(), REASON_BYTES_MAX - 1);
    }
}
