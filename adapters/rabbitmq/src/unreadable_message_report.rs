//! Reports messages that cannot be read.

use lapin::message::Delivery;
use sockbit_application::bus_message_signing::VerificationError;

/// Counts and logs a message that is discarded because it cannot be read.
pub(crate) fn report_unreadable(delivery: &Delivery, error: &VerificationError) {
    let message_type = delivery.properties.kind().as_ref().map_or("", |it| it.as_str());
    metrics::counter!("sockbit_bus_unreadable_total").increment(1);
    tracing::warn!(%error, message_type, "a bus message cannot be read");
}
