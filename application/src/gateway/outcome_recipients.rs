//! The recipients of outcomes: sessions, and callers that wait for a single outcome.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sockbit_domain::Outcome;
use sockbit_domain::wire::ServerMessage;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::outgoing_queue::OutgoingQueue;
use super::server_message_encoding::{AGAIN_AFTER, again, encode};
use crate::bus_messages::{Address, OutcomeEnvelope};
use crate::mutex::locked;

/// Delivers outcomes to the senders at this gateway.
pub(super) struct OutcomeRecipients {
    gateway: Uuid,
    next_number: AtomicU64,
    recipients: Mutex<BTreeMap<u64, Recipient>>,
}

enum Recipient {
    Session(Arc<OutgoingQueue>),
    Caller(oneshot::Sender<Option<Outcome>>),
}

/// A caller that waits for the outcome of one command. Dropping it unregisters the caller.
pub(super) struct PendingOutcome<'a> {
    recipients: &'a OutcomeRecipients,
    number: u64,
    outcome: oneshot::Receiver<Option<Outcome>>,
}

impl OutcomeRecipients {
    pub fn new(gateway: Uuid) -> Self {
        Self { gateway, next_number: AtomicU64::new(1), recipients: Mutex::default() }
    }

    /// Registers a session and returns its number.
    pub fn add_session(&self, outgoing: Arc<OutgoingQueue>) -> u64 {
        self.add(Recipient::Session(outgoing))
    }

    /// Registers a caller that waits for one outcome.
    pub fn add_caller(&self) -> PendingOutcome<'_> {
        let (sender, outcome) = oneshot::channel();
        let number = self.add(Recipient::Caller(sender));
        PendingOutcome { recipients: self, number, outcome }
    }

    fn add(&self, recipient: Recipient) -> u64 {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        locked(&self.recipients).insert(number, recipient);
        number
    }

    pub fn remove(&self, number: u64) {
        locked(&self.recipients).remove(&number);
    }

    /// The address to which the core sends the outcomes of this recipient.
    pub fn address(&self, number: u64) -> Address {
        Address::new(self.gateway, number)
    }

    /// All registered sessions by number.
    pub fn sessions(&self) -> Vec<(u64, Arc<OutgoingQueue>)> {
        let session = |(number, recipient): (&u64, &Recipient)| match recipient {
            Recipient::Session(outgoing) => Some((*number, Arc::clone(outgoing))),
            Recipient::Caller(_) => None,
        };
        locked(&self.recipients).iter().filter_map(session).collect()
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        locked(&self.recipients).is_empty()
    }

    /// Delivers each outcome to its recipient, unless that is gone or at another gateway.
    pub fn deliver(&self, outcomes: Vec<OutcomeEnvelope>) {
        for envelope in outcomes {
            count(envelope.outcome.as_ref());
            tracing::debug!(
                trace = %envelope.trace, board = %envelope.board, id = %envelope.message,
                outcome = ?envelope.outcome, "outcome"
            );
            if envelope.to.gateway == self.gateway {
                self.deliver_one(envelope);
            }
        }
    }

    fn deliver_one(&self, envelope: OutcomeEnvelope) {
        let mut recipients = locked(&self.recipients);
        let number = envelope.to.session;
        if let Some(Recipient::Session(outgoing)) = recipients.get(&number) {
            outgoing.push(encode(&message(envelope)));
        } else if let Some(Recipient::Caller(caller)) = recipients.remove(&number) {
            // The caller may have timed out. The outcome is stored and returned on a repeat.
            caller.send(envelope.outcome).ok();
        }
    }
}

impl PendingOutcome<'_> {
    /// The address to which the core sends the outcome.
    pub fn address(&self) -> Address {
        self.recipients.address(self.number)
    }

    /// Waits for the outcome; `None` if the command was not accepted.
    pub async fn outcome(&mut self) -> Option<Outcome> {
        (&mut self.outcome).await.ok().flatten()
    }
}

impl Drop for PendingOutcome<'_> {
    fn drop(&mut self) {
        self.recipients.remove(self.number);
    }
}

fn message(envelope: OutcomeEnvelope) -> ServerMessage {
    let OutcomeEnvelope { board, message: id, .. } = envelope;
    match envelope.outcome {
        Some(outcome) => ServerMessage::Outcome { id, board, outcome },
        None => again(Some(id), None, AGAIN_AFTER),
    }
}

fn count(outcome: Option<&Outcome>) {
    let result = match outcome {
        Some(Outcome::Saved { .. }) => "saved",
        Some(Outcome::Unchanged { .. }) => "unchanged",
        Some(Outcome::Rejected(_)) => "rejected",
        None => "again",
    };
    metrics::counter!("sockbit_outcomes_total", "result" => result).increment(1);
}
