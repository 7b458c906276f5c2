//! Publishes batches of commands to the work queues.

use std::collections::BTreeMap;
use std::sync::Arc;

use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::byte_batches::split_by_bytes;
use sockbit_application::ports::{Confirm, SendError, ready_confirm};
use sockbit_application::slot::Slot;

use super::queue_circuit_breaker::QueueCircuitBreaker;
use crate::names::work_queue_of;
use crate::outgoing_message::{OutgoingMessage, PublishResult};
use crate::publish_pipeline::Preparation;
use crate::publisher::Publisher;
use crate::settings::Settings;

/// The broker accepts larger messages, but a worker prefetches many.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// About the size of a command without its body.
const ENVELOPE_BYTES: usize = 512;

pub(super) struct CommandPublisher {
    settings: Arc<Settings>,
    publisher: Publisher,
    circuit_breaker: Arc<QueueCircuitBreaker>,
}

impl CommandPublisher {
    pub fn new(settings: Arc<Settings>, publisher: Publisher) -> Self {
        Self { settings, publisher, circuit_breaker: Arc::default() }
    }

    /// Publishes a batch after this preparation. It is confirmed once all its queues have
    /// confirmed.
    pub fn publish(
        &self,
        preparation: Preparation,
        batch: &[CommandEnvelope],
    ) -> Confirm<SendError> {
        let messages = match self.messages(batch) {
            Ok(messages) => messages,
            Err(reason) => return ready_confirm(Err(SendError::Refused(reason))),
        };
        let (messages, blocked) = self.circuit_breaker.partition(messages);
        let (queues, messages): (Vec<u16>, Vec<OutgoingMessage>) = messages.into_iter().unzip();
        let refused: Vec<_> = blocked.iter().map(|(queue, _)| self.refused(*queue)).collect();
        let results = self.publisher.publish_after(preparation, messages);
        let circuit_breaker = Arc::clone(&self.circuit_breaker);
        Box::pin(async move {
            let mut results = results.await;
            circuit_breaker.record(&queues, &results);
            results.extend(refused);
            send_result(results)
        })
    }

    fn refused(&self, queue: u16) -> PublishResult {
        let name = self.settings.names.work(queue);
        PublishResult::Refused(format!("{name} does not confirm messages"))
    }

    /// The batch as bus messages, each with the number of its queue, in order for each queue.
    fn messages(&self, batch: &[CommandEnvelope]) -> Result<Vec<(u16, OutgoingMessage)>, String> {
        let mut queues: BTreeMap<u16, Vec<&CommandEnvelope>> = BTreeMap::new();
        for command in batch {
            let queue = work_queue_of(Slot::of(command.board), self.settings.work_queues);
            queues.entry(queue).or_default().push(command);
        }
        let mut messages = Vec::new();
        for (queue, commands) in queues {
            let bytes = |command: &&CommandEnvelope| command.body.get().len() + ENVELOPE_BYTES;
            for commands in split_by_bytes(commands, MESSAGE_BYTES_MAX, bytes) {
                let kind = MessageKind::Commands;
                let body = self.settings.sign(kind, &commands)?;
                let name = self.settings.names.work(queue);
                messages
                    .push((queue, OutgoingMessage::persistent_to_queue(name, kind.name(), body)));
            }
        }
        Ok(messages)
    }
}

/// The result for a batch that was published to several queues. It is refused only if no queue has
/// any part of it.
fn send_result(results: Vec<PublishResult>) -> Result<(), SendError> {
    let is_any_confirmed = results.contains(&PublishResult::Confirmed);
    let mut refused = None;
    for result in results {
        match result {
            PublishResult::Confirmed => {}
            PublishResult::Refused(reason) | PublishResult::Unroutable(reason) => {
                refused = Some(reason);
            }
            PublishResult::Unknown(reason) | PublishResult::QueueUnresponsive(reason) => {
                return Err(SendError::Unknown(reason));
            }
        }
    }
    match refused {
        None => Ok(()),
        Some(reason) if is_any_confirmed => {
            Err(SendError::Unknown(format!("a part was refused: {reason}")))
        }
        Some(reason) => Err(SendError::Refused(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_refused_only_if_no_queue_has_any_part_of_it() {
        let confirmed = PublishResult::Confirmed;
        let refused = PublishResult::Refused("full".to_owned());
        let unknown = PublishResult::Unknown("late".to_owned());
        let unresponsive = PublishResult::QueueUnresponsive("late".to_owned());
        let result =
            |results: &[&PublishResult]| send_result(results.iter().copied().cloned().collect());
        assert_eq!(result(&[]), Ok(()));
        assert_eq!(result(&[&confirmed, &confirmed]), Ok(()));
        assert_eq!(result(&[&refused, &refused]), Err(SendError::Refused("full".to_owned())));
        assert!(matches!(result(&[&confirmed, &refused]), Err(SendError::Unknown(_))));
        assert!(matches!(result(&[&refused, &confirmed]), Err(SendError::Unknown(_))));
        assert!(matches!(result(&[&confirmed, &unknown]), Err(SendError::Unknown(_))));
        assert!(matches!(result(&[&refused, &unknown]), Err(SendError::Unknown(_))));
        assert!(matches!(result(&[&unresponsive]), Err(SendError::Unknown(_))));
    }
}
